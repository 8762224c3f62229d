import { z } from "zod";
import { defineKind } from "../kind.ts";
import { alignedSamplesOf, upOf, zonesSchema } from "./zones.ts";

export const traceUpCounts = defineKind({
  name: "trace-up-counts",
  summary: "Samples in which each zone, any zone and every zone had capacity.",
  inputs: z.object({ zones: zonesSchema }),
  params: z.object({}),
  compute: async ({ zones }) => {
    const samples = await alignedSamplesOf(zones);
    const up = samples.map(upOf);
    const upAt = up[0]!.map((_, i) => up.reduce((sum, zone) => sum + zone[i]!, 0));
    return {
      samples: upAt.length,
      up: Object.fromEntries(samples.map(({ zone }, z) => [zone, up[z]!.reduce((sum, each) => sum + each, 0)])),
      anyUp: upAt.filter((count) => count > 0).length,
      allUp: upAt.filter((count) => count === zones.length).length,
    };
  },
});
