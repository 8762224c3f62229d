import { z } from "zod";
import { definePolicy } from "../contract/policy.ts";
import type { Seconds } from "../contract/units.ts";
import type { FleetView, JobView } from "../contract/view.ts";
import { type Choice, hasSpot, steerJobs, whereIs } from "./gang.ts";
import { ceilTo, floorTo } from "./grid.ts";

/**
 * Greedy in n slices of the time to the deadline, each of which must bring its share of the work, so that one bad stretch of
 * spot cannot use up all slack. What a slice did beyond its share counts for the next. Run it inside with-safety-net; with one
 * slice it is greedy-deadline.
 *
 * Source: Wu et al., "Can't Be Late", NSDI 2024, 4.3: n = slices, C = workS, R = deadlineS - arrivalS, d = restartOverheadS.
 */
export const timeSliced = definePolicy({
  name: "time-sliced",
  summary:
    "Greedy in `slices` equal slices of the time to the deadline, each of which must bring its share of the work.",
  source: "Wu et al., Can't Be Late, NSDI 2024, section 4.3: n-sliced greedy",
  workloads: ["deadline-job"],
  needs: ["grid"],
  params: z.strictObject({
    slices: z.int().min(1).default(8).describe("into how many slices the time to the deadline is cut (n)"),
  }),
  memory: (): SliceMemory => ({ slice: {} }),
  create: ({ slices }) => ({
    decide(view, act, memory) {
      steerJobs(view, act, (job) => keepShares(view, job, slices, 0, ARRIVAL, memory));
    },
  }),
});

/** The slice that each job was in when it was last looked at. */
export type SliceMemory = { slice: { [job: string]: number } };

/** Since when, and with how much done, the slices are counted. */
export type SlicesFrom = { readonly sinceS: Seconds; readonly doneS: Seconds };
const ARRIVAL: SlicesFrom = { sinceS: 0, doneS: 0 };

/**
 * What brings each slice its share of the work.
 * @param lead shares that are done before the first slice begins, in no more time than they take: 0 or 1
 */
export function keepShares(
  view: FleetView,
  job: JobView,
  slices: number,
  lead: 0 | 1,
  from: SlicesFrom,
  memory: SliceMemory,
): Choice {
  const now = sliceOf(job, slices, lead, from, view.nowS, view.everyS ?? 0);
  const same = memory.slice[job.id] === now.slice;
  memory.slice[job.id] = now.slice;
  const at = whereIs(job);
  if (at === "spot") return SPOT;
  if (at === "onDemand" && same && now.lacks) return STAY;
  if (now.tight) return TIGHT;
  return hasSpot(view, job) ? SPOT : IDLE;
}

const SPOT = { to: "spot", why: "spot is there" } as const;
const STAY = { to: "onDemand", why: "the slice's share is not done" } as const;
const TIGHT = { to: "onDemand", why: "the slice has no slack left" } as const;
const IDLE = { to: "idle", why: "waits for spot" } as const;

/** Which slice it is, whether its share is not done yet, and whether only on-demand can still bring it. */
function sliceOf(
  job: JobView,
  slices: number,
  lead: 0 | 1,
  { sinceS, doneS }: SlicesFrom,
  nowS: Seconds,
  everyS: Seconds,
) {
  const spanS = job.deadlineS - job.arrivalS - sinceS;
  const elapsedS = nowS - job.arrivalS - sinceS;
  const workS = job.workS - doneS;
  // Times n, so that shares stay whole seconds.
  const leadS = lead * workS;
  const slice = Math.min(slices - lead, Math.max(1, Math.floor((elapsedS * slices - leadS) / spanS) + 1));
  const lackedS = (slice + lead) * workS - slices * (job.doneS - doneS);
  const endS = floorTo((leadS + slice * spanS) / slices, everyS);
  const needS = ceilTo((lackedS + 2 * slices * job.restartOverheadS) / slices, everyS);
  const lacks = lackedS > 0;
  return { slice, lacks, tight: lacks && needS >= endS - elapsedS };
}
