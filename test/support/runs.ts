import type { CloudSpec, Distribution, Scenario } from "../../policies/contract/scenario.ts";
import type { Seconds } from "../../policies/contract/units.ts";
import type { Decisions } from "../../policies/decider.ts";
import { resolveScenario } from "../../policies/registry.ts";
import { simulate } from "../../sim/simulate.ts";
import type { SimulationInput } from "../../sim/simulation.ts";
import type { DeadlineJobParams } from "../../sim/workloads/deadline-job-params.ts";
import type { ServingParams } from "../../sim/workloads/serving-params.ts";
import type { TasksParams } from "../../sim/workloads/tasks-params.ts";
import { tableFromSeries, withOnDemand } from "../../traces/columns.ts";
import type { TraceTable } from "../../traces/trace-table.ts";
import { inventedProfile } from "../policies/invented-profile.ts";

// Small worlds for tests: constant timings, so that every instant can be worked out by hand.

const constant = (value: number): Distribution => ({ kind: "constant", value });

/** Answer after 4 s, billed from 44 s, ready at 60 s, notice of 120 s. */
export const handCloud: CloudSpec = {
  profile: "aws",
  answerS: constant(4),
  noticeLeadS: constant(120),
  launchS: { boot: constant(40), imagePull: constant(6), engineStart: constant(10) },
  interruptions: { model: "capacity" },
  visibility: "told",
  depth: "observed",
  slotsPerInstance: 1,
  instanceTypes: { "g.x": { gpuMemoryMiB: 24_000, networkMiBPerS: 100 } },
};

export type Steps = readonly (readonly [timeS: Seconds, value: number])[];

/** Spot zones z0, z1, ... of type g.x with step functions of price and capacity, and on-demand at 3.6 USD/h in each zone. */
export function table(
  zones: readonly { price?: Steps; capacity?: Steps; region?: string }[],
  endS: Seconds,
): TraceTable {
  const spot = tableFromSeries(
    zones.map(({ price = [[0, 1.8]], capacity, region = "r" }, z) => ({
      market: { instanceType: "g.x", region, zone: `z${z}`, capacityType: "spot" as const },
      price: { timesS: price.map(([timeS]) => timeS), usdPerHour: price.map(([, usd]) => usd) },
      ...(capacity === undefined
        ? {}
        : { capacity: { timesS: capacity.map(([timeS]) => timeS), counts: capacity.map(([, count]) => count) } }),
      depth: { kind: "observed" as const, instances: 4 },
      gapS: 0,
    })),
    { digest: "test", endS },
  );
  return withOnDemand(spot, () => 3.6);
}

export const handTasks: TasksParams = {
  tasks: 1,
  arrivals: { kind: "atStart" },
  workH: { kind: "constant", value: 1 },
  memoryMiB: 1_000,
  state: { baseMiB: 0, perHourMiB: 0, maxMiB: 1, grows: true },
  onReclaim: "restart",
};

export function input(
  changes: Partial<Omit<SimulationInput, "workload">> & {
    readonly table: TraceTable;
    readonly tasks?: Partial<TasksParams>;
  },
): SimulationInput {
  const { tasks, ...rest } = changes;
  return {
    horizonS: changes.table.endS,
    workload: { model: "tasks", params: { ...handTasks, ...tasks } },
    cloud: handCloud,
    cadence: { onChange: true },
    seed: "test",
    ...rest,
  };
}

/** The same cloud in ticks: nothing takes time but the job's own restarts, and all is told. */
export const tickCloud: CloudSpec = {
  profile: "cbl-tick-v1",
  interruptions: { model: "capacity" },
  visibility: "told",
  depth: "observed",
  slotsPerInstance: 1,
  instanceTypes: handCloud.instanceTypes,
};

/** SkyNomad's ticks: only trying tells, and a job's state costs 2 cents a GiB to move. */
export const zonesCloud: CloudSpec = {
  ...tickCloud,
  profile: "skynomad-tick",
  visibility: "tried",
  bill: { transfer: { betweenZonesUsdPerGib: 0, betweenRegionsUsdPerGib: 0.02 } },
};

