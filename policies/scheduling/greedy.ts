import { z } from "zod";
import { definePolicy } from "../contract/policy.ts";
import { cheapestSpot, endIdle, launchShortfall, retryS } from "./launching.ts";

/** Every launch is the cheapest spot market that may grant it; waits when there is none. */
export const greedy = definePolicy({
  name: "greedy",
  summary: "Spot whenever obtainable, the cheapest market first; waits when there is none; ends what is idle.",
  source: "Synkti, policy `greedy` (crates/synkti-simulation), with the market chosen by price and capacity",
  details: [
    "Where only trying tells (visibility: tried), a market that refused is asked for one launch, and for one more with each grant. Bare, it asks again as soon as another market has refused: put with-capacity-memory around it.",
  ],
  params: z.strictObject({
    retryS,
  }),
  memory: () => ({}),
  create: ({ retryS: pauseS }) => ({
    decide(view, act) {
      const { pending } = view.work;
      if (pending.length === 0) endIdle(view, act);
      else if (!launchShortfall(view, act, pending, cheapestSpot, "work without a place"))
        act.wakeAt(view.nowS + pauseS);
    },
  }),
});
