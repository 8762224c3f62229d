import { canonicalJson } from "../digest.ts";
import { metricNamed } from "../metrics.ts";
import { meanEstimate, ratioEstimate } from "../statistics/estimate.ts";
import type { Resamples } from "../statistics/resamples.ts";
import type { Units } from "../statistics/units.ts";
import type { Estimate } from "../summary.ts";
import type { Quantity } from "./published-schema.ts";

/** One point of the sweep: what each policy's units came to. */
export interface SweepPoint {
  readonly axes: Readonly<Record<string, unknown>>;
  readonly units: ReadonlyMap<string, Units>;
}

/** A quantity as the records have it. */
export interface Measured {
  readonly estimate: Estimate;
  /** Unit of inference -> what that unit alone says. */
  readonly ofUnit: ReadonlyMap<string, number>;
  /** Unit -> its part in the estimate to first order: their mean is the estimate, their spread its uncertainty. */
  readonly linear: ReadonlyMap<string, number>;
}

/** The points whose axes have the given values. */
export const pointsAt = <Point extends Pick<SweepPoint, "axes">>(
  points: readonly Point[],
  at: Quantity["at"],
): readonly Point[] =>
  points.filter(({ axes }) =>
    Object.entries(at).every(([axis, value]) => axis in axes && canonicalJson(axes[axis]) === canonicalJson(value)),
  );

/** Undefined where no unit has what it takes, or the divisor is 0. */
export function measured(
  { metric, policy, as, against, againstMetric = metric, at, againstAt = at }: Quantity,
  baseline: string,
  points: readonly SweepPoint[],
  resamples: Resamples,
): Measured | undefined {
  const units = pointsAt(points, at)[0]?.units;
  const theirs = pointsAt(points, againstAt)[0]?.units.get(against ?? baseline);
  const pairs = [...(units?.get(policy) ?? [])].flatMap(([unit, ours]) => {
    const [over, under] = [ours[metric], theirs?.get(unit)?.[againstMetric]];
    return over === undefined || (as !== "mean" && under === undefined) ? [] : [{ unit, over, under: under ?? 0 }];
  });
  if (pairs.length === 0) return undefined;
  const over = Float64Array.from(pairs, (pair) => pair.over);
  const under = Float64Array.from(pairs, (pair) => pair.under);
  const byUnit = (value: (i: number) => number): ReadonlyMap<string, number> =>
    new Map(pairs.map(({ unit }, i) => [unit, value(i)]));
  if (as === "mean" || as === "difference") {
    const values = as === "mean" ? over : over.map((value, i) => value - under[i]!);
    const ofUnit = byUnit((i) => values[i]!);
    return { estimate: meanEstimate(values, resamples), ofUnit, linear: ofUnit };
  }
  const ratio = ratioEstimate(over, under, resamples);
  if (ratio === undefined) return undefined;
  const meanUnder = under.reduce((sum, each) => sum + each, 0) / under.length;
  const shown = (value: number): number => (as === "saving" ? 1 - value : value);
  return {
    estimate: as === "saving" ? { ...ratio, mean: 1 - ratio.mean, low: 1 - ratio.high, high: 1 - ratio.low } : ratio,
    ofUnit: byUnit((i) => shown(over[i]! / under[i]!)),
    linear: byUnit((i) => shown(ratio.mean + (over[i]! - ratio.mean * under[i]!) / meanUnder)),
  };
}

/** USD, h, share, ... as `metrics` has it; a saving is a share, a ratio has no unit. */
export function unitOf({ metric, as }: Quantity): string {
  if (as === "ratio") return "";
  return as === "saving" ? "share" : (metricNamed(metric)?.unit ?? "");
}

/** @example quantityName({ metric: "costUsd", policy: "greedy", as: "saving", at: {} }, "on-demand") // "cost of greedy, saving against on-demand" */
export function quantityName(
  { metric, policy, as, against, againstMetric, at, againstAt }: Quantity,
  baseline: string,
): string {
  const title = (name: string): string =>
    (metricNamed(name)?.title ?? name).replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase());
  const where = (point: Quantity["at"] = {}): string => {
    const axes = Object.entries(point).map(
      ([axis, value]) => `${axis} ${typeof value === "string" ? value : JSON.stringify(value)}`,
    );
    return axes.length > 0 ? ` (${axes.join(", ")})` : "";
  };
  const other = `${againstMetric === undefined ? "" : `${title(againstMetric)} of `}${against ?? baseline}${where(againstAt)}`;
  const relation = {
    mean: "",
    difference: ` minus ${other}`,
    ratio: ` over ${other}`,
    saving: `, saving against ${other}`,
  };
  return `${title(metric)} of ${policy}${where(at)}${relation[as]}`;
}
