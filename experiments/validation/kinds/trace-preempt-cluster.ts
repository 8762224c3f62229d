import { z } from "zod";
import { defineKind } from "../kind.ts";
import { samplesOf, zonesSchema } from "./zones.ts";

export const tracePreemptCluster = defineKind({
  name: "trace-preempt-cluster",
  summary: "Zone by zone: drops of capacity, and those of more than one instance or with another drop soon after.",
  inputs: z.object({ zones: zonesSchema }),
  params: z.object({ withinSamples: z.int().positive().default(1) }),
  compute: async ({ zones }, { withinSamples }) =>
    Object.fromEntries(
      (await samplesOf(zones)).map(({ zone, counts }) => {
        const dropAt = (i: number) => Math.max(0, (counts[i - 1] ?? 0) - (counts[i] ?? Infinity));
        const drops = [...counts.keys()].filter((i) => dropAt(i) > 0);
        const next = (i: number) => Array.from({ length: withinSamples }, (_, k) => i + 1 + k);
        const followed = drops.filter((i) => dropAt(i) > 1 || next(i).some((each) => dropAt(each) > 0));
        return [zone, { events: drops.length, followed: followed.length }];
      }),
    ),
});
