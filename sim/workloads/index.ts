import type { WorkloadName } from "../../policies/contract/scenario.ts";
import { DeadlineJobWorkload } from "./deadline-job.ts";
import { ServingWorkload } from "./serving.ts";
import { TasksWorkload } from "./tasks.ts";
import type { Workload, WorkloadWorld } from "./workload.ts";

/** A workload is one line here: from the parameters that a study wrote, checked by its own schema, to what runs. */
export const workloads: Readonly<Record<WorkloadName, (params: unknown, world: WorkloadWorld) => Workload>> = {
  tasks: (params, world) => new TasksWorkload(params, world),
  "deadline-job": (params, world) => new DeadlineJobWorkload(params, world),
  serving: (params, world) => new ServingWorkload(params, world),
};
