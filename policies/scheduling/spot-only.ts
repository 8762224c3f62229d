import { z } from "zod";
import { definePolicy } from "../contract/policy.ts";
import { hasSpot, steerJobs } from "./gang.ts";

/** The least that any policy can pay for an hour; it may never finish. */
export const spotOnly = definePolicy({
  name: "spot-only",
  summary: "Spot whenever there is some for all nodes, idle otherwise; knows no deadline.",
  source: "Wu et al., Can't Be Late, NSDI 2024, the simulator of its artifact",
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
