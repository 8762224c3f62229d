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
 * The records, with each run failed that costs less than a sure bound of the same unit though it did the same work: a job by the bound's
 * own deadline, for an exact one the last whole tick before the job's; a service with no fewer replicas at any time. There can be none,
 * so each is a defect of the bound or of the engine, and what it says is not to be used.
 * @param replay of a failed cell: the command that runs it again
 */
export function failUndercuts(records: readonly RunRecord[], replay: (key: string) => string): RunRecord[] {
  const place = ({ spec }: RunRecord) => JSON.stringify([spec.axes, spec.trace, spec.unit, spec.fromS, spec.replicate]);
  const sure = records.filter((record) => record.ok && ["exact", "relaxation"].includes(boundOf(record)?.kind ?? ""));
  if (sure.length === 0) return [...records];
  const bounds = Map.groupBy(sure, place);
  return records.map((record) => {
    if (!record.ok || record.clairvoyant !== undefined) return record;
    const { key, spec, versions, metrics } = record;
    const above = bounds
      .get(place(record))
      ?.find(
        (bound) => bound.ok && didTheSame(record, bound) && metrics.costUsd! < bound.metrics.costUsd! * (1 - 1e-9),
      );
    if (!above?.ok) return record;
    const error = `Error: costs ${metrics.costUsd} USD, less than ${above.spec.policyId} (${above.metrics.costUsd} USD), a bound (${boundOf(above)!.kind}) of who does the same work: a defect of the one or the other, report it`;
    return { key, spec, versions, ok: false, error, replay: replay(key) };
  });
}

const boundOf = (record: RunRecord): Bound | null | undefined => (record.ok ? record.clairvoyant?.bound : undefined);

function didTheSame({ spec, metrics }: Done, bound: Done): boolean {
  if (spec.workload.model === "serving") return metrics.shortReplicaHours! <= bound.metrics.shortReplicaHours! + 1e-9;
  const { completionMeanH = Infinity } = metrics;
  if (boundOf(bound)!.kind === "relaxation") return completionMeanH <= deadlineH(spec);
  return bound.metrics.completedShare === 1 && completionMeanH <= lastWholeTickH(spec);
}

type Done = Extract<RunRecord, { readonly ok: true }>;

const deadlineH = ({ workload }: RunRecord["spec"]): number =>
  (workload.params as { readonly deadlineH: number }).deadlineH;

function lastWholeTickH(spec: RunRecord["spec"]): number {
  const { everyS } = spec.cadence;
  return everyS === undefined ? deadlineH(spec) : (Math.floor((deadlineH(spec) * HOUR_S) / everyS) * everyS) / HOUR_S;
}
