import { z } from "zod";
import { joinedBy, nodeCountStatistics } from "../../../traces/node-counts.ts";
import { defineKind } from "../kind.ts";
import { probesOf } from "./source.ts";

export const billedMinutes = defineKind({
  name: "billed-minutes",
  summary: "Minutes of nodes that come and go, and those of launch of each that joins after the start.",
  inputs: z.object({ trace: z.string(), format: z.string() }),
  params: z.object({ joinExtraS: z.number().nonnegative(), endS: z.number().nonnegative().optional() }),
  compute: async ({ trace, format }, { joinExtraS, endS: askedS }) => {
    const nodes = await probesOf(format, trace);
    const { joined, instanceS } = nodeCountStatistics(nodes, askedS ?? nodes.timesS.at(-1)!);
    const joins = joined - joinedBy(nodes, 0);
    return { instanceMinutes: instanceS / 60, joins, billedMinutes: (instanceS + joins * joinExtraS) / 60 };
  },
});
