import type { PolicySpec } from "../policies/contract/policy.ts";
import { createRandom } from "../policies/contract/random.ts";
import type { Json } from "../policies/contract/units.ts";
import { resolveScenario } from "../policies/registry.ts";
import { simulate } from "../sim/simulate.ts";
import type { SimulationResult } from "../sim/simulation.ts";
import { TaskList } from "../sim/workloads/task-list.ts";
import { tasksParams } from "../sim/workloads/tasks-params.ts";
import type { RequestColumns } from "../traces/requests.ts";
import type { TraceTable } from "../traces/trace-table.ts";
import { seedAccounting } from "./audit/seed-accounting.ts";
import type { RunSpec } from "./record.ts";

/**
 * The result of a cell, from its specification and its table alone. What this file imports is what a cell's key calls the
 * engine's code.
 * @param own a policy of the user's own, where the specification names a file. @param requests those of the file that the workload names.
 * @throws what `resolveScenario` and `simulate` throw.
 */
export function runCell(
  spec: RunSpec,
  table: TraceTable,
  options: {
    readonly own?: PolicySpec<unknown, Json> | undefined;
    readonly traced?: boolean;
    readonly requests?: RequestColumns | undefined;
  } = {},
): SimulationResult {
  const { policy, lengthS, drainS, workload, cloud, cadence, seed, accounting } = spec;
  const { own, traced = false, requests } = options;
  const { params } = typeof policy.scheduling === "string" ? {} : policy.scheduling;
  const decisions =
    own === undefined
      ? resolveScenario(policy)
      : resolveScenario({ ...policy, scheduling: { name: own.name, ...(params === undefined ? {} : { params }) } }, [
          own,
        ]);
  const input = { table, horizonS: lengthS, drainS, workload, cloud, cadence, seed, requests };
  if (accounting === undefined) return simulate({ ...input, traced }, decisions);
  const { timeline, ...result } = simulate({ ...input, traced: true }, decisions);
  const tasks = new TaskList(tasksParams.parse(workload.params), createRandom(seed));
  const accounts = seedAccounting({ timeline: timeline!, table, workS: (task) => tasks.task(task).workS });
  return { ...result, metrics: { ...result.metrics, ...accounts }, ...(traced ? { timeline: timeline! } : {}) };
}
