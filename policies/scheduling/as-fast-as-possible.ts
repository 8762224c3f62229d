import { z } from "zod";
import { definePolicy } from "../contract/policy.ts";
import { hasSpot, steerJobs } from "./gang.ts";

/** Never idle: spot where it is to be had, on-demand else. Each return to spot costs a restart. */
export const asFastAsPossible = definePolicy({
  name: "as-fast-as-possible",
  summary: "Spot whenever there is some for all nodes, on-demand otherwise; never waits.",
  source: "Wu et al., Can't Be Late, NSDI 2024, the simulator of its artifact",
  workloads: ["deadline-job"],
  needs: ["grid", "availability"],
  params: z.strictObject({}),
  memory: () => ({}),
  create: () => ({
    decide(view, act) {
      steerJobs(view, act, (job) => (hasSpot(view, job) ? SPOT : ON_DEMAND));
    },
  }),
});

const SPOT = { to: "spot", why: "spot is there" } as const;
const ON_DEMAND = { to: "onDemand", why: "no spot" } as const;
