import { quantile } from "../../sim/quantile.ts";
import type { Resamples } from "../statistics/resamples.ts";
import type { Estimate, PublishedFigure, SingleRuns, Verdict } from "../summary.ts";
import type { Expected, Published, Quantity } from "./published-schema.ts";
import { changeOf, type Measured, measured, quantityName, type SweepPoint, unitOf } from "./quantity.ts";

/** Below so many runs their middle 95 % would be little else than all of them. */
const RUNS_MIN = 40;

/**
 * Figures, published or expected, beside ours. A figure holds where our whole 95 % interval lies within it and its tolerance, does not
 * where the interval lies wholly outside, and cannot be told otherwise: more units would tell. One that was a single run holds
 * where it lies among the middle 95 % of our runs.
 *
 * @param replicates in a unit: a unit is a single run only where there is one.
 */
export const judged = (
  figures: readonly (Published | Expected)[],
  {
    baseline,
    points,
    replicates,
    resamples,
  }: {
    readonly baseline: string;
    readonly points: readonly SweepPoint[];
    readonly replicates: number;
    readonly resamples: Resamples;
  },
): PublishedFigure[] =>
  figures.map(({ id, claim, value, of, within, ours: quantity, why, steps, ...more }) => {
    const levelOf = (each: Quantity) => measured(each, baseline, points, resamples);
    const ours = levelOf(quantity);
    const levels = steps.map((step) => levelOf(step.ours));
    const [from, to] = typeof value === "number" ? [value, value] : [value.from ?? null, value.to ?? null];
    const runs = ours === undefined || replicates > 1 ? null : singleRuns(ours, from ?? to!);
    return {
      id,
      claim,
      source: "source" in more ? more.source : null,
      from,
      to,
      of,
      within,
      quantity: quantityName(quantity, baseline),
      unit: unitOf(quantity),
      ours: ours?.estimate ?? null,
      offBy: ours === undefined ? null : offBy(ours.estimate.mean, from, to),
      runs,
      verdict:
        of === "oneRun"
          ? runVerdict(from!, runs)
          : meanVerdict(ours?.estimate, (from ?? -Infinity) - within, (to ?? Infinity) + within),
      why: why ?? null,
      steps: steps.map(({ label, ours, why }, i) => {
        const [before, here] = [levels[i - 1], levels[i]];
        return {
          label,
          quantity: quantityName(ours, baseline),
          ours: here?.estimate ?? null,
          change: here && before ? changeOf(before, here, resamples) : null,
          why: why ?? null,
        };
      }),
    };
  });

function meanVerdict(ours: Estimate | undefined, from: number, to: number): Verdict {
  if (ours === undefined || ours.kind === "range") return "cannot be told";
  if (ours.low >= from && ours.high <= to) return "holds";
  return ours.high < from || ours.low > to ? "does not hold" : "cannot be told";
}

function runVerdict(value: number, runs: SingleRuns | null): Verdict {
  if (runs === null || runs.n < RUNS_MIN) return "cannot be told";
  return value >= runs.low && value <= runs.high ? "holds" : "does not hold";
}

function singleRuns({ sums }: Measured, figure: number): SingleRuns | null {
  const values = Float64Array.from(sums.values(), ([over, under]) => over / under)
    .filter(Number.isFinite)
    .sort();
  if (values.length === 0) return null;
  return {
    n: values.length,
    low: quantile(values, 0.025),
    median: quantile(values, 0.5),
    high: quantile(values, 0.975),
    shareAtLeast: values.filter((value) => value >= figure).length / values.length,
  };
}

/** From the nearer end; 0 inside. */
function offBy(mean: number, from: number | null, to: number | null): number {
  if (from !== null && mean < from) return mean - from;
  return to !== null && mean > to ? mean - to : 0;
}
