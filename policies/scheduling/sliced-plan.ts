import type { Seconds } from "../contract/units.ts";
import { IDLE, type Plan, type PlanProblem, planFrom } from "./optimal-plan.ts";

/**
 * A plan by one who sees the future only to the end of the slice that it is in. The ticks are cut into slices, each of which has to bring
 * its share of the work, and does so at the lowest cost of an hour of progress; planned when the one before it has ended. Where no plan
 * brings the share: the one with the most progress.
 *
 * Source: Wu et al., "Can't Be Late", NSDI 2024, Figure 11, omniscient with 8 slices: least cost of progress inside a slice.
 * @param carriesOver a slice goes on as the one before it left the gang, and needs less of what that did beyond its share; where false, each
 *   is a job of its own, which launches anew
 * @returns always a plan, which in the end may bring less than the work
 * @throws ClairvoyantError as optimalPlan does, for one slice
 *
 * @example // Two slices of two ticks, spot in the second half only: the first cannot know that, and buys its share on-demand for 3.
 * slicedPlan({ workS: 2, restartOverheadS: 0, tickS: 1, ticks: 4, compositions: 2,
 *   tickUsd: (composition, tick) => (composition === 1 ? 3 : tick < 2 ? Infinity : 1) }, 2, true).costUsd // 4
 */
export function slicedPlan(problem: PlanProblem, slices: number, carriesOver: boolean): Plan {
  const { workS, tickS, ticks, tickUsd } = problem;
  const all = new Int8Array(ticks).fill(IDLE);
  const anew = new Set<number>();
  let [costUsd, doneS, before] = [0, 0, IDLE];
  for (let slice = 1; slice <= slices; slice++) {
    const from = Math.floor(((slice - 1) * ticks) / slices);
    const length = Math.floor((slice * ticks) / slices) - from;
    const leftS = workS - doneS;
    if (length === 0 || leftS <= 0) continue;
    const spanS = length * tickS;
    const shareS = carriesOver ? (slice * workS) / slices - doneS : Math.min(workS / slices, leftS);
    const within = { ...problem, ticks: length, tickUsd: (on: number, tick: number) => tickUsd(on, from + tick) };
    const chosen = (costs: Float64Array, unitS: Seconds) => cheapestProgress(costs, spanS, unitS, leftS);
    const plan =
      planFrom(within, before, spanS - Math.max(0, shareS), chosen) ?? planFrom(within, before, spanS, mostProgress);
    if (plan === undefined) continue;
    all.set(plan.ticks, from);
    costUsd += plan.costUsd;
    doneS += spanS - plan.lostS;
    if (carriesOver) before = plan.ticks[length - 1]!;
    else if (plan.ticks[0] !== IDLE) anew.add(from);
  }
  return { costUsd, ticks: all, anew };
}

/** Of losses in units of unitS: where an hour of the progress that is left to make costs least; of equal ones, with least progress. */
function cheapestProgress(costs: Float64Array, spanS: Seconds, unitS: Seconds, leftS: Seconds): number {
  let [best, least] = [0, Infinity];
  for (let lost = 0; lost < costs.length; lost++) {
    const progressS = Math.min(spanS - lost * unitS, leftS);
    if (progressS > 0 && costs[lost]! / progressS <= least) [best, least] = [lost, costs[lost]! / progressS];
  }
  return best;
}

const mostProgress = (costs: Float64Array): number => Math.max(0, costs.findIndex(Number.isFinite));
