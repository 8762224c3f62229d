import type { Bound } from "../../policies/contract/policy.ts";
import { HOUR_S } from "../../policies/contract/units.ts";
import type { RunRecord } from "../record.ts";
import type { Regret } from "../summary.ts";
import { ratioEstimate } from "./estimate.ts";
import type { Resamples } from "./resamples.ts";
import type { Units } from "./units.ts";

/** Policies that were told the future, and what their cost is a bound of; null: of nothing. */
export type Clairvoyants = ReadonlyMap<string, Bound | null>;

export const clairvoyantsOf = (records: readonly RunRecord[]): Clairvoyants =>
  new Map(
    records.flatMap((record) =>
      record.ok && record.clairvoyant ? [[record.spec.policyId, record.clairvoyant.bound]] : [],
    ),
  );

/** The policies whose cost is surely no more than the least. */
export const surelyBelow = (clairvoyants: Clairvoyants): string[] =>
  [...clairvoyants].filter(([, bound]) => bound !== null && bound.kind !== "heuristic").map(([policyId]) => policyId);

/** What a policy pays beyond each sure bound, as a share of it, on the units that both have. */
export function regretsOf(
  policyId: string,
  bounds: readonly string[],
  units: ReadonlyMap<string, Units>,
  resamples: Resamples,
): Regret[] {
  return bounds.flatMap((bound) => {
    const pairs = [...units.get(policyId)!].flatMap(([unit, { costUsd: ours }]) => {
      const least = units.get(bound)?.get(unit)?.costUsd;
      return ours === undefined || least === undefined ? [] : [{ ours, least }];
    });
    if (pairs.length === 0) return [];
    const of = (side: "ours" | "least") => Float64Array.from(pairs, (pair) => pair[side]);
    const ratio = ratioEstimate(of("ours"), of("least"), resamples, 0.95);
    if (ratio === undefined) return [];
    const { mean, low, high } = ratio;
    return [{ bound, share: { ...ratio, mean: mean - 1, low: low - 1, high: high - 1 } }];
  });
}

/**
 * Runs that cost less than an exact bound of the same unit, though they did the same work: a job by the bound's own deadline, the last
 * whole tick before the job's; a service with no fewer replicas at any time. There can be none, so each is a defect of the bound or of
 * the engine.
 */
export function undercuts(
  records: readonly RunRecord[],
): { readonly policyId: string; readonly bound: string; readonly key: string }[] {
  const place = ({ spec }: RunRecord) => JSON.stringify([spec.trace, spec.unit, spec.fromS, spec.replicate]);
  const bounds = Map.groupBy(
    records.filter((record) => record.ok && record.clairvoyant?.bound?.kind === "exact"),
    place,
  );
  return records.flatMap((record) => {
    if (!record.ok || record.clairvoyant !== undefined) return [];
    const { spec, metrics, key } = record;
    return (bounds.get(place(record)) ?? []).flatMap((bound) => {
      if (!bound.ok || !didTheSame(spec, metrics, bound.metrics)) return [];
      return metrics.costUsd! < bound.metrics.costUsd! * (1 - 1e-9)
        ? [{ policyId: spec.policyId, bound: bound.spec.policyId, key }]
        : [];
    });
  });
}

function didTheSame(spec: RunRecord["spec"], ours: Metrics, bound: Metrics): boolean {
  if (spec.workload.model === "serving") return ours.shortReplicaHours! <= bound.shortReplicaHours! + 1e-9;
  const { completionMeanH = Infinity } = ours;
  return bound.completedShare === 1 && completionMeanH <= lastWholeTickH(spec);
}

type Metrics = Extract<RunRecord, { readonly ok: true }>["metrics"];

function lastWholeTickH({ workload, cadence }: RunRecord["spec"]): number {
  const { deadlineH } = workload.params as { readonly deadlineH: number };
  const { everyS } = cadence;
  return everyS === undefined ? deadlineH : (Math.floor((deadlineH * HOUR_S) / everyS) * everyS) / HOUR_S;
}
