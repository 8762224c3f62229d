import type { Estimate } from "../summary.ts";
import { meanInterval, type Ratio, ratioInterval, stepInterval } from "./bootstrap.ts";
import type { Resamples } from "./resamples.ts";

/** Fewer units than this give no interval: the range, and the words that this trace cannot answer. */
export const UNITS_MIN = 6;

/** Mean of one value a unit, with its interval, or the range where units are too few. */
export function meanEstimate(values: Float64Array, resamples: Resamples, level = 0.95): Estimate {
  const n = values.length;
  const mean = values.reduce((sum, each) => sum + each, 0) / n;
  if (n < UNITS_MIN) return { mean, low: Math.min(...values), high: Math.max(...values), kind: "range", n };
  return { mean, ...meanInterval(values, level, resamples), kind: "interval", n };
}

/** Ratio of sums over units; the range of the units' own ratios where they are too few; undefined where the divisor is 0, or is in too many resamples. */
export function ratioEstimate(
  over: Float64Array,
  under: Float64Array,
  resamples: Resamples,
  level = 0.95,
): Estimate | undefined {
  const n = over.length;
  const divisor = under.reduce((sum, each) => sum + each, 0);
  if (divisor === 0) return undefined;
  const mean = over.reduce((sum, each) => sum + each, 0) / divisor;
  if (n < UNITS_MIN) {
    const each = Array.from(over, (value, i) => value / under[i]!).filter(Number.isFinite);
    return { mean, low: Math.min(mean, ...each), high: Math.max(mean, ...each), kind: "range", n };
  }
  const interval = ratioInterval(over, under, level, resamples);
  return interval && { mean, ...interval, kind: "interval", n };
}

/** What one ratio of sums is above another over the same units; the range of the units' own differences where they are too few. */
export function stepEstimate(from: Ratio, to: Ratio, resamples: Resamples, level = 0.95): Estimate | undefined {
  const total = (values: Float64Array) => values.reduce((sum, each) => sum + each, 0);
  const mean = total(to.over) / total(to.under) - total(from.over) / total(from.under);
  if (!Number.isFinite(mean)) return undefined;
  const n = to.over.length;
  if (n < UNITS_MIN) {
    const own = Array.from(to.over, (over, i) => over / to.under[i]! - from.over[i]! / from.under[i]!);
    const each = own.filter(Number.isFinite);
    return { mean, low: Math.min(mean, ...each), high: Math.max(mean, ...each), kind: "range", n };
  }
  const interval = stepInterval(from, to, level, resamples);
  return interval && { mean, ...interval, kind: "interval", n };
}
