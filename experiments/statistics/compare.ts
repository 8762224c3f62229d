import { metricNamed } from "../metrics.ts";
import type { Comparison, Estimate } from "../summary.ts";
import { convergenceOf } from "./convergence.ts";
import { meanEstimate, ratioEstimate, UNITS_MIN } from "./estimate.ts";
import { type Paired, paired } from "./paired.ts";
import { detectableDifference, wilson } from "./power.ts";
import type { Resamples } from "./resamples.ts";
import { signFlip } from "./sign-flip.ts";
import type { Units } from "./units.ts";

/** Policy minus against. */
export interface Pair {
  readonly metric: string;
  readonly policyId: string;
  readonly against: string;
  readonly role: Comparison["role"];
}

/** A comparison, and what its warnings are made of. */
export interface Compared {
  readonly comparison: Comparison;
  readonly paired: Paired;
}

/**
 * Two policies on the units in which both have the metric; undefined when there is none.
 *
 * @param level of the intervals: 0.95, or more where several must hold together.
 */
export function compare(
  { metric, policyId, against, role }: Pair,
  units: ReadonlyMap<string, Units>,
  level: number,
  resamples: Resamples,
): Compared | undefined {
  const theirs = units.get(against);
  const pairs = [...(units.get(policyId) ?? [])].flatMap(([unit, ours]) => {
    const other = theirs?.get(unit);
    return ours[metric] === undefined || other?.[metric] === undefined ? [] : [{ ours, other }];
  });
  if (pairs.length === 0) return undefined;
  const a = Float64Array.from(pairs, ({ ours }) => ours[metric]!);
  const b = Float64Array.from(pairs, ({ other }) => other[metric]!);
  const pair = paired(a, b);
  const difference = meanEstimate(pair.differences, resamples, level);
  const test = pairs.length < UNITS_MIN ? undefined : signFlip(pair.differences, "sign-flip");
  const comparison: Comparison = {
    metric,
    policyId,
    against,
    role,
    n: pairs.length,
    difference,
    ratio: ratioEstimate(a, b, resamples, level) ?? null,
    p: test?.p ?? null,
    pHolm: null,
    pSmallest: test?.smallest ?? null,
    betterShare: betterShare(pair, metricNamed(metric)?.better),
    detectable: difference.kind === "range" ? null : detectableDifference(pair.sdDifference!, pairs.length, level),
    correlation: pair.correlation,
    convergence: role === "primary" ? convergenceOf(pair.differences, difference, resamples, level) : [],
  };
  return { comparison, paired: pair };
}

function betterShare({ n, shareBelow, shareEqual }: Paired, better: "lower" | "higher" | undefined): Estimate | null {
  if (better === undefined) return null;
  const strictly = better === "lower" ? shareBelow : 1 - shareBelow - shareEqual;
  const { share, low, high } = wilson(n * (strictly + shareEqual / 2), n);
  return { mean: share, low, high, kind: "interval", n };
}
