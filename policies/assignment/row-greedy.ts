import { type Choose, inOrder } from "./in-order.ts";

/** Ties go to the instance launched first. */
export const cheapestTarget: Choose = (work, targets, room, costS) => {
  let best = -1;
  let bestS = Infinity;
  for (let t = room.first; t < targets.length; t++) {
    if (!room.fits(t, work)) continue;
    const each = costS(work, targets[t]!);
    if (each >= bestS) continue;
    best = t;
    bestS = each;
  }
  return best;
};

export const rowGreedy = inOrder(
  {
    name: "row-greedy",
    summary: "Each piece of work, in order of arrival, where it runs soonest.",
    source: "house; the usual greedy of assignment, one row of the cost matrix at a time",
  },
  cheapestTarget,
);
