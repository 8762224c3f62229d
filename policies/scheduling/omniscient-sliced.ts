import { z } from "zod";
import { definePolicy } from "../contract/policy.ts";
import { planGangs, replayPlan } from "./gang-plan.ts";
import { slicedPlan } from "./sliced-plan.ts";

/**
 * What it is worth to see a part of the future: omniscient to the end of the slice that it is in, and blind beyond. It may cost more than a
 * policy that sees nothing, and may be late where a slice is too short for its share, so it bounds nothing.
 * Source: Wu et al., "Can't Be Late", NSDI 2024, Figure 11: omniscient with 8 slices.
 */
export const omniscientSliced = definePolicy({
  name: "omniscient-sliced",
  summary:
    "The cheapest progress in each of `slices` equal slices of the time to the deadline, with the future known to the end of the slice.",
  source: "Wu et al., Can't Be Late, NSDI 2024, Figure 11: partial lookahead",
  details: [
    "The paper only says that a slice is planned for the lowest cost of progress. That each is a job of its own, which launches anew and brings no less than its own share, meets the published curves best.",
  ],
  sight: "clairvoyant",
  workloads: ["deadline-job"],
  needs: ["grid"],
  bound: { kind: "heuristic", workload: "deadline-job", profile: "cbl-tick-v1" },
  params: z.strictObject({
    slices: z.int().min(1).default(8).describe("into how many slices the time to the deadline is cut (n)"),
    carriesOver: z
      .boolean()
      .default(false)
      .describe("a slice goes on as the one before left the gang, and counts what that did beyond its share"),
  }),
  memory: () => ({}),
  create: ({ slices, carriesOver }, foresight) =>
    replayPlan(
      planGangs(
        foresight,
        (nodes) => [nodes, 0],
        (problem) => slicedPlan(problem, slices, carriesOver),
      ),
    ),
});
