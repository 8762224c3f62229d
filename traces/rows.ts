import type { Seconds } from "../policies/contract/units.ts";
import { type MarketSeries, TraceError } from "./columns.ts";
import type { TraceMarket } from "./trace-table.ts";

/** What one file says of one market, in the file's order. Times are seconds since 1970 in UTC. */
export interface Pull {
  readonly market: TraceMarket;
  readonly kind: "price" | "capacity";
  readonly timesS: number[];
  readonly values: number[];
}

/** What merging pulls came to, for the import report. */
export interface Merged {
  readonly series: readonly MarketSeries[];
  readonly startS: Seconds;
  readonly endS: Seconds;
  readonly collapsed: number;
  readonly merged: number;
  readonly contradictions: number;
}

/** More of a pull's rows than this contradicting another pull means that two pools share a name. Our choice. */
const CONTRADICTION_SHARE_MAX = 0.01;

/**
 * One step function a market and kind, from pulls that may overlap, repeat and come newest first: sorted, equal rows merged,
 * equal neighbours collapsed. Where two pulls contradict one another the newest pull wins (the one whose newest stamp is
 * latest, then the later one given); in one pull the last row in time order, in file order among equals.
 *
 * The table starts when every market has its first value, and ends with the last stamp (plus `gapS`, the length of the last
 * sample, where the source samples). @throws TraceError when more than 1 % of a pull contradicts another.
 */
export function mergePulls(pulls: readonly Pull[], depth: MarketSeries["depth"], gapS: Seconds): Merged {
  const names = new Map<string, Pull[]>();
  for (const pull of pulls) {
    if (pull.timesS.length === 0) continue;
    const key = [marketKey(pull.market), pull.kind].join("|");
    names.set(key, [...(names.get(key) ?? []), pull]);
  }
  if (names.size === 0)
    throw new TraceError("no rows at all: every list is empty; check the query's type, zone and times");
  const counts = { collapsed: 0, merged: 0, contradictions: 0 };
  const steps = new Map([...names].map(([key, same]) => [key, mergeOne(key, same, counts)]));
  const startS = Math.max(...[...steps.values()].map(({ timesS }) => timesS[0]!));
  const endS =
    Math.max(...pulls.flatMap(({ timesS }) => timesS.reduce((most, each) => Math.max(most, each), -Infinity))) + gapS;
  const markets = new Map(pulls.map(({ market }) => [marketKey(market), market]));
  const series = [...markets].flatMap(([key, market]): MarketSeries[] => {
    const price = steps.get(`${key}|price`);
    const capacity = steps.get(`${key}|capacity`);
    if (price === undefined && capacity === undefined) return [];
    if (price === undefined)
      throw new TraceError(`${key}: there is capacity but no price; name the file with its prices too`);
    const from = ({ timesS, values }: Step) => ({ timesS: timesS.map((timeS) => timeS - startS), values });
    const priced = from(price);
    const counted = capacity && from(capacity);
    return [
      {
        market,
        price: cut(priced, (values) => ({ timesS: values.timesS, usdPerHour: values.values })),
        ...(counted && { capacity: cut(counted, (values) => ({ timesS: values.timesS, counts: values.values })) }),
        depth: counted
          ? { ...depth, instances: counted.values.reduce((most, each) => Math.max(most, each), 0) }
          : { kind: "unlimited", instances: 0 },
        gapS,
      },
    ];
  });
  return { series, startS, endS: endS - startS, ...counts };
}

export const marketKey = (market: TraceMarket): string => `${market.instanceType} ${market.zone}`;

type Step = { readonly timesS: number[]; readonly values: number[] };

/** Drops the steps that ended before time 0; the one in effect then starts there. */
function cut<T>(step: Step, wrap: (step: Step) => T): T {
  let first = 0;
  while (first + 1 < step.timesS.length && step.timesS[first + 1]! <= 0) first++;
  return wrap({
    timesS: [Math.min(0, step.timesS[first]!), ...step.timesS.slice(first + 1)],
    values: step.values.slice(first),
  });
}

function mergeOne(
  key: string,
  pulls: readonly Pull[],
  counts: { collapsed: number; merged: number; contradictions: number },
): Step {
  const newest = (pull: Pull) => pull.timesS.reduce((most, each) => Math.max(most, each), -Infinity);
  const inOrder = [...pulls].sort((a, b) => newest(a) - newest(b)); // stable: the later given among equals stays later
  const chosen = new Map<number, { value: number; pull: number }>();
  for (const [p, pull] of inOrder.entries()) {
    const newestFirst = pull.timesS[0]! > pull.timesS.at(-1)!;
    const rows = pull.timesS.map((timeS, i) => ({ timeS, value: pull.values[i]! }));
    if (newestFirst) rows.reverse();
    let contradicted = 0;
    for (const { timeS, value } of rows) {
      const before = chosen.get(timeS);
      if (before !== undefined) {
        if (before.value === value) {
          counts.merged++;
        } else {
          counts.contradictions++;
          if (before.pull !== p) contradicted++;
          if (contradicted > Math.max(1, rows.length * CONTRADICTION_SHARE_MAX)) {
            throw new TraceError(
              `${key}: two pulls disagree at ${iso(timeS)} (${before.value} and ${value}) and elsewhere, in more than 1 % of their rows: two pools share this name (product, or zone name of another account); import them apart`,
            );
          }
        }
      }
      chosen.set(timeS, { value, pull: p });
    }
  }
  const timesS: number[] = [];
  const values: number[] = [];
  for (const [timeS, { value }] of [...chosen].sort((a, b) => a[0] - b[0])) {
    if (values.at(-1) === value) {
      counts.collapsed++;
      continue;
    }
    timesS.push(timeS);
    values.push(value);
  }
  return { timesS, values };
}

/** Seconds since 1970 as a UTC stamp. */
export const iso = (timeS: Seconds): string => new Date(timeS * 1000).toISOString();
