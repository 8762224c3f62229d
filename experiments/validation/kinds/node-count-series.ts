import { z } from "zod";
import { countAt, nodeCountStatistics } from "../../../traces/node-counts.ts";
import { defineKind } from "../kind.ts";
import { probesOf } from "./source.ts";

export const nodeCountSeries = defineKind({
  name: "node-count-series",
  summary:
    "Nodes that come and go: how many there are at given times, most and on average; joined, lost, their minutes.",
  inputs: z.object({ trace: z.string(), format: z.string() }),
  params: z.object({ atS: z.array(z.number().nonnegative()), endS: z.number().nonnegative().optional() }),
  compute: async ({ trace, format }, { atS, endS: askedS }) => {
    const nodes = await probesOf(format, trace);
    const endS = askedS ?? nodes.timesS.at(-1)!;
    const { joined, left, countMax, countMean, instanceS } = nodeCountStatistics(nodes, endS);
    return {
      endS,
      counts: atS.map((timeS) => countAt(nodes, timeS)),
      adds: joined,
      removes: left,
      maxCount: countMax,
      instanceMinutes: instanceS / 60,
      meanCount: countMean,
    };
  },
});
