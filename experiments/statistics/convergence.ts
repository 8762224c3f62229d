import type { Estimate } from "../summary.ts";
import { meanEstimate, UNITS_MIN } from "./estimate.ts";
import type { Resamples } from "./resamples.ts";

/** Enough for a smooth band; each costs a bootstrap. */
const STEPS_MAX = 12;

/**
 * The estimate as it would have come out had the study stopped earlier: from the first UNITS_MIN differences on, in the order of
 * the study, to all of them. Empty below that.
 *
 * @param whole the estimate over all of them, which is the last.
 */
export function convergenceOf(
  differences: Float64Array,
  whole: Estimate,
  resamples: Resamples,
  level: number,
): Estimate[] {
  if (whole.kind === "range") return [];
  const earlier = stepsTo(differences.length).slice(0, -1);
  return [...earlier.map((n) => meanEstimate(differences.subarray(0, n), resamples, level)), whole];
}

/** Sizes from UNITS_MIN to n, even on a logarithmic scale. @example stepsTo(20) // 6, 7, 8, 9, 10, 12, 13, 14, 16, 18, 20 */
export function stepsTo(n: number): number[] {
  const steps = STEPS_MAX - 1;
  const sizes = Array.from({ length: STEPS_MAX }, (_, i) => Math.round(UNITS_MIN * (n / UNITS_MIN) ** (i / steps)));
  return [...new Set(sizes)];
}
