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
  const ratio: Ratio = { over: values, under: new Float64Array(values.length).fill(1) };
  const centre = sum(values) / values.length;
  const centred = values.map((each) => each - centre);
  return bootstrapT(ratio, undefined, level, resamples, (picks, from, out) => {
    if (!meanOf(centred, picks, from, out)) return estimate(ratio, undefined, picks, from, out);
    out[0]! += centre;
    return true;
  })!;
}

/**
 * Mean and standard error of one draw in one pass over the values, which are centred; false where that would cost digits, as where a
 * draw is of nearly equal units.
 */
function meanOf(centred: Float64Array, picks: Uint32Array, from: number, out: Float64Array): boolean {
  const n = centred.length;
  const to = from + n;
  let total = 0;
  let squares = 0;
  for (let i = from; i < to; i++) {
    const each = centred[picks[i]!]!;
    total += each;
    squares += each * each;
  }
  const left = squares - (total * total) / n;
  if (!(left > 1e-4 * squares)) return false;
  out[0] = total / n;
  out[1] = Math.sqrt(left / (n - 1) / n);
  return true;
}

/** A sum over a sum: one value of each a unit. */
export interface Ratio {
  readonly over: Float64Array;
  readonly under: Float64Array;
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
export const ratioInterval = (
  over: Float64Array,
  under: Float64Array,
  level: number,
  resamples: Resamples,
): Interval | undefined => bootstrapT({ over, under }, undefined, level, resamples);

/** The same of what one ratio is above another over the same units: all four sums resampled together. */
export const stepInterval = (from: Ratio, to: Ratio, level: number, resamples: Resamples): Interval | undefined =>
  bootstrapT(to, from, level, resamples);

/** Writes value and standard error of one draw of units; false where it has no value. */
type Draw = (picks: Uint32Array, from: number, out: Float64Array) => boolean;

function bootstrapT(
  ratio: Ratio,
  less: Ratio | undefined,
  level: number,
  resamples: Resamples,
  draw: Draw = (picks, from, out) => estimate(ratio, less, picks, from, out),
): Interval | undefined {
  const n = ratio.over.length;
  const tail = (1 - level) / 2;
  const count = Math.round(BEYOND_EACH_END / tail);
  const picks = resamples(n, count);
  const whole = new Float64Array(2);
  estimate(
    ratio,
    less,
    Uint32Array.from({ length: n }, (_, i) => i),
    0,
    whole,
  );
  const [value, error] = whole as unknown as [number, number];
  // What rounding leaves of equal values is no spread.
  const negligible = 1e-12 * (Math.abs(value) + sizeOf(ratio) + (less === undefined ? 0 : sizeOf(less)));
  if (error <= negligible) return { low: value, high: value };

  const t = new Float64Array(count);
  const again = new Float64Array(2);
  let used = 0;
  for (let r = 0; r < count; r++) {
    if (!draw(picks, r * n, again)) continue;
    const distance = again[0]! - value;
    t[used++] = again[1]! > negligible ? distance / again[1]! : infinitely(distance, negligible);
  }
  if (count - used > BEYOND_EACH_END) return undefined;
  const sorted = t.subarray(0, used).sort();
  const low = value - quantile(sorted, 1 - tail) * error;
  const high = value - quantile(sorted, tail) * error;
  return {
    low: Number.isFinite(low) ? low : extreme(Math.min, ratio, less, value),
    high: Number.isFinite(high) ? high : extreme(Math.max, ratio, less, value),
  };
}

/** Writes value and standard error of one draw of units; false where there is no ratio. */
function estimate(
  { over, under }: Ratio,
  less: Ratio | undefined,
  picks: Uint32Array,
  from: number,
  out: Float64Array,
): boolean {
  const n = over.length;
  const to = from + n;
  let sumOver = 0;
  let sumUnder = 0;
  for (let i = from; i < to; i++) {
    const pick = picks[i]!;
    sumOver += over[pick]!;
    sumUnder += under[pick]!;
  }
  if (sumUnder === 0) return false;
  const ratio = sumOver / sumUnder;
  let squares = 0;
  if (less === undefined) {
    for (let i = from; i < to; i++) {
      const pick = picks[i]!;
      squares += (over[pick]! - ratio * under[pick]!) ** 2;
    }
    out[0] = ratio;
    out[1] = Math.sqrt((n / (n - 1)) * squares) / Math.abs(sumUnder);
    return true;
  }
  if (!estimate(less, undefined, picks, from, out)) return false;
  const other = out[0]!;
  let sumLess = 0;
  for (let i = from; i < to; i++) sumLess += less.under[picks[i]!]!;
  for (let i = from; i < to; i++) {
    const pick = picks[i]!;
    const here = (over[pick]! - ratio * under[pick]!) / sumUnder;
    squares += (here - (less.over[pick]! - other * less.under[pick]!) / sumLess) ** 2;
  }
  out[0] = ratio - other;
  out[1] = Math.sqrt((n / (n - 1)) * squares);
  return true;
}

const sum = (values: Float64Array): number => values.reduce((total, each) => total + each, 0);
const sizeOf = ({ over, under }: Ratio): number => sum(over.map(Math.abs)) / Math.abs(sum(under));

const infinitely = (distance: number, negligible: number): number =>
  Math.abs(distance) <= negligible ? 0 : Math.sign(distance) * Infinity;

function extreme(most: typeof Math.min, { over, under }: Ratio, less: Ratio | undefined, value: number): number {
  return over.reduce((found, each, i) => {
    const own = each / under[i]! - (less === undefined ? 0 : less.over[i]! / less.under[i]!);
    return Number.isFinite(own) ? most(found, own) : found;
  }, value);
}
