import { z } from "zod";
import { HOUR_S, type Seconds } from "../../../policies/contract/units.ts";
import type { Timeline } from "../../../sim/simulation.ts";
import { type Computed, defineKind } from "../kind.ts";
import { type TickJob, tickJobSchema, tickPolicies, tickRun } from "../tick-run.ts";
import { probesOf, SKYPILOT } from "./source.ts";

/** Of one instance: billed hours, work, costs in hours of one spot instance. */
export const deadlineJob = defineKind({
  name: "deadline-job",
  summary:
    "One run of a deadline job in ticks: cost in spot hours, hours billed and worked on spot and on-demand, launches, finish.",
  policies: tickPolicies,
  inputs: z.object({ trace: z.string(), gapSeconds: z.int().positive(), startTick: z.int().nonnegative() }),
  params: tickJobSchema,
  compute: async ({ trace, gapSeconds: tickS, startTick }, job, policy) => {
    const { values, gapS } = await probesOf(SKYPILOT, trace);
    if (gapS !== tickS) throw new Error(`${trace}: its ticks are ${gapS} s long, inputs.gapSeconds says ${tickS}`);
    const { metrics, timeline } = tickRun(values.slice(startTick), tickS, job, policy, true);
    return told(metrics, timeline!, tickS, job);
  },
});

function told(
  metrics: Readonly<Record<string, number>>,
  { work, instances }: Timeline,
  tickS: Seconds,
  { C_hours: C, k, nodes }: TickJob,
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
