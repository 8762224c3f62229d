import { z } from "zod";
import { arrivalStatistics, readRequestArrivals } from "../../../traces/request-arrivals.ts";
import { defineKind } from "../kind.ts";

export const arrivalStats = defineKind({
  name: "arrival-stats",
  summary: "How requests follow one another: their number, mean gap, and its coefficient of variation.",
  inputs: z.object({ queries: z.string() }),
  params: z.object({}),
  compute: async ({ queries }) => ({ ...arrivalStatistics((await readRequestArrivals(queries)).arrivalsS) }),
});
