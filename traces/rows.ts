import { HOUR_S, type Seconds, type UsdPerHour } from "../policies/contract/units.ts";
import { type MarketSeries, stretch, TraceError } from "./columns.ts";
import type { TraceMarket } from "./trace-table.ts";

/** What one file says of one market, in the file's order. */
export interface Pull {
  readonly market: TraceMarket;
  readonly kind: "price" | "capacity";
  /** Seconds since 1970 in UTC; since the first sample where the source has no stamps. */
  readonly timesS: number[];
  readonly values: number[];
  readonly stamped: boolean;
  /** Between samples, the last of which stands for as long; 0 where each row is a change at its exact time. */
  readonly gapS: Seconds;
}

/** What merging pulls came to, for the import report. */
export interface Merged {
  readonly series: readonly MarketSeries[];
  /** Per series: its first and last row, in seconds from the table's start. */
  readonly spans: readonly { readonly fromS: Seconds; readonly toS: Seconds }[];
  /** Undefined where the source has no stamps. */
  readonly startS: Seconds | undefined;
  readonly endS: Seconds;
  readonly collapsed: number;
  readonly merged: number;
  /** Market, both values and instant of each. */
  readonly contradictions: readonly string[];
  readonly dropped: readonly { readonly why: string; readonly rows: number }[];
  readonly warnings: readonly string[];
}

/** More of a pull's rows than this contradicting one another means that two pools share a name. Our choice. */
const CONTRADICTION_SHARE_MAX = 0.01;
/** AWS repeats an unchanged price about daily; a market silent for longer may have been cut off. Our choice. */
const SILENT_S = 48 * HOUR_S;

/**
 * One step function a market and kind, from pulls that may overlap, repeat and come newest first: sorted, equal rows merged,
 * equal neighbours collapsed. Where rows contradict one another the newest pull wins (the one whose newest stamp is latest,
 * then the later one given); in one pull the last row in time order, in file order among equals.
 *
 * The table starts when every market has its first value. It ends with the last row, since a price stands until it changes;
 * where markets were sampled, when the first of them is no longer watched. `usdPerHour` prices markets that have no series.
 * @throws TraceError when more than 1 % of a pull contradicts, when markets have no time in common or no price, and for
 * sources with and without stamps together.
 */
export function mergePulls(pulls: readonly Pull[], usdPerHour?: UsdPerHour): Merged {
  const named = new Map<string, Pull[]>();
  for (const pull of pulls) {
    if (pull.timesS.length === 0) continue;
    const key = `${marketKey(pull.market)}|${pull.kind}`;
    const same = named.get(key);
    if (same === undefined) named.set(key, [pull]);
    else same.push(pull);
  }
  if (named.size === 0) {
    throw new TraceError("no rows at all: every list is empty; check the query's type, zone, product and times");
  }
  const stamped = oneCalendar([...named.values()].flat());
  const counts: Counts = { collapsed: 0, merged: 0, contradictions: [] };
  const steps = new Map([...named].map(([key, same]) => [key, mergeOne(key, same, counts)]));
  const { startS, endS, last, shortest } = commonSpan(steps);
  const dropped = { early: 0, late: 0 };
  // A change at the very end is kept: it is a fact, and the price from there on.
  const cut = ({ timesS, values }: Step) => {
    const past = timesS.findIndex((timeS) => timeS > endS);
    const length = past === -1 ? timesS.length : past;
    const inside = stretch({ timesS: timesS.slice(0, length), values }, startS, Infinity);
    dropped.early += length - inside.timesS.length;
    dropped.late += timesS.length - length;
    return inside;
  };
  const markets = new Map([...named.values()].map(([pull]) => [marketKey(pull!.market), pull!.market]));
  const silent: string[] = [];
  const spans: { fromS: Seconds; toS: Seconds }[] = [];
  const series = [...markets].map(([key, market]): MarketSeries => {
    const price = steps.get(`${key}|price`);
    const capacity = steps.get(`${key}|capacity`);
    if (price === undefined && usdPerHour === undefined) {
      throw new TraceError(
        `${key}: there is capacity but no price; name the file with its prices too, or state a constant one: usdPerHour`,
      );
    }
    const both = [price, capacity].filter((each) => each !== undefined);
    const toS = Math.max(...both.map(({ lastS }) => lastS)) - startS;
    spans.push({ fromS: Math.min(...both.map(({ firstS }) => firstS)) - startS, toS });
    if (endS - startS - toS > SILENT_S) silent.push(`${key} for ${Math.round((endS - startS - toS) / HOUR_S)} h`);
    const prices = price ? cut(price) : { timesS: [0], values: [usdPerHour!] };
    const obtainable = capacity && cut(capacity);
    return {
      market,
      price: { timesS: prices.timesS, usdPerHour: prices.values },
      ...(obtainable && { capacity: { timesS: obtainable.timesS, counts: obtainable.values } }),
      depth: capacity
        ? { kind: "observed", instances: capacity.values.reduce((most, each) => Math.max(most, each), 0) }
        : { kind: "unlimited", instances: 0 },
      gapS: Math.max(...both.map(({ gapS }) => gapS)),
    };
  });
  return {
    series,
    spans,
    startS: stamped ? startS : undefined,
    endS: endS - startS,
    collapsed: counts.collapsed,
    merged: counts.merged,
    contradictions: counts.contradictions,
    dropped: [
      { why: `before every market has a value (${last} is the last)`, rows: dropped.early },
      { why: `after ${shortest} is no longer watched`, rows: dropped.late },
    ].filter(({ rows }) => rows > 0),
    warnings: [
      ...(silent.length === 0
        ? []
        : [`no row until the end, the last price is held: ${silent.join(", ")}; is a pull missing?`]),
      ...(stamped || markets.size === 1
        ? []
        : [
            "markets without stamps are laid side by side from their first samples; nothing says that they began together",
          ]),
    ],
  };
}

