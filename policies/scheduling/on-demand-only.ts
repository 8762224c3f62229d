import { z } from "zod";
import { definePolicy } from "../contract/policy.ts";
import { cheapestOnDemand, endIdle, launchShortfall, retryS } from "./launching.ts";

/** Never reclaimed, always dearest: what a study's savings are measured against. */
export const onDemandOnly = definePolicy({
  name: "on-demand-only",
  summary: "Every launch is on-demand, in the cheapest zone; ends what is idle.",
  source: "Synkti, policy `ondemand` (crates/synkti-simulation)",
  params: z.strictObject({
    retryS,
  }),
  memory: () => ({}),
  create: ({ retryS: pauseS }) => ({
    decide(view, act) {
      const { pending } = view.work;
      if (pending.length === 0) endIdle(view, act);
      else if (!launchShortfall(view, act, pending, cheapestOnDemand, "work without a place"))
        act.wakeAt(view.nowS + pauseS);
    },
  }),
});
