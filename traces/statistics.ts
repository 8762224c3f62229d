import { medianSorted } from "simple-statistics";
import { HOUR_S, type Seconds } from "../policies/contract/units.ts";
import { type StepList, seriesOf, stretch } from "./columns.ts";
import type { TraceTable } from "./trace-table.ts";

/** Lengths of spells that began and ended inside the trace, in hours. */
export interface SpellStatistics {
  readonly count: number;
  readonly meanH: number;
  readonly medianH: number;
  /** Nine of ten are not longer. */
  readonly p90H: number;
  readonly longestH: number;
}

/** What one market's two series look like; all means are over time, not over rows. */
export interface MarketStatistics {
  readonly meanUsdPerHour: number;
  readonly sdUsdPerHour: number;
  readonly minUsdPerHour: number;
  readonly maxUsdPerHour: number;
  /** While at least one instance is obtainable; null where none ever is, or nothing bounds it. */
  readonly meanUsdPerHourWhenUp: number | null;
  readonly priceChanges: number;
  readonly priceChangesPerDay: number;
  /** Correlation of the price with itself a day later; null where it never changes or the trace is shorter than two days. */
  readonly priceDayAutocorrelation: number | null;
  readonly capacityChanges: number;
  /** Share of time with at least one instance obtainable; null where nothing bounds it. */
  readonly availability: number | null;
  readonly upSpells: SpellStatistics | null;
  readonly downSpells: SpellStatistics | null;
}

export function marketStatistics(table: TraceTable, market: number): MarketStatistics {
  const { price, capacity } = seriesOf(table)[market]!;
  const prices = { timesS: price.timesS, values: price.usdPerHour };
  const { mean, sd, min, max } = momentsOf(prices, table.endS);
  const priceChanges = changes(prices, table.endS);
  const counts = capacity && { timesS: capacity.timesS, values: capacity.counts };
  return {
    meanUsdPerHour: mean,
    sdUsdPerHour: sd,
    minUsdPerHour: min,
    maxUsdPerHour: max,
    meanUsdPerHourWhenUp: counts === undefined ? null : meanWhenUp(prices, upOf(counts), table.endS),
    priceChanges,
    priceChangesPerDay: priceChanges / (table.endS / (24 * HOUR_S)),
    priceDayAutocorrelation: autocorrelation(prices, table.endS, 24 * HOUR_S),
    capacityChanges: counts === undefined ? 0 : changes(counts, table.endS),
    availability: counts === undefined ? null : momentsOf(upOf(counts), table.endS).mean,
    upSpells: counts === undefined ? null : spellsOf(counts, true, table.endS),
    downSpells: counts === undefined ? null : spellsOf(counts, false, table.endS),
  };
}

/** Share of time with at least one instance obtainable: a wrong polarity shows at a glance. 1 where nothing bounds it. */
export function availabilityOf(table: TraceTable, market: number): number {
  const { capacity } = seriesOf(table)[market]!;
  return capacity === undefined
    ? 1
    : momentsOf(upOf({ timesS: capacity.timesS, values: capacity.counts }), table.endS).mean;
}

/** Share of time in which no market with a capacity series has an instance to give. */
export function noneUpShare(table: TraceTable): number {
  const bounded = seriesOf(table).flatMap(({ capacity }) =>
    capacity === undefined ? [] : [upOf({ timesS: capacity.timesS, values: capacity.counts })],
  );
  if (bounded.length === 0) return 0;
  const timesS = [...new Set([0, ...bounded.flatMap(({ timesS }) => Array.from(timesS))])].sort((a, b) => a - b);
  const next = bounded.map(() => 0);
  let noneS = 0;
  for (const [i, timeS] of timesS.entries()) {
    let up = 0;
    for (const [m, steps] of bounded.entries()) {
      while (next[m]! + 1 < steps.timesS.length && steps.timesS[next[m]! + 1]! <= timeS) next[m]!++;
      up += steps.values[next[m]!]!;
    }
    if (up === 0) noneS += Math.min(table.endS, timesS[i + 1] ?? table.endS) - Math.max(0, timeS);
  }
  return noneS / table.endS;
}

/** Pearson correlations over time, exact for step functions; null where one of the two never changes or nothing bounds it. */
export interface Correlations {
  /** [market][market] between "an instance is obtainable" here and there. */
  readonly availability: readonly (readonly (number | null)[])[];
  /** [market] between "an instance is obtainable" and the price. */
  readonly priceWithAvailability: readonly (number | null)[];
}

export function correlationsOf(table: TraceTable): Correlations {
  const series = seriesOf(table);
  const up = series.map(({ capacity }) => capacity && upOf({ timesS: capacity.timesS, values: capacity.counts }));
  return {
    availability: up.map((a) => up.map((b) => a && b && correlation(a, b, table.endS))).map((line) => line.map(orNull)),
    priceWithAvailability: up.map((a, m) => {
      const { timesS, usdPerHour: values } = series[m]!.price;
      return orNull(a && correlation(a, { timesS, values }, table.endS));
    }),
  };
}

const orNull = (value: number | null | undefined): number | null => value ?? null;

