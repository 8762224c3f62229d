import { z } from "zod";
import { defineRouter } from "../contract/routing.ts";
import { LeastFirst } from "./least-first.ts";

export const leastOutstanding = defineRouter({
  name: "least-outstanding",
  summary: "Each request to the replica with the fewest requests outstanding, running and waiting; ties to the oldest.",
  source: "AWS Elastic Load Balancing, `least_outstanding_requests`; SkyPilot's default, `least_load`",
  params: z.strictObject({}),
  create: () => {
    const targets = new LeastFirst();
    return {
      register: (target) => targets.set(target, 0),
      deregister: (target) => targets.delete(target),
      outstanding: (target, count) => targets.set(target, count),
      route: () => targets.least,
    };
  },
});
