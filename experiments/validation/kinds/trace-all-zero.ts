import { z } from "zod";
import { defineKind } from "../kind.ts";
import { alignedSamplesOf, zonesSchema } from "./zones.ts";

export const traceAllZero = defineKind({
  name: "trace-all-zero",
  summary: "Samples in which no zone had capacity.",
  inputs: z.object({ zones: zonesSchema }),
  params: z.object({}),
  compute: async ({ zones }) => {
    const [first, ...rest] = (await alignedSamplesOf(zones)).map(({ counts }) => counts);
    const samples = first!.length;
    const allZero = first!.filter((count, i) => count === 0 && rest.every((counts) => counts[i] === 0)).length;
    return { samples, allZero, fraction: allZero / samples };
  },
});
