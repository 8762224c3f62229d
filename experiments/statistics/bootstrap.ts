import { quantile } from "../../sim/quantile.ts";
import type { Resamples } from "./resamples.ts";

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** So many resamples lie beyond each end: an end then moves by a few per cent of the width between seeds. */
const BEYOND_EACH_END = 50;

/**
 * Bootstrap-t interval of a mean: how far, in its own standard errors, the mean of a resample lies from the mean of the
 * sample. Near its nominal coverage from n = 20 on, and above BCa throughout (docs/METRICS.md has the measured table).
 * Source: Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, 12.5.
 *
 * @param values at least 2, finite.
 * @param level 0.95, or more where several intervals must hold together.
 * @returns the value itself, twice, when all are equal.
 */
export function meanInterval(values: Float64Array, level: number, resamples: Resamples): Interval {
  return ratioInterval(values, new Float64Array(values.length).fill(1), level, resamples)!;
}

/**
 * Bootstrap-t interval of a ratio of sums, the pairs resampled together. Its standard error is the linearised one: the
 * deviation of over - ratio x under, over the mean of `under`. Undefined where more resamples than lie beyond an end have no
 * ratio, since `under` sums to 0 in them.
 *
 * A resample that drew equal units over and over lies infinitely many of its own standard errors away. Where they are so
 * many that an end would be infinite (three units or fewer differ from all others), the end is the most extreme unit.
 *
 * @param under sums to other than 0.
 */
export function ratioInterval(
  over: Float64Array,
  under: Float64Array,
  level: number,
  resamples: Resamples,
): Interval | undefined {
  const n = over.length;
  const tail = (1 - level) / 2;
  const count = Math.round(BEYOND_EACH_END / tail);
  const picks = resamples(n, count);
  const ratio = sum(over) / sum(under);
  const error = errorOf(over, under, ratio);
  // What rounding leaves of equal values is no spread.
  const negligible = 1e-12 * (Math.abs(ratio) + sum(over.map(Math.abs)) / Math.abs(sum(under)));
  if (error <= negligible) return { low: ratio, high: ratio };

  const t = new Float64Array(count);
  let used = 0;
  for (let r = 0; r < count; r++) {
    const from = r * n;
    let sumOver = 0;
    let sumUnder = 0;
    for (let i = from; i < from + n; i++) {
      const pick = picks[i]!;
      sumOver += over[pick]!;
      sumUnder += under[pick]!;
    }
    if (sumUnder === 0) continue;
    const again = sumOver / sumUnder;
    let squares = 0;
    for (let i = from; i < from + n; i++) {
      const pick = picks[i]!;
      squares += (over[pick]! - again * under[pick]!) ** 2;
    }
    const errorAgain = Math.sqrt((n / (n - 1)) * squares) / Math.abs(sumUnder);
    t[used++] = errorAgain > negligible ? (again - ratio) / errorAgain : infinitely(again - ratio, negligible);
  }
  if (count - used > BEYOND_EACH_END) return undefined;
  const sorted = t.subarray(0, used).sort();
  const low = ratio - quantile(sorted, 1 - tail) * error;
  const high = ratio - quantile(sorted, tail) * error;
  return {
    low: Number.isFinite(low) ? low : extreme(Math.min, over, under, ratio),
    high: Number.isFinite(high) ? high : extreme(Math.max, over, under, ratio),
  };
}

const sum = (values: Float64Array): number => values.reduce((total, each) => total + each, 0);

function errorOf(over: Float64Array, under: Float64Array, ratio: number): number {
  const n = over.length;
  let squares = 0;
  for (let i = 0; i < n; i++) squares += (over[i]! - ratio * under[i]!) ** 2;
  return Math.sqrt((n / (n - 1)) * squares) / Math.abs(sum(under));
}

const infinitely = (distance: number, negligible: number): number =>
  Math.abs(distance) <= negligible ? 0 : Math.sign(distance) * Infinity;

function extreme(most: typeof Math.min, over: Float64Array, under: Float64Array, ratio: number): number {
  return over.reduce((found, each, i) => (under[i] === 0 ? found : most(found, each / under[i]!)), ratio);
}
