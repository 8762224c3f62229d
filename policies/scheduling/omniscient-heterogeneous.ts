import { definePolicy } from "../contract/policy.ts";
import { planGangs, replayPlan } from "./gang-plan.ts";
import { omniscient } from "./omniscient.ts";

/**
 * Omniscient with gangs of s spot and N - s on-demand nodes, which pay the overhead whenever s changes: below `omniscient`, and
 * the reference of the paper's multi-node figures.
 * Source: Wu et al., "Can't Be Late", NSDI 2024, 5.5: heterogeneous omniscient.
 */
export const omniscientHeterogeneous = definePolicy({
  ...omniscient,
  name: "omniscient-heterogeneous",
  summary: "The cheapest plan that keeps the deadline, with the whole future known; nodes of both kinds in one gang.",
  source: "Wu et al., Can't Be Late, NSDI 2024, section 5.5: heterogeneous omniscient, as an exact dynamic program",
  create: (_params, foresight) =>
    replayPlan(planGangs(foresight, (nodes) => Array.from({ length: nodes + 1 }, (_, i) => nodes - i))),
});
