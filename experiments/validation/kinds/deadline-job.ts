import { z } from "zod";
import type { Scenario } from "../../../policies/contract/scenario.ts";
import { HOUR_S, type Seconds } from "../../../policies/contract/units.ts";
import { resolveScenario } from "../../../policies/registry.ts";
import { simulate } from "../../../sim/simulate.ts";
import type { Timeline } from "../../../sim/simulation.ts";
import { tableFromSeries } from "../../../traces/columns.ts";
import type { TraceTable } from "../../../traces/trace-table.ts";
import { type Computed, defineKind } from "../kind.ts";
import { probesOf, SKYPILOT } from "./source.ts";

const hours = z.number().nonnegative();
const params = z.object({
  C_hours: hours.positive(),
  R_hours: hours.positive(),
  d_hours: hours,
  k: z.number().positive(),
  nodes: z.int().positive(),
  n: z.int().positive().optional(),
});
type Params = z.infer<typeof params>;

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
  omniscient_heterogeneous: () => ({ scheduling: "omniscient-heterogeneous" }),
} satisfies Readonly<Record<string, (params: Params) => Pick<Scenario, "scheduling" | "wrappers">>>;

/** Of one instance: billed hours, work, costs in hours of one spot instance. */
export const deadlineJob = defineKind({
  name: "deadline-job",
  summary:
    "One run of a deadline job in ticks: cost in spot hours, hours billed and worked on spot and on-demand, launches, finish.",
  policies: Object.keys(POLICIES) as (keyof typeof POLICIES)[],
  inputs: z.object({ trace: z.string(), gapSeconds: z.int().positive(), startTick: z.int().nonnegative() }),
  params,
  compute: async ({ trace, gapSeconds: tickS, startTick }, params, policy) => {
    const { values, gapS } = await probesOf(SKYPILOT, trace);
    if (gapS !== tickS) throw new Error(`${trace}: its ticks are ${gapS} s long, inputs.gapSeconds says ${tickS}`);
    const { C_hours: C, R_hours: R, d_hours: d, k, nodes } = params;
    const [workS, deadlineS, restartOverheadS] = [seconds(C), seconds(R), seconds(d)];
    const horizonS = Math.ceil(deadlineS / tickS) * tickS;
    const table = twoMarkets(values.slice(startTick), tickS, horizonS, k);
    const { metrics, timeline } = simulate(
      {
        table,
        horizonS,
        workload: {
          model: "deadline-job",
          params: { workH: workS / HOUR_S, deadlineH: deadlineS / HOUR_S, restartOverheadS, nodes },
        },
        cloud: CLOUD,
        cadence: { onChange: false, everyS: tickS },
        seed: "",
        traced: true,
      },
      resolveScenario({ ...POLICIES[policy](params), assignment: "earliest-node" }),
    );
    return told(metrics, timeline!, tickS, params);
  },
});

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

/** Spot at 1 as the probes say, and on-demand at k. After the last probe there is no spot. */
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

function told(
  metrics: Readonly<Record<string, number>>,
  { work, instances }: Timeline,
  tickS: Seconds,
  { C_hours: C, k, nodes }: Params,
): Computed {
  const { costUsd: costUnits } = metrics as { readonly costUsd: number };
  const last = work.filter(({ ended }) => ended === "completed");
  const completed = last.length > 0;
  const doneS = last[0]?.toS ?? 0;
  const finishS = Math.ceil(doneS / tickS) * tickS;
  const pricePerHour = ({ instance }: { readonly instance: number }) =>
    instances.find(({ id }) => id === instance)!.market === 0 ? 1 : k;
  const unused = last.reduce((sum, each) => sum + (pricePerHour(each) * (finishS - doneS)) / HOUR_S, 0);
  return {
    costUnits,
    proratedCostUnits: costUnits - unused,
    billedSpotHours: metrics.spotUpHours! / nodes,
    billedOdHours: metrics.onDemandUpHours! / nodes,
    workSpotHours: metrics.spotWorkHours,
    workOdHours: metrics.onDemandWorkHours,
    launches: metrics.gangStarts,
    preemptions: metrics.gangReclaims,
    finishHours: completed ? finishS / HOUR_S : null,
    completed,
    // Read as the deadline rounded up to ticks, where the run ends.
    deadlineMet: completed,
    savingsPct: 100 * (1 - costUnits / (nodes * k * C)),
  };
}
