import { z } from "zod";
import { definePolicy, defineWrapper } from "../contract/policy.ts";
import type { Seconds } from "../contract/units.ts";
import type { FleetView, JobView } from "../contract/view.ts";
import { type Choice, hasSpot, steer, whereIs } from "../scheduling/gang.ts";
import { ceilTo, floorTo } from "../scheduling/grid.ts";

/**
 * Keeps a deadline whatever the policy inside does: when what is left of the work, with the overheads that another attempt on
 * spot could still cost, needs all of the time that is left, it takes the job over and brings it home on-demand.
 *
 * Two overheads while the job is idle or on-demand: a launch on spot costs one, and one more if it dies. One while it is on
 * spot and past its overhead: it stays there, since only a reclaim forces the next launch. Time left is rounded down to the
 * grid of asks and time needed up, so that the job is done by the deadline rounded up to the grid. An attempt
 * that may lose the work since the last checkpoint needs time for that as well.
 *
 * Source: Wu et al., "Can't Be Late", NSDI 2024, 3.3 and 5.2: R(t) < C(t) + 2d, with >= after rounding, as its simulator does.
 * SkyNomad, NSDI 2027, equation 2: one d, and on-demand where price x what is left + the move costs least.
 */
export const withSafetyNet = defineWrapper({
  name: "with-safety-net",
  summary:
    "Takes a deadline job over and finishes it on-demand once there is no time left for another attempt on spot.",
  source: "Wu et al., Can't Be Late, NSDI 2024, sections 3.3 and 5.2: safety net",
  params: z.strictObject({
    launchS: z
      .number()
      .nonnegative()
      .default(0)
      .describe("seconds a launch takes before the job's own overhead begins: counted with each restart"),
    overheads: z
      .literal([1, 2])
      .default(2)
      .describe(
        "overheads for which there must be time while idle or on-demand: 2 for another attempt, 1 for on-demand alone",
      ),
  }),
  wrap: (inner, { launchS, overheads }) =>
    definePolicy({
      ...inner,
      name: `with-safety-net(${inner.name})`,
      summary: `${inner.summary} Finishes on-demand once there is no time left for another attempt on spot.`,
      memory: (params, luck) => ({ own: null, inner: inner.memory(params, luck) }),
      create: (params, ...foresight) => {
        const policy = inner.create(params, ...foresight);
        return {
          decide(view, act, memory) {
            let left: JobView[] | undefined;
            for (const job of view.work.jobs) {
              const choice = rescue(view, job, launchS, overheads);
              if (choice === undefined) continue;
              steer(view, act, job, choice);
              left = (left ?? [...view.work.jobs]).filter((each) => each.id !== job.id);
            }
            policy.decide(left === undefined ? view : withJobs(view, left), act, memory.inner);
          },
        };
      },
    }),
});

const ON_DEMAND = { to: "onDemand", why: "no time left for another attempt on spot" } as const;
const STAY = { to: "spot", why: "no time left for a restart" } as const;
const SPOT = { to: "spot", why: "no time left, and a restart takes none" } as const;

/** What must be done with a job that has no slack left; undefined while the policy inside may choose. */
function rescue(view: FleetView, job: JobView, launchS: Seconds, overheads: 1 | 2): Choice | undefined {
  const overheadS = job.restartOverheadS + launchS;
  const at = whereIs(job);
  const leftS = floorTo(job.deadlineS - view.nowS, view.everyS);
  const needS = (overheads: number, lostS = 0) =>
    ceilTo(job.workS - job.doneS + overheads * overheadS + lostS, view.everyS);
  if (needS(1) >= leftS) {
    if (overheadS === 0 && job.checkpointEveryS === undefined && hasSpot(view, job)) return SPOT;
    return at === "spot" && job.running ? STAY : ON_DEMAND;
  }
  const attemptS = needS(overheads, overheads === 2 ? (job.checkpointEveryS ?? 0) : 0);
  return at !== "spot" && attemptS >= leftS ? ON_DEMAND : undefined;
}

const withJobs = (view: FleetView, jobs: readonly JobView[]): FleetView => ({
  nowS: view.nowS,
  everyS: view.everyS,
  markets: view.markets,
  instances: view.instances,
  work: { pending: view.work.pending, jobs, services: view.work.services },
});
