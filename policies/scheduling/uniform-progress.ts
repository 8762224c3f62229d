import { z } from "zod";
import { definePolicy } from "../contract/policy.ts";
import type { FleetView, JobView } from "../contract/view.ts";
import { type Choice, hasSpot, steerJobs, whereIs } from "./gang.ts";

/**
 * Keeps to the line from (0, 0) to (R, C): spot whenever there is some, on-demand when it has fallen behind the line. Leaves
 * on-demand for spot only when it is ahead of where the line will be after the two overheads that the excursion may cost, and
 * never for nothing. Run it inside with-safety-net.
 *
 * Source: Wu et al., "Can't Be Late", NSDI 2024, 5.2 and 5.5: C = workS, C - C(t) = doneS, R = deadlineS - arrivalS,
 * t = time since arrival, e(t) = t C / R the expected progress, d = restartOverheadS. The hysteresis is strict, as in Figure 10b.
 */
export const uniformProgress = definePolicy({
  name: "uniform-progress",
  summary:
    "Spot when there is some, on-demand when behind the line from start to deadline, back when well ahead of it.",
  source: "Wu et al., Can't Be Late, NSDI 2024, sections 5.2 and 5.5: uniform progress",
  workloads: ["deadline-job"],
  needs: ["grid", "availability"],
  params: z.strictObject({
    hysteresis: z
      .boolean()
      .default(true)
      .describe("false: leaves on-demand whenever there is spot (the paper's plain variant, Figure 9)"),
  }),
  memory: () => ({}),
  create: ({ hysteresis }) => ({
    decide(view, act) {
      steerJobs(view, act, (job) => keepPace(view, job, hysteresis));
    },
  }),
});

/** What keeps a job on its line. */
export function keepPace(view: FleetView, job: JobView, hysteresis: boolean): Choice {
  const spot = hasSpot(view, job);
  const leadS = hysteresis ? 2 * job.restartOverheadS : -Infinity;
  if (whereIs(job) === "onDemand") return spot && isAhead(job, view.nowS + leadS) ? SPOT : STAY;
  if (spot) return SPOT;
  return isBehind(job, view.nowS) ? BEHIND : IDLE;
}

const SPOT = { to: "spot", why: "spot is there" } as const;
const STAY = { to: "onDemand", why: "not ahead of the line" } as const;
const BEHIND = { to: "onDemand", why: "behind the line" } as const;
const IDLE = { to: "idle", why: "ahead of the line, waits for spot" } as const;

/** done < e(t), as products, which are exact for whole seconds. */
export const isBehind = (job: JobView, timeS: number): boolean => progressLead(job, timeS) < 0;

export const isAhead = (job: JobView, timeS: number): boolean => progressLead(job, timeS) > 0;

const progressLead = ({ workS, doneS, deadlineS, arrivalS }: JobView, timeS: number): number =>
  doneS * (deadlineS - arrivalS) - (timeS - arrivalS) * workS;
