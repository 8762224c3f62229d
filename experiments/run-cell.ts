import type { PolicySpec } from "../policies/contract/policy.ts";
import type { Json } from "../policies/contract/units.ts";
import { resolveScenario } from "../policies/registry.ts";
import { simulate } from "../sim/simulate.ts";
import type { SimulationResult } from "../sim/simulation.ts";
import type { TraceTable } from "../traces/trace-table.ts";
import type { RunSpec } from "./record.ts";

/**
 * The result of a cell, from its specification and its table alone. What this file imports is what a cell's key calls the
 * engine's code.
 * @param own a policy of the user's own, where the specification names a file.
 * @throws what `resolveScenario` and `simulate` throw.
 */
export function runCell(
  { policy, lengthS, drainS, workload, cloud, cadence, seed }: RunSpec,
  table: TraceTable,
  options: { readonly own?: PolicySpec<unknown, Json> | undefined; readonly traced?: boolean } = {},
): SimulationResult {
  const { own, traced = false } = options;
  const params = typeof policy.scheduling === "string" ? undefined : policy.scheduling.params;
  const decisions =
    own === undefined
      ? resolveScenario(policy)
      : resolveScenario({ ...policy, scheduling: { name: own.name, ...(params === undefined ? {} : { params }) } }, [
          own,
        ]);
  return simulate({ table, horizonS: lengthS, drainS, workload, cloud, cadence, seed, traced }, decisions);
}
