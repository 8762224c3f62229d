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
  /** Unit of inference -> what it adds to the two sums whose ratio is the estimate: their own ratio is what it alone says. */
  readonly sums: ReadonlyMap<string, readonly [over: number, under: number]>;
}

/** Undefined where no unit has what it takes, or the divisor is 0. */
export function measured(
  { metric, policy, as, against, againstMetric = metric, at, againstAt = at }: Quantity,
  baseline: string,
  points: readonly SweepPoint[],
  resamples: Resamples,
): Measured | undefined {
  const units = unitsAt(points, at);
  const theirs = unitsAt(points, againstAt)?.get(against ?? baseline);
  const pairs = [...(units?.get(policy) ?? [])].flatMap(([unit, ours]) => {
    const [over, under] = [ours[metric], theirs?.get(unit)?.[againstMetric]];
    return over === undefined || (as !== "mean" && under === undefined) ? [] : [{ unit, over, under: under ?? 0 }];
  });
  if (pairs.length === 0) return undefined;
  const over = Float64Array.from(pairs, (pair) => pair.over);
  const under = Float64Array.from(pairs, (pair) => pair.under);
  const sums = (own: (i: number) => readonly [number, number]): Measured["sums"] =>
    new Map(pairs.map(({ unit }, i) => [unit, own(i)]));
  if (as === "mean" || as === "difference") {
    const values = as === "mean" ? over : over.map((value, i) => value - under[i]!);
    return { estimate: meanEstimate(values, resamples), sums: sums((i) => [values[i]!, 1]) };
  }
  const ratio = ratioEstimate(over, under, resamples);
  if (ratio === undefined) return undefined;
  if (as === "ratio") return { estimate: ratio, sums: sums((i) => [over[i]!, under[i]!]) };
  const { mean, low, high } = ratio;
  return {
    estimate: { ...ratio, mean: 1 - mean, low: 1 - high, high: 1 - low },
    sums: sums((i) => [under[i]! - over[i]!, under[i]!]),
  };
}

/** Of the point whose axes have the given values. */
const unitsAt = (points: readonly SweepPoint[], at: Quantity["at"]): SweepPoint["units"] | undefined =>
  points.find(({ axes }) =>
    Object.entries(at).every(([axis, value]) => axis in axes && canonicalJson(axes[axis]) === canonicalJson(value)),
  )?.units;

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
