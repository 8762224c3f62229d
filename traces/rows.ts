import { HOUR_S, type Seconds, type UsdPerHour } from "../policies/contract/units.ts";
import { type MarketSeries, stretch, TraceError } from "./columns.ts";
import { stated } from "./formats/stated.ts";
import { medianGapS } from "./formats/values.ts";
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
  /** How many have joined so far, where the source counts what comes and goes: a count that stays may hide a swap. */
  readonly joined?: number[]; // [row]
  /** A source that repeats an unchanged value has a gap where it is silent for longer. */
  readonly silentS?: Seconds;
}

/** What stands where the source was not looking. A price is held in any case. */
export type GapRule = "hold" | "unavailable" | "fail";

export interface MergeOptions {
  /** Prices markets that have no series. */
  readonly usdPerHour?: UsdPerHour | undefined;
  readonly gap?: GapRule | undefined;
}

/** What merging pulls came to, for the import report. */
export interface Merged extends Counts {
  readonly series: readonly MarketSeries[];
  /** Per series: its first and last row, in seconds from the table's start. */
  readonly spans: readonly { readonly fromS: Seconds; readonly toS: Seconds }[];
  /** Undefined where the source has no stamps. */
  readonly startS: Seconds | undefined;
  readonly endS: Seconds;
  readonly dropped: readonly { readonly why: string; readonly rows: number }[];
  readonly warnings: readonly string[];
}

/** What became of rows, over all markets. */
export interface Counts {
  collapsed: number;
  merged: number;
  contradicted: number;
  /** Market, both values and instant of the first of those. */
  readonly clashes: string[];
  gaps: number;
  /** Market, beginning and length of the first of those. */
  readonly gapsAt: string[];
  /** Where the stamps disagree with the cadence that the source declares. */
  readonly cadences: Set<string>;
}

export const noCounts = (): Counts => ({
  collapsed: 0,
  merged: 0,
  contradicted: 0,
  clashes: [],
  gaps: 0,
  gapsAt: [],
  cadences: new Set(),
});

/** More of a pull's rows than this contradicting one another means that two pools share a name. Our choice. */
const CONTRADICTION_SHARE_MAX = 0.01;
/** AWS repeats an unchanged price about daily; a market silent for longer may have been cut off. Our choice. */
export const SILENT_S = 48 * HOUR_S;
/** Probes come a little late now and then; one that is later than this was left out. Our choice. */
const LATE_GAPS = 2;
/** A declared cadence is wrong beyond this share of it. Our choice. */
const CADENCE_SLACK = 0.1;
/** Of each kind a report names so many. */
const NAMED_MAX = 100;

/**
 * One step function a market and kind, from pulls that may overlap, repeat and come newest first: sorted, equal rows merged,
 * equal neighbours collapsed. Where rows contradict one another the newest pull wins (the one whose newest stamp is latest,
 * then the later one given); in one pull the last row in time order, in file order among equals.
 *
 * The table starts when every market has its first value. It ends with the last row, since a price stands until it changes;
 * where markets were sampled, when the first of them is no longer watched. Capacity without a product is that of each product.
 * @throws TraceError when more than 1 % of a pull contradicts, when markets have no time in common or no price, for sources
 * with and without stamps together, and for a gap where the rule is to fail.
 */