/** One job with a deadline: 10 h of work in 15 h, restarts of 20 min, asked every 10 min in ticks. */
export function jobInput(
  changes: Partial<Omit<SimulationInput, "workload">> & {
    readonly table: TraceTable;
    readonly job?: Partial<DeadlineJobParams>;
  },
): SimulationInput {
  const { job, ...rest } = changes;
  const params = { workH: 10, deadlineH: 15, restartOverheadS: 1_200, nodes: 1, ...job };
  return {
    horizonS: changes.table.endS,
    workload: { model: "deadline-job", params },
    cloud: tickCloud,
    cadence: { onChange: false, everyS: 600 },
    seed: "test",
    ...rest,
  };
}

/** A service of 2 replicas in ticks of 30 s, which start in 2 min. */
export function serviceInput(
  changes: Partial<Omit<SimulationInput, "workload">> & {
    readonly table: TraceTable;
    readonly service?: Partial<ServingParams>;
  },
): SimulationInput {
  const { service, ...rest } = changes;
  return {
    horizonS: changes.table.endS,
    workload: { model: "serving", params: { replicas: 2, ...service } },
    cloud: { ...tickCloud, profile: "skyserve-tick", visibility: "tried" },
    cadence: { onChange: false, everyS: 30 },
    seed: "test",
    ...rest,
  };
}

/**
 * A model of 12 layers cut over instances of 4 GPUs, timed by an invented profile, while nodes come and go as SpotServe's traces have
 * it; a request every second or so.
 */
export function cutServiceInput({
  visibility = "told",
  perS = 1,
  params,
  capacity = [
    [0, 4],
    [300, 6],
    [700, 5],
    [760, 3],
    [1200, 7],
    [1500, 2],
    [1560, 5],
  ],
  ...changes
}: Partial<Omit<SimulationInput, "workload">> & {
  readonly visibility?: CloudSpec["visibility"];
  readonly perS?: number;
  readonly params?: Partial<NonNullable<ServingParams["requests"]>>;
  readonly capacity?: Steps;
} = {}): SimulationInput {
  const file = { ...inventedProfile({ layers: 12, hiddenSize: 4096 }) };
  return {
    table: table([{ price: [[0, 1]], capacity }], 2_400),
    horizonS: 2_400,
    workload: {
      model: "serving",
      params: {
        replicas: 1,
        warmupS: 120,
        requests: {
          from: {
            arrivals: { kind: "poisson", perS },
            tokens: { input: { kind: "constant", value: 512 }, output: { kind: "lognormal", median: 40, p95: 100 } },
          },
          startS: 120,
          batchMax: 4,
          measured: { file, pipeline: 2, tensor: 4, promptTokens: 512 },
          modelParallel: { gpusMin: 4, outputTokens: 40 },
          ...params,
        },
      },
    },
    cloud: {
      profile: "spotserve",
      interruptions: { model: "capacity" },
      visibility,
      depth: "observed",
      slotsPerInstance: 1,
      instanceTypes: {
        "g.x": { gpuMemoryMiB: 65_536, networkMiBPerS: 5_960, gpu: { count: 4, bandwidthGBPerS: 320, fp16Tflops: 65 } },
      },
    },
    cadence: { onChange: true },
    seed: "cut",
    ...changes,
  };
}

/** Ticks for services that answer requests, on instances like a g5.xlarge. */
export const gpuCloud: CloudSpec = {
  ...tickCloud,
  profile: "skyserve-tick",
  visibility: "tried",
  instanceTypes: {
    "g.x": { gpuMemoryMiB: 22_528, networkMiBPerS: 100, gpu: { count: 1, bandwidthGBPerS: 600, fp16Tflops: 70 } },
  },
};

/** One request every two seconds of some 200 + 100 tokens to an 8B model. */
export const handRequests: NonNullable<ServingParams["requests"]> = {
  from: {
    arrivals: { kind: "poisson", perS: 0.5 },
    tokens: {
      input: { kind: "lognormal", median: 200, p95: 800 },
      output: { kind: "lognormal", median: 100, p95: 300 },
    },
  },
  model: "llama-3-8b",
  prefixes: { count: 20, tokens: 100 },
  client: { timeoutS: 60 },
  slo: { ttftS: 1, tpotS: 0.1 },
};

export const scenario = (scheduling: string, more: Partial<Scenario> = {}): Decisions =>
  resolveScenario({ scheduling, assignment: "earliest-node", ...more });

export const run = (changes: Parameters<typeof input>[0], decisions: Decisions) => simulate(input(changes), decisions);
