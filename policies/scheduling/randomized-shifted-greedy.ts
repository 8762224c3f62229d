import { z } from "zod";
import { definePolicy } from "../contract/policy.ts";
import type { FleetView, JobView } from "../contract/view.ts";
import { type Choice, steerJobs } from "./gang.ts";
import { keepShares, type SliceMemory, type SlicesFrom } from "./time-sliced.ts";

/**
 * Greedy in n slices, or one share on-demand first and greedy in n - 1 slices after it, whichever a coin says: who takes spot away
 * without knowing the coin cannot spoil both. With a deadline below twice the work it runs on-demand until what is left of the
 * time is twice what is left of the work (the paper's MRSF), and tosses the coin for the rest. Run it inside with-safety-net.
 *
 * The paper bounds its expected cost against the least, by (k + 1) / 2 + (k - 1) / (2n) + O(d) for R >= 2C. As read here it can cost more:
 * test/sim/deadline-job.test.ts has a case.
 *
 * Source: Wu et al., "Can't Be Late", NSDI 2024, 4.3: Theorem 2 and its corollary; n = slices, C = workS, R = deadlineS - arrivalS,
 * C(t) = workS - doneS, R(t) = deadlineS - t, k = on-demand price / spot price.
 */
export const randomizedShiftedGreedy = definePolicy({
  name: "randomized-shifted-greedy",
  summary: "Greedy in `slices` slices, or one share on-demand and one slice less, as a coin says that nobody foresees.",
  source: "Wu et al., Can't Be Late, NSDI 2024, section 4.3: RSF, and MRSF where the deadline is below twice the work",
  details: ["The coin is tossed once a run, by the run's own luck, so replicates and units differ in it."],
  workloads: ["deadline-job"],
  needs: ["grid"],
  params: z.strictObject({
    slices: z.int().min(2).default(8).describe("into how many shares the work is cut (n)"),
    first: z
      .enum(["drawn", "slice", "share"])
      .default("drawn")
      .describe("what comes first: as the coin says; a slice, as in time-sliced; a share of the work on-demand"),
  }),
  memory: ({ first }, luck): Memory => ({
    slice: {},
    from: {},
    isShifted: first === "drawn" ? luck("randomized-shifted-greedy") < 0.5 : first === "share",
  }),
  create: ({ slices }) => ({
    decide(view, act, memory) {
      steerJobs(view, act, (job): Choice => {
        memory.from[job.id] ??= looseSince(view, job);
        const from = memory.from[job.id];
        if (from === null || from === undefined) return TIGHT;
        const lacksShare = (job.doneS - from.doneS) * slices < job.workS - from.doneS;
        if (memory.isShifted && lacksShare) return SHARE;
        return keepShares(view, job, slices, memory.isShifted ? 1 : 0, from, memory);
      });
    },
  }),
});

/** from: since when each job has had twice the time that it needs; null before. */
type Memory = SliceMemory & { from: { [job: string]: SlicesFrom | null }; isShifted: boolean };

const TIGHT = { to: "onDemand", why: "less than twice the time that is needed" } as const;
const SHARE = { to: "onDemand", why: "the coin says: a share on-demand first" } as const;

function looseSince({ nowS }: FleetView, { arrivalS, deadlineS, workS, doneS }: JobView): SlicesFrom | null {
  return deadlineS - nowS >= 2 * (workS - doneS) ? { sinceS: nowS - arrivalS, doneS } : null;
}