export function mergePulls(pulls: readonly Pull[], { usdPerHour, gap = "hold" }: MergeOptions = {}): Merged {
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
  const all = [...named.values()].flat();
  const stamped = oneCalendar(all);
  const nameOf = marketNames(all.map(({ market }) => market));
  const counts = noCounts();
  const steps = new Map(
    [...named].map(([key, same]) => [key, mergeOne(`${nameOf(same[0]!.market)}: ${same[0]!.kind}`, same, counts, gap)]),
  );
  const { startS, endS, last, shortest } = commonSpan(
    [...named].map(([key, [first]]) => [nameOf(first!.market), steps.get(key)!]),
  );
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
  const silent: string[] = [];
  const spans: { fromS: Seconds; toS: Seconds }[] = [];
  const markets = marketsOf(all);
  const series = markets.map((market): MarketSeries => {
    const price = steps.get(`${marketKey(market)}|price`);
    const capacity = steps.get(`${marketKey(market)}|capacity`) ?? steps.get(`${marketName(market)}|capacity`);
    if (price === undefined && usdPerHour === undefined) {
      throw new TraceError(
        `${nameOf(market)}: there is capacity but no price; name the file with its prices too, or state a constant one: ${stated("usdPerHour", "USD")}`,
      );
    }
    const both = [price, capacity].filter((each) => each !== undefined);
    const toS = Math.max(...both.map(({ lastS }) => lastS)) - startS;
    spans.push({ fromS: Math.min(...both.map(({ firstS }) => firstS)) - startS, toS });
    if (endS - startS - toS > SILENT_S)
      silent.push(`${nameOf(market)} for ${Math.round((endS - startS - toS) / HOUR_S)} h`);
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
    ...counts,
    series,
    spans,
    startS: stamped ? startS : undefined,
    endS: endS - startS,
    dropped: [
      { why: `before every market has a value (${last} is the last)`, rows: dropped.early },
      { why: `after ${shortest} is no longer watched`, rows: dropped.late },
    ].filter(({ rows }) => rows > 0),
    warnings: [
      ...(silent.length === 0
        ? []
        : [`no row until the end, the last price is held: ${silent.join(", ")}; is a pull missing?`]),
      ...(stamped || markets.length === 1
        ? []
        : [
            "markets without stamps are laid side by side from their first samples; nothing says that they began together",
          ]),
      ...warningsOf(counts, gap),
    ],
  };
}

/** What rows contradict and where none are, in words. */
export function warningsOf({ clashes, contradicted, gaps, gapsAt, cadences }: Counts, rule: GapRule): string[] {
  const more = (count: number, named: readonly string[], what: string) =>
    count > named.length ? [`${count - named.length} more ${what}, not named here`] : [];
  const filled =
    rule === "unavailable" ? "nothing is obtainable in it, a price is held" : "the last value is held over it";
  return [
    ...cadences,
    ...clashes.map((clash) => `two values for one instant, the newest pull's stands: ${clash}`),
    ...more(contradicted, clashes, "contradictions"),
    ...gapsAt.map((gap) => `a gap, ${filled}: ${gap}`),
    ...more(gaps, gapsAt, "gaps"),
  ];
}

/** What tells markets apart: products have prices of their own. */
export const marketKey = (market: Pick<TraceMarket, "instanceType" | "zone" | "product">): string =>
  market.product === undefined ? marketName(market) : `${marketName(market)} ${market.product}`;

/** What people call a market where there is one product. */
export const marketName = (market: Pick<TraceMarket, "instanceType" | "zone">): string =>
  `${market.instanceType} ${market.zone}`;

/** Names that tell these markets apart, as short as they allow. */
export function marketNames(markets: readonly TraceMarket[]): (market: TraceMarket) => string {
  const [first, ...others] = productsOf(markets);
  return first === undefined || others.length === 0 ? marketName : marketKey;
}

const productsOf = (markets: readonly TraceMarket[]): string[] => [
  ...new Set(markets.flatMap(({ product }) => product ?? [])),
];

/** Each market once, with the zone id where any pull of it has one; capacity without a product joins those that have one. */
function marketsOf(pulls: readonly Pull[]): TraceMarket[] {
  const markets = new Map<string, TraceMarket>();
  const withProduct = new Set(pulls.flatMap(({ market }) => (market.product === undefined ? [] : marketName(market))));
  for (const { market } of pulls) {
    const key = marketKey(market);
    if (market.product === undefined && withProduct.has(key)) continue;
    markets.set(key, { ...markets.get(key), ...market });
  }
  return [...markets.values()];
}

/** Steps of one market and kind, and where its rows began and ended before equal neighbours were collapsed. */
interface Step {
  /** The caller's own. */
  readonly timesS: number[];
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
    `${marketName(without.market)} has no time stamps and ${marketName(stamped.market)} has; import them apart, nothing says how they lie to one another`,
  );
}

/** From the last first row to the first end of sampling, or to the last row where nothing was sampled. */
function commonSpan(all: readonly (readonly [name: string, step: Step])[]) {
  const [last, { firstS: startS }] = all.reduce((a, b) => (b[1].firstS > a[1].firstS ? b : a));
  const endOf = ({ lastS, gapS }: Step) => lastS + gapS;
  const sampled = all.filter(([, { gapS }]) => gapS > 0);
  const [shortest, end] =
    sampled.length > 0
      ? sampled.reduce((a, b) => (endOf(b[1]) < endOf(a[1]) ? b : a))
      : all.reduce((a, b) => (endOf(b[1]) > endOf(a[1]) ? b : a));
  const endS = endOf(end);
  if (endS > startS) return { startS, endS, last, shortest };
  throw new TraceError(
    last === shortest
      ? `${last}: all rows are of one instant, a trace needs a beginning and an end; pull a longer time`
      : `no time in common: ${last} begins when ${shortest} is over; import them apart`,
  );
}

