import { z } from "zod";
import { defineRouter } from "../contract/routing.ts";
import { Registered } from "./registered.ts";

export const roundRobin = defineRouter({
  name: "round-robin",
  summary: "Replicas in turn, in order of launch, whatever they have to do.",
  source: "SkyServe, EuroSys 2025, section 4, and the queue model of its artifact",
  params: z.strictObject({}),
  create: () => {
    const targets = new Registered();
    let next = 0;
    return {
      register: (target) => targets.add(target),
      deregister: (target) => targets.delete(target),
      outstanding: () => undefined,
      route() {
        const target = targets.atOrAfter(next);
        if (target !== undefined) next = target + 1;
        return target;
      },
    };
  },
});