/** The steps as 1 where at least so many instances are obtainable and 0 elsewhere, equal neighbours once. */
export function upOf({ timesS, values }: StepList, instances = 1): StepList {
  const up = { timesS: [] as number[], values: [] as number[] };
  for (let i = 0; i < timesS.length; i++) {
    const value = values[i]! >= instances ? 1 : 0;
    if (up.values.at(-1) === value) continue;
    up.timesS.push(timesS[i]!);
    up.values.push(value);
  }
  return up;
}

/** Steps at which the value differs from the one before, inside (0, endS). */
function changes({ timesS, values }: StepList, endS: Seconds): number {
  let count = 0;
  for (let i = 1; i < timesS.length; i++) {
    if (timesS[i]! > 0 && timesS[i]! < endS && values[i] !== values[i - 1]) count++;
  }
  return count;
}

/** The first and the last spell are cut by the trace's ends, so they say nothing of lengths. */
function spellsOf(steps: StepList, up: boolean, endS: Seconds): SpellStatistics | null {
  const lengths = spellsInside(upOf(steps), up, endS)
    .filter(({ isCut }) => !isCut)
    .map(({ lengthS }) => lengthS / HOUR_S);
  if (lengths.length === 0) return null;
  lengths.sort((a, b) => a - b);
  return {
    count: lengths.length,
    meanH: lengths.reduce((sum, each) => sum + each, 0) / lengths.length,
    medianH: medianSorted(lengths),
    p90H: lengths[Math.ceil(0.9 * lengths.length) - 1]!,
    longestH: lengths.at(-1)!,
  };
}

/** The stretches of [0, endS) in which steps of 0 and 1 (see upOf) are up, or down; those at its ends are cut by them. */
export function spellsInside(
  { timesS, values }: StepList,
  up: boolean,
  endS: Seconds,
): { readonly lengthS: Seconds; readonly isCut: boolean }[] {
  const spells = [];
  for (let i = 0; i < timesS.length && timesS[i]! < endS; i++) {
    if (values[i] !== (up ? 1 : 0)) continue;
    const toS = timesS[i + 1] ?? endS;
    spells.push({ lengthS: Math.min(toS, endS) - Math.max(timesS[i]!, 0), isCut: i === 0 || toS >= endS });
  }
  return spells;
}

/** Calls with the length and value of each step inside [0, endS), and the value after it. */
export function stretchesOf(
  { timesS, values }: StepList,
  endS: Seconds,
  each: (lengthS: Seconds, value: number, following: number | undefined) => void,
): void {
  for (let i = 0; i < timesS.length && timesS[i]! < endS; i++) {
    const fromS = Math.max(0, timesS[i]!);
    const toS = Math.min(endS, timesS[i + 1] ?? endS);
    if (toS > fromS)
      each(toS - fromS, values[i]!, timesS[i + 1] !== undefined && timesS[i + 1]! < endS ? values[i + 1] : undefined);
  }
}

/** Calls with the length and the two values of each stretch of [0, endS) in which neither changes. */
function together(
  a: StepList,
  b: StepList,
  endS: Seconds,
  each: (lengthS: Seconds, x: number, y: number) => void,
): void {
  let i = 0;
  let j = 0;
  for (let timeS = 0; timeS < endS; ) {
    while (i + 1 < a.timesS.length && a.timesS[i + 1]! <= timeS) i++;
    while (j + 1 < b.timesS.length && b.timesS[j + 1]! <= timeS) j++;
    const nextS = Math.min(endS, a.timesS[i + 1] ?? Infinity, b.timesS[j + 1] ?? Infinity);
    each(nextS - timeS, a.values[i]!, b.values[j]!);
    timeS = nextS;
  }
}

function momentsOf(steps: StepList, endS: Seconds) {
  let sum = 0;
  let [min, max] = [Infinity, -Infinity];
  together(steps, steps, endS, (lengthS, x) => {
    sum += lengthS * x;
    min = Math.min(min, x);
    max = Math.max(max, x);
  });
  const mean = sum / endS;
  let squares = 0;
  together(steps, steps, endS, (lengthS, x) => {
    squares += lengthS * (x - mean) ** 2;
  });
  return { mean, sd: Math.sqrt(squares / endS), min, max };
}

function meanWhenUp(prices: StepList, up: StepList, endS: Seconds): number | null {
  let [sum, upS] = [0, 0];
  together(prices, up, endS, (lengthS, usdPerHour, isUp) => {
    sum += lengthS * usdPerHour * isUp;
    upS += lengthS * isUp;
  });
  return upS === 0 ? null : sum / upS;
}

/** Pearson over time; null where one of them is constant. */
function correlation(a: StepList, b: StepList, endS: Seconds): number | null {
  if (changes(a, endS) === 0 || changes(b, endS) === 0) return null;
  const [inA, inB] = [momentsOf(a, endS), momentsOf(b, endS)];
  let products = 0;
  together(a, b, endS, (lengthS, x, y) => {
    products += lengthS * (x - inA.mean) * (y - inB.mean);
  });
  return products / endS / (inA.sd * inB.sd);
}

/** Correlation of a step function with itself lagS later, over the stretch where both are known. */
function autocorrelation(steps: StepList, endS: Seconds, lagS: Seconds): number | null {
  const lengthS = endS - lagS;
  if (lengthS < lagS) return null;
  const later: StepList = stretch(steps, lagS, lengthS);
  return correlation(steps, later, lengthS);
}