/** The rows of one market and kind as one step function. @throws TraceError as mergePulls does. */
export function mergeOne(name: string, pulls: readonly Pull[], counts: Counts, gap: GapRule): Step {
  const { timesS, values, pullOf } = inOrder(pulls);
  const gapS = cadenceOf(pulls, timesS, counts);
  const dueS = gapS > 0 ? LATE_GAPS * gapS : (pulls[0]!.silentS ?? Infinity);
  const contradictions = new Map<number, string[]>();
  const kept = { timesS: [] as number[], values: [] as number[] };
  let previousS = timesS[0]!;
  let standing = Number.NaN; // the value kept last
  for (let i = 0; i < timesS.length; i++) {
    const timeS = timesS[i]!;
    const value = values[i]!;
    const again = i > 0 && timeS === timesS[i - 1];
    if (again && value === values[i - 1]) counts.merged++;
    if (again && value !== values[i - 1]) {
      const clash = `${values[i - 1]} and ${value} at ${iso(timeS)}`;
      const pull = pullOf?.[i] ?? 0;
      const clashes = contradictions.get(pull) ?? [];
      contradictions.set(pull, clashes);
      if (clashes.push(clash) > Math.max(1, pulls[pull]!.timesS.length * CONTRADICTION_SHARE_MAX)) {
        throw new TraceError(
          `${name}: ${clashes.slice(0, 2).join(", ")}, and so in more than 1 % of a pull's rows: two pools share this name (product, or zone name of another account); import them apart`,
        );
      }
      counts.contradicted++;
      if (counts.clashes.length < NAMED_MAX) counts.clashes.push(`${name} ${clash}`);
    }
    if (i + 1 < timesS.length && timesS[i + 1] === timeS) continue; // the last of an instant stands
    if (timeS - previousS > dueS) {
      const length =
        timeS - previousS < HOUR_S ? `${timeS - previousS} s` : `${((timeS - previousS) / HOUR_S).toFixed(1)} h`;
      const where = `${name}: no row for ${length} from ${iso(previousS)}`;
      if (gap === "fail")
        throw new TraceError(`${where}; complete it, or say what stands there: ${stated("gap", "hold")}`);
      counts.gaps++;
      if (counts.gapsAt.length < NAMED_MAX) counts.gapsAt.push(where);
      if (gap === "unavailable" && pulls[0]!.kind === "capacity" && standing !== 0) {
        kept.timesS.push(previousS + gapS);
        kept.values.push(0);
        standing = 0;
      }
    }
    previousS = timeS;
    if (standing === value) counts.collapsed++;
    else {
      kept.timesS.push(timeS);
      kept.values.push(value);
      standing = value;
    }
  }
  return { ...kept, firstS: timesS[0]!, lastS: timesS.at(-1)!, gapS };
}

/** The stamps' own where there are any: a declared cadence can be wrong. */
function cadenceOf(pulls: readonly Pull[], timesS: readonly number[], { cadences }: Counts): Seconds {
  const declaredS = Math.max(...pulls.map((pull) => pull.gapS));
  if (declaredS === 0 || !pulls[0]!.stamped) return declaredS;
  const seenS = timesS.filter((timeS, i) => timeS !== timesS[i - 1]);
  if (seenS.length < 3) return declaredS;
  const medianS = medianGapS(seenS);
  if (Math.abs(medianS - declaredS) > declaredS * CADENCE_SLACK) {
    cadences.add(`declared to be ${declaredS} s apart, the stamps are ${medianS} s apart (median): these count`);
  }
  return medianS;
}

/** All rows by time; of one instant the winner last. */
function inOrder(pulls: readonly Pull[]): {
  readonly timesS: readonly number[];
  readonly values: readonly number[];
  /** The pull of each row; absent where there is one. */
  readonly pullOf?: readonly number[];
} {
  const [only, ...others] = pulls;
  if (others.length === 0 && isAscending(only!.timesS)) return only!;
  const newest = pulls.map(({ timesS }) => timesS.reduce((most, each) => Math.max(most, each), -Infinity));
  const ranks = pulls.map((_, i) => i).sort((a, b) => newest[a]! - newest[b]!); // stable: the later given stays later
  const timesS: number[] = [];
  const values: number[] = [];
  const pullOf: number[] = [];
  for (const rank of ranks) {
    const pull = pulls[rank]!;
    const rows = pull.timesS.length;
    const newestFirst = pull.timesS[0]! > pull.timesS[rows - 1]!;
    for (let n = 0; n < rows; n++) {
      const i = newestFirst ? rows - 1 - n : n;
      timesS.push(pull.timesS[i]!);
      values.push(pull.values[i]!);
      pullOf.push(rank);
    }
  }
  if (isAscending(timesS)) return { timesS, values, pullOf };
  const order = timesS.map((_, i) => i).sort((a, b) => timesS[a]! - timesS[b]!);
  const by = (list: readonly number[]) => order.map((i) => list[i]!);
  return { timesS: by(timesS), values: by(values), pullOf: by(pullOf) };
}

function isAscending(list: readonly number[]): boolean {
  for (let i = 1; i < list.length; i++) if (list[i]! < list[i - 1]!) return false;
  return true;
}

/** Seconds since 1970 as a UTC stamp. */
export const iso = (timeS: Seconds): string => new Date(timeS * 1000).toISOString();
