import { sampleCorrelation } from "simple-statistics";
import { z } from "zod";
import { defineKind } from "../kind.ts";
import { alignedSamplesOf, upOf, zonesSchema } from "./zones.ts";

export const tracePearson = defineKind({
  name: "trace-pearson",
  summary: "Correlation of having capacity, zone by zone over the same samples.",
  inputs: z.object({ zones: zonesSchema }),
  params: z.object({}),
  compute: async ({ zones }) => {
    const up = (await alignedSamplesOf(zones)).map(upOf);
    return { matrix: up.map((a) => up.map((b) => (a === b ? 1 : sampleCorrelation(a, b)))) };
  },
});
