import { canonicalJson } from "../digest.ts";
import { metricNamed } from "../metrics.ts";
import { meanEstimate, ratioEstimate, stepEstimate } from "../statistics/estimate.ts";
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
  /** Unit -> what it adds to the two sums whose ratio is the estimate. */
  readonly sums: ReadonlyMap<string, readonly [over: number, under: number]>;
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
  const byUnit = <T>(value: (i: number) => T): ReadonlyMap<string, T> =>
    new Map(pairs.map(({ unit }, i) => [unit, value(i)]));
  if (as === "mean" || as === "difference") {
    const values = as === "mean" ? over : over.map((value, i) => value - under[i]!);
    const ofUnit = byUnit((i) => values[i]!);
    return { estimate: meanEstimate(values, resamples), ofUnit, sums: byUnit((i) => [values[i]!, 1]) };
  }
  const ratio = ratioEstimate(over, under, resamples);
  if (ratio === undefined) return undefined;
  const saving = as === "saving";
  return {
    estimate: saving ? { ...ratio, mean: 1 - ratio.mean, low: 1 - ratio.high, high: 1 - ratio.low } : ratio,
    ofUnit: byUnit((i) => (saving ? 1 - over[i]! / under[i]! : over[i]! / under[i]!)),
    // 1 - over / under is a ratio too.
    sums: byUnit((i) => [saving ? under[i]! - over[i]! : over[i]!, under[i]!]),
  };
}

/** From one quantity to another, on the units that both have: paired, so what they share of luck cancels. */
export function changeOf(before: Measured, here: Measured, resamples: Resamples): Estimate | null {
  const both = [...here.sums].flatMap(([unit, to]) => {
    const from = before.sums.get(unit);
    return from === undefined ? [] : [{ from, to }];
  });
  if (both.length === 0) return null;
  const column = (of: "from" | "to", k: 0 | 1) => Float64Array.from(both, (each) => each[of][k]);
  return (
    stepEstimate(
      { over: column("from", 0), under: column("from", 1) },
      { over: column("to", 0), under: column("to", 1) },
      resamples,
    ) ?? null
  );
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
