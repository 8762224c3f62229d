import { z } from "zod";
import { definePolicy } from "../contract/policy.ts";
import { hasSpot, steerJobs } from "./gang.ts";

/**
 * Uses spot for as long as it can and leaves what remains to the safety net around it: with-safety-net. With no restart
 * overhead this is optimal.
 * Source: Wu et al., "Can't Be Late", NSDI 2024, 4.1.
 */
export const greedyDeadline = definePolicy({
  name: "greedy-deadline",
  summary: "Spot whenever there is some for all nodes, idle otherwise, until the safety net around it takes over.",
  source: "Wu et al., Can't Be Late, NSDI 2024, section 4.1: greedy",
  workloads: ["deadline-job"],
  needs: ["grid"],
  params: z.strictObject({}),
  memory: () => ({}),
  create: () => ({
    decide(view, act) {
      steerJobs(view, act, (job) => (hasSpot(view, job) ? SPOT : IDLE));
    },
  }),
});

const SPOT = { to: "spot", why: "spot is there" } as const;
const IDLE = { to: "idle", why: "waits for spot" } as const;