export const marketKey = (market: TraceMarket): string => `${market.instanceType} ${market.zone}`;

interface Counts {
  collapsed: number;
  merged: number;
  readonly contradictions: string[];
}

/** Steps of one market and kind, and where its rows began and ended before equal neighbours were collapsed. */
interface Step {
  readonly timesS: readonly number[];
  readonly values: readonly number[];
  readonly firstS: Seconds;
  readonly lastS: Seconds;
  readonly gapS: Seconds;
}

function oneCalendar(pulls: readonly Pull[]): boolean {
  const without = pulls.find((pull) => !pull.stamped);
  const stamped = pulls.find((pull) => pull.stamped);
  if (without === undefined || stamped === undefined) return without === undefined;
  throw new TraceError(
    `${marketKey(without.market)} has no time stamps and ${marketKey(stamped.market)} has; import them apart, nothing says how they lie to one another`,
  );
}

/** From the last first row to the first end of sampling, or to the last row where nothing was sampled. */
function commonSpan(steps: ReadonlyMap<string, Step>) {
  const name = (key: string) => key.slice(0, key.lastIndexOf("|"));
  const all = [...steps];
  const [last, { firstS: startS }] = all.reduce((a, b) => (b[1].firstS > a[1].firstS ? b : a));
  const endOf = ({ lastS, gapS }: Step) => lastS + gapS;
  const sampled = all.filter(([, { gapS }]) => gapS > 0);
  const [shortest, end] =
    sampled.length > 0
      ? sampled.reduce((a, b) => (endOf(b[1]) < endOf(a[1]) ? b : a))
      : all.reduce((a, b) => (endOf(b[1]) > endOf(a[1]) ? b : a));
  const endS = endOf(end);
  if (endS > startS) return { startS, endS, last: name(last), shortest: name(shortest) };
  throw new TraceError(
    last === shortest
      ? `${name(last)}: all rows are of one instant, a trace needs a beginning and an end; pull a longer time`
      : `no time in common: ${name(last)} begins when ${name(shortest)} is over; import them apart`,
  );
}

function mergeOne(key: string, pulls: readonly Pull[], counts: Counts): Step {
  const newest = (pull: Pull) => pull.timesS.reduce((most, each) => Math.max(most, each), -Infinity);
  const inOrder = [...pulls].sort((a, b) => newest(a) - newest(b)); // stable: the later given among equals stays later
  const chosen = new Map<number, number>();
  for (const { timesS, values } of inOrder) {
    const newestFirst = timesS[0]! > timesS.at(-1)!;
    const contradicted: string[] = [];
    for (let n = 0; n < timesS.length; n++) {
      const i = newestFirst ? timesS.length - 1 - n : n;
      const before = chosen.get(timesS[i]!);
      chosen.set(timesS[i]!, values[i]!);
      if (before === undefined) continue;
      if (before === values[i]) {
        counts.merged++;
        continue;
      }
      const clash = `${before} and ${values[i]} at ${iso(timesS[i]!)}`;
      contradicted.push(clash);
      counts.contradictions.push(`${key.replace("|", ": ")} ${clash}`);
      if (contradicted.length > Math.max(1, timesS.length * CONTRADICTION_SHARE_MAX)) {
        throw new TraceError(
          `${key.replace("|", ": ")}: ${contradicted.slice(0, 2).join(", ")}, and so in more than 1 % of a pull's rows: two pools share this name (product, or zone name of another account); import them apart`,
        );
      }
    }
  }
  const timesS: number[] = [];
  const values: number[] = [];
  const sorted = [...chosen].sort((a, b) => a[0] - b[0]);
  for (const [timeS, value] of sorted) {
    if (values.at(-1) === value) {
      counts.collapsed++;
      continue;
    }
    timesS.push(timeS);
    values.push(value);
  }
  const gapS = Math.max(...pulls.map((pull) => pull.gapS));
  return { timesS, values, firstS: sorted[0]![0], lastS: sorted.at(-1)![0], gapS };
}

/** Seconds since 1970 as a UTC stamp. */
export const iso = (timeS: Seconds): string => new Date(timeS * 1000).toISOString();
