import { z } from "zod";
import type { Scenario } from "../../policies/contract/scenario.ts";
import { HOUR_S, type Seconds } from "../../policies/contract/units.ts";
import { resolveScenario } from "../../policies/registry.ts";
import { simulate } from "../../sim/simulate.ts";
import type { SimulationResult } from "../../sim/simulation.ts";
import { tableFromSeries } from "../../traces/columns.ts";
import type { TraceTable } from "../../traces/trace-table.ts";

const hours = z.number().nonnegative();

/** A deadline job in the paper's words: C, R, d, k, N, and n of slices. */
export const tickJobSchema = z.object({
  C_hours: hours.positive(),
  R_hours: hours.positive(),
  d_hours: hours,
  k: z.number().positive(),
  nodes: z.int().positive(),
  n: z.int().positive().optional(),
});
export type TickJob = z.infer<typeof tickJobSchema>;

const netted = (scheduling: Scenario["scheduling"]) => ({ scheduling, wrappers: [{ name: "with-safety-net" }] });

/** What target files call the policies, and what they are here. */
const POLICIES = {
  on_demand: () => ({ scheduling: "on-demand-only" }),
  spot_only: () => ({ scheduling: "spot-only" }),
  afap: () => ({ scheduling: "as-fast-as-possible" }),
  greedy: () => netted("greedy-deadline"),
  up_plain: () => netted({ name: "uniform-progress", params: { hysteresis: false } }),
  uniform_progress: () => netted("uniform-progress"),
  up_oracle: () => netted("up-next-lifetime"),
  time_sliced: ({ n }) => netted({ name: "time-sliced", params: { slices: n } }),
  omniscient: () => ({ scheduling: "omniscient" }),
  omniscient_sliced: ({ n }) => ({ scheduling: { name: "omniscient-sliced", params: { slices: n } } }),
  omniscient_heterogeneous: () => ({ scheduling: "omniscient-heterogeneous" }),
} satisfies Readonly<Record<string, (job: TickJob) => Pick<Scenario, "scheduling" | "wrappers">>>;

export type TickPolicy = keyof typeof POLICIES;
export const tickPolicies = Object.keys(POLICIES) as TickPolicy[];

/**
 * One run of a deadline job in Can't Be Late's ticks, on what probes found: spot at 1 an instance-hour, on-demand at k, so that costs
 * are in hours of one spot instance. Hours are rounded to whole seconds. After the last probe there is no spot.
 * @param counts instances obtainable, a tick each; the job arrives with the first
 */
export function tickRun(
  counts: readonly number[],
  tickS: Seconds,
  job: TickJob,
  policy: TickPolicy,
  traced = false,
): SimulationResult {
  const { C_hours: C, R_hours: R, d_hours: d, k, nodes } = job;
  const [workS, deadlineS, restartOverheadS] = [seconds(C), seconds(R), seconds(d)];
  const horizonS = Math.ceil(deadlineS / tickS) * tickS;
  return simulate(
    {
      table: twoMarkets(counts, tickS, horizonS, k),
      horizonS,
      workload: {
        model: "deadline-job",
        params: { workH: workS / HOUR_S, deadlineH: deadlineS / HOUR_S, restartOverheadS, nodes },
      },
      cloud: CLOUD,
      cadence: { onChange: false, everyS: tickS },
      seed: "",
      traced,
    },
    resolveScenario({ ...POLICIES[policy](job), assignment: "earliest-node" }),
  );
}

const INSTANCE_TYPE = "any";
const CLOUD = {
  profile: "cbl-tick-v1",
  interruptions: { model: "capacity" },
  visibility: "told",
  depth: "observed",
  slotsPerInstance: 1,
  instanceTypes: { [INSTANCE_TYPE]: { gpuMemoryMiB: 1, networkMiBPerS: 1 } },
} as const;

const seconds = (h: number): Seconds => Math.round(h * HOUR_S);

function twoMarkets(counts: readonly number[], tickS: Seconds, horizonS: Seconds, k: number): TraceTable {
  const probedS = counts.length * tickS;
  const all = [...counts, 0];
  const changes = [...all.keys()].filter((tick) => tick === 0 || all[tick] !== all[tick - 1]);
  const market = (capacityType: "spot" | "onDemand", usdPerHour: number) => ({
    market: { instanceType: INSTANCE_TYPE, region: "any", zone: "any", capacityType },
    price: { timesS: [0], usdPerHour: [usdPerHour] },
    gapS: capacityType === "spot" ? tickS : 0,
  });
  return tableFromSeries(
    [
      {
        ...market("spot", 1),
        capacity: { timesS: changes.map((tick) => tick * tickS), counts: changes.map((tick) => all[tick]!) },
        depth: { kind: "observed", instances: Math.max(...all) },
      },
      { ...market("onDemand", k), depth: { kind: "unlimited", instances: 0 } },
    ],
    { digest: "", endS: Math.max(probedS, horizonS) },
  );
}
