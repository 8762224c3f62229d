import { z } from "zod";
import { requestStatistics } from "../../../traces/request-file.ts";
import { defineKind } from "../kind.ts";
import { requestsOf } from "./source.ts";

export const arrivalStats = defineKind({
  name: "arrival-stats",
  summary: "How requests follow one another: their number, mean gap, and its coefficient of variation.",
  inputs: z.object({ queries: z.string() }),
  params: z.object({}),
  compute: async ({ queries }) => {
    const trace = await requestsOf(queries);
    const { requests, perSecond, interarrivalCv } = requestStatistics(trace);
    return {
      requests,
      firstS: trace.arrivalS[0],
      lastS: trace.arrivalS.at(-1),
      meanGapS: perSecond === 0 ? null : 1 / perSecond,
      cvGap: interarrivalCv,
    };
  },
});
