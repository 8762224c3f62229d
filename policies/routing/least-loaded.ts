import { z } from "zod";
import { defineRouter } from "../contract/routing.ts";
import { LeastFirst } from "./least-first.ts";

export const leastLoaded = defineRouter({
  name: "least-loaded",
  summary: "Each request to the replica with the fewest requests outstanding for its size; ties to the oldest.",
  source: "Synkti, `LeastLoaded` (synkti-orchestrator, assign.rs), load over size; ties by id",
  details: ["A replica's size is the tokens that its cache holds; where all are equal it does as least-outstanding."],
  params: z.strictObject({}),
  create: () => {
    const targets = new LeastFirst();
    const sizes: number[] = []; // [target]
    return {
      register(target, size) {
        sizes[target] = size;
        targets.set(target, 0);
      },
      deregister: (target) => targets.delete(target),
      outstanding: (target, count) => targets.set(target, count / sizes[target]!),
      route: () => targets.least,
    };
  },
});
