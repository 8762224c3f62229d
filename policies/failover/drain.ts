import { z } from "zod";
import { defineFailover } from "../contract/failover.ts";
import { earlyStart } from "./early-start.ts";

export const drain = defineFailover({
  name: "drain",
  summary:
    "A replica under notice takes no more requests in time for those it has to finish; a spare or a new replica takes over.",
  source: "Synkti, stateless failover (synkti-orchestrator, failover.rs): drain, select, spawn, route; at most 115 s",
  details: [
    "The replacement starts at the notice, not after the drain as in Synkti.",
    "It takes its last request `drainMaxS` + `marginS` before the reclaim, or at once where there is less time; sooner when the service has enough other replicas. The default of 115 s, Synkti's, makes that the moment of every notice; a shorter one serves longer.",
    "Replicas that the policy gives up drain too, however long that takes up to `drainMaxS`.",
  ],
  params: z.strictObject({
    drainMaxS: z.number().nonnegative().default(115).describe("longest time for requests in flight to finish, seconds"),
    marginS: z
      .number()
      .nonnegative()
      .default(10)
      .describe("what still runs so long before the reclaim is stopped; seconds"),
    earlyStart,
  }),
  rules: (params) => ({ atNotice: "drain", ...params }),
});
