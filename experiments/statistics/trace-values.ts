import type { RunRecord } from "../record.ts";
import type { TraceValues } from "../summary.ts";
import { byUnit, unitsOf } from "./units.ts";

/**
 * What each policy came to on each stretch of each trace, before traces are averaged inside a unit and units are compared.
 * @param records of one point of the sweep. @param replicates how many a whole unit has.
 */
export function traceValuesOf(records: readonly RunRecord[], metric: string, replicates: number): TraceValues[] {
  const traces = [...Map.groupBy(records, ({ spec }) => spec.trace)].sort(([a], [b]) => (a < b ? -1 : 1));
  return traces.map(([trace, ofTrace]) => {
    const units = byUnit(ofTrace).map(([unit]) => unit);
    const policies = [...Map.groupBy(ofTrace, ({ spec }) => spec.policyId)].sort(([a], [b]) => (a < b ? -1 : 1));
    const values = policies.map(([policyId, ofPolicy]) => {
      const metrics = unitsOf(ofPolicy, replicates);
      return [policyId, units.map((unit) => metrics.get(unit)?.[metric] ?? null)] as const;
    });
    return { trace, units, values: Object.fromEntries(values) };
  });
}
