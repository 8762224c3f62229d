import { z } from "zod";
import { definePolicy } from "../contract/policy.ts";
import { type Choice, hasSpot, steerJobs } from "./gang.ts";
import { keepPace } from "./uniform-progress.ts";

/**
 * Only spot while the deadline is far: until what is left of the work is so large a share of the time left, then uniform progress to
 * the end. Run it inside with-safety-net.
 * Source: Wu et al., "Can't Be Late", NSDI 2024, A.8: C(t) / R(t) >= 0.7, with C(t) = workS - doneS, R(t) = deadlineS - t.
 */
export const looseStart = definePolicy({
  name: "loose-start",
  summary:
    "Spot or nothing while the deadline is far, uniform progress once the work left is `share` of the time left.",
  source: "Wu et al., Can't Be Late, NSDI 2024, appendix A.8: loose deadlines",
  workloads: ["deadline-job"],
  needs: ["grid", "availability"],
  params: z.strictObject({
    share: z.number().positive().max(1).default(0.7).describe("work left / time left from which it keeps pace"),
  }),
  memory: (): Memory => ({ keepsPace: {} }),
  create: ({ share }) => ({
    decide(view, act, { keepsPace }) {
      steerJobs(view, act, (job): Choice => {
        if (job.workS - job.doneS >= share * (job.deadlineS - view.nowS)) keepsPace[job.id] = true;
        if (keepsPace[job.id] !== undefined) return keepPace(view, job, true);
        return hasSpot(view, job) ? SPOT : IDLE;
      });
    },
  }),
});

/** The jobs that have begun to. */
type Memory = { keepsPace: { [job: string]: true } };

const SPOT = { to: "spot", why: "spot is there" } as const;
const IDLE = { to: "idle", why: "the deadline is far, waits for spot" } as const;
