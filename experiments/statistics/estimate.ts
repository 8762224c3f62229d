import type { Estimate } from "../summary.ts";
import { meanInterval, ratioInterval } from "./bootstrap.ts";
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
