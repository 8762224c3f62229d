import { type Choose, inOrder } from "./in-order.ts";
import { leastOf } from "./least-of.ts";

export const cheapestTarget: Choose = (work, targets, room, costS) => leastOf(work, targets, room, costS);

export const rowGreedy = inOrder(
  {
    name: "row-greedy",
    summary: "Each piece of work, in order of arrival, where it runs soonest.",
    source: "house; the usual greedy of assignment, one row of the cost matrix at a time",
  },
  cheapestTarget,
);
