import { sampleStandardDeviation } from "simple-statistics";
import { createRandom } from "../../policies/contract/random.ts";
import { quantile } from "../../sim/quantile.ts";
import type { Estimate } from "../summary.ts";
import { UNITS_MIN } from "./estimate.ts";
import { createResamples, type Resamples } from "./resamples.ts";

/** Resamples, and relabellings: 50 lie beyond each end of a 95 % interval. */
const DRAWS = 1999;

export interface Unpaired {
  /** after - before; the range over all pairs of units where either side has too few. */
  readonly difference: Estimate;
  /** Two-sided; null where either side has too few units. */
  readonly p: number | null;
}

/**
 * Two samples that share nothing: bootstrap-t interval of the difference of their means, each resampled by itself and measured in
 * Welch's standard error; p by relabelling the units, in the same measure, which holds for samples of unequal spread too.
 * Source: Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, 16.2; Janssen, Statistics & Probability Letters 36, 1997.
 */
export function unpaired(
  before: Float64Array,
  after: Float64Array,
  level: number,
  resamples: ResamplesOfTwo,
): Unpaired {
  const n = Math.min(before.length, after.length);
  const value = meanOf(after) - meanOf(before);
  const range = { low: Math.min(...after) - Math.max(...before), high: Math.max(...after) - Math.min(...before) };
  if (n < UNITS_MIN) return { difference: { mean: value, ...range, kind: "range", n }, p: null };
  const error = welch(before, after);
  const negligible = 1e-12 * (Math.abs(meanOf(before)) + Math.abs(meanOf(after)));
  if (error <= negligible) {
    return {
      difference: { mean: value, low: value, high: value, kind: "interval", n },
      p: Math.abs(value) <= negligible ? 1 : relabelled(before, after, value, error),
    };
  }
  const tail = (1 - level) / 2;
  const count = Math.max(DRAWS + 1, Math.round(50 / tail));
  const picks = [before, after].map((values, side) => resamples[side]!(values.length, count));
  const [a, b] = [new Float64Array(before.length), new Float64Array(after.length)];
  const t = Float64Array.from({ length: count }, (_, r) => {
    for (let i = 0; i < a.length; i++) a[i] = before[picks[0]![r * a.length + i]!]!;
    for (let i = 0; i < b.length; i++) b[i] = after[picks[1]![r * b.length + i]!]!;
    const distance = meanOf(b) - meanOf(a) - value;
    const own = welch(a, b);
    return own > negligible ? distance / own : Math.abs(distance) <= negligible ? 0 : Math.sign(distance) * Infinity;
  }).sort();
  const [low, high] = [value - quantile(t, 1 - tail) * error, value - quantile(t, tail) * error];
  return {
    difference: {
      mean: value,
      low: Number.isFinite(low) ? low : range.low,
      high: Number.isFinite(high) ? high : range.high,
      kind: "interval",
      n,
    },
    p: relabelled(before, after, value, error),
  };
}

/** One for each sample: the same picks for both would tie them together. */
export type ResamplesOfTwo = readonly [before: Resamples, after: Resamples];
export const createResamplesOfTwo = (seed: string): ResamplesOfTwo => [
  createResamples(`${seed}/before`),
  createResamples(`${seed}/after`),
];

/** Share of relabellings at least as far from 0, the one that happened among them. */
function relabelled(before: Float64Array, after: Float64Array, value: number, error: number): number {
  const random = createRandom("relabel");
  const stream = random.stream("unpaired");
  const all = [...before, ...after];
  const observed = Math.abs(value) / error;
  let asFar = 1;
  for (let draw = 0; draw < DRAWS; draw++) {
    const shuffled = Float64Array.from(all);
    for (let i = all.length - 1; i > 0; i--) {
      const other = Math.floor(random.at(stream, draw, i) * (i + 1));
      [shuffled[i], shuffled[other]] = [shuffled[other]!, shuffled[i]!];
    }
    const [a, b] = [shuffled.subarray(0, before.length), shuffled.subarray(before.length)];
    // The observed one has its own rounding.
    if (Math.abs(meanOf(b) - meanOf(a)) / welch(a, b) >= observed * (1 - 1e-12)) asFar++;
  }
  return asFar / (DRAWS + 1);
}

const meanOf = (values: Float64Array): number => values.reduce((sum, each) => sum + each, 0) / values.length;
const varianceOf = (values: Float64Array): number => sampleStandardDeviation(values as unknown as number[]) ** 2;
const welch = (a: Float64Array, b: Float64Array): number =>
  Math.sqrt(varianceOf(a) / a.length + varianceOf(b) / b.length);
