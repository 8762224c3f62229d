import { z } from "zod";
import { defineRouter } from "../contract/routing.ts";
import type { InstanceId } from "../contract/units.ts";
import { LeastFirst } from "./least-first.ts";

export const warmLeastLoaded = defineRouter({
  name: "warm-least-loaded",
  summary:
    "Among the replicas that hold the beginning of the prompt the least loaded; where none holds it, the least loaded of all.",
  source: "Synkti, `WarmLeastLoaded` (synkti-orchestrator, assign.rs), with prefixes where it has models; ties by id",
  details: [
    "It never sends a prefix that is held somewhere anywhere else, however busy that replica is: a popular one makes a hot spot.",
    "Replicas that hold a prefix are looked through, which are few for that reason.",
  ],
  params: z.strictObject({}),
  create: () => {
    const targets = new LeastFirst();
    const sizes: number[] = []; // [target]
    const holders = new Map<number, InstanceId[]>(); // by prefix
    const forget = (target: InstanceId, prefix: number) => {
      const left = holders.get(prefix)?.filter((each) => each !== target) ?? [];
      if (left.length > 0) holders.set(prefix, left);
      else holders.delete(prefix);
    };
    return {
      register(target, size) {
        sizes[target] = size;
        targets.set(target, 0);
      },
      deregister(target) {
        targets.delete(target);
        for (const prefix of [...holders.keys()]) forget(target, prefix);
      },
      outstanding: (target, count) => targets.set(target, count / sizes[target]!),
      holds(target, prefix, isHeld) {
        forget(target, prefix);
        if (isHeld) holders.set(prefix, [...(holders.get(prefix) ?? []), target]);
      },
      route(_request, _retries, prefix) {
        const warm = prefix < 0 ? undefined : holders.get(prefix);
        if (warm === undefined) return targets.least;
        let best = warm[0]!;
        for (const each of warm) if (targets.precedes(each, best)) best = each;
        return best;
      },
    };
  },
});
