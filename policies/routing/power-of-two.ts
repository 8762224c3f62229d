import { z } from "zod";
import { defineRouter } from "../contract/routing.ts";
import { Registered } from "./registered.ts";

export const powerOfTwo = defineRouter({
  name: "power-of-two",
  summary:
    "Of two different replicas drawn at random, the one with fewer requests outstanding; ties to the first drawn.",
  source: "Mitzenmacher, The power of two choices in randomized load balancing, IEEE TPDS 12(10), 2001",
  params: z.strictObject({}),
  create: (_params, luck) => {
    const targets = new Registered();
    const counts: number[] = []; // [target]
    const { list } = targets;
    return {
      register(target) {
        counts[target] = 0;
        targets.add(target);
      },
      deregister: (target) => targets.delete(target),
      outstanding(target, count) {
        counts[target] = count;
      },
      route(request, retries) {
        const n = list.length;
        const i = Math.floor(luck(request, retries, 0) * n);
        if (n < 2) return list[i];
        const [first, second] = [list[i]!, list[(i + 1 + Math.floor(luck(request, retries, 1) * (n - 1))) % n]!];
        return counts[second]! < counts[first]! ? second : first;
      },
    };
  },
});
