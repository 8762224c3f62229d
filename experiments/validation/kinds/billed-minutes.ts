import { z } from "zod";
import type { InstanceId } from "../../../policies/contract/units.ts";
import { countAt, joinedBy, nodeCountStatistics } from "../../../traces/node-counts.ts";
import { defineKind } from "../kind.ts";
import { plainMeter } from "./plain-meter.ts";
import { probesOf } from "./source.ts";

export const billedMinutes = defineKind({
  name: "billed-minutes",
  summary: "What the meter charges for nodes that come and go, when each that joins later is charged from its launch.",
  inputs: z.object({ trace: z.string(), format: z.string() }),
  params: z.object({ joinExtraS: z.number().nonnegative(), endS: z.number().nonnegative().optional() }),
  compute: async ({ trace, format }, { joinExtraS, endS: askedS }) => {
    const nodes = await probesOf(format, trace);
    const endS = askedS ?? nodes.timesS.at(-1)!;
    const { joined, instanceS } = nodeCountStatistics(nodes, endS);
    const joinedAtStart = joinedBy(nodes, 0);
    const { meter, spot } = plainMeter(1, 1);
    // All times are joinExtraS late, so that none is before 0. Whoever joined first leaves first: the sum is the same.
    const up: number[] = []; // [node] when its charge begins
    let charged = 0;
    const leave = (timeS: number) => {
      const id = charged as InstanceId;
      meter.charge(id, spot, up[charged++]!, timeS + joinExtraS, "terminated");
    };
    for (const timeS of nodes.timesS.filter((each) => each <= endS)) {
      const fromS = timeS === 0 ? joinExtraS : timeS;
      while (up.length < joinedBy(nodes, timeS)) up.push(fromS);
      while (up.length - charged > countAt(nodes, timeS)) leave(timeS);
    }
    while (charged < up.length) leave(endS);
    return {
      instanceMinutes: instanceS / 60,
      joins: joined - joinedAtStart,
      billedMinutes: meter.total.chargedS / 60,
    };
  },
});
