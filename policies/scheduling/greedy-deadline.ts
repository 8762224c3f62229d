import { definePolicy } from "../contract/policy.ts";
import { spotOnly } from "./spot-only.ts";

/**
 * Uses spot for as long as it can and leaves what remains to the safety net around it, with-safety-net: bare it is spot-only. With
 * no restart overhead this is optimal.
 * Source: Wu et al., "Can't Be Late", NSDI 2024, 4.1.
 */
export const greedyDeadline = definePolicy({
  ...spotOnly,
  name: "greedy-deadline",
  summary: "Spot whenever there is some for all nodes, idle otherwise, until the safety net around it takes over.",
  source: "Wu et al., Can't Be Late, NSDI 2024, section 4.1: greedy",
});
