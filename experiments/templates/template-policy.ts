import { z } from "zod";
import { definePolicy } from "../../policies/contract/policy.ts";
import type { FleetView, MarketView } from "../../policies/contract/view.ts";

/** It sees `view`, acts by `act`, and would keep what it must remember in a third argument, one JSON value that `memory` begins. */
export const templatePolicy = definePolicy({
  name: "template-policy",
  summary: "Spot where the last reclaim is longest ago, the cheaper market where none was; ends what is idle.",
  source: "house",
  params: z.strictObject({
    retryS: z.number().positive().default(60).describe("how long a market is left alone that has refused, seconds"),
  }),
  memory: () => ({}),
  create: ({ retryS }) => ({
    decide(view, act) {
      const { pending } = view.work;
      if (pending.length === 0) for (const instance of view.instances.idle) act.terminate(instance);
      // Requested instances have room too: what was asked for already is not asked for again.
      const lacking = pending.length - view.instances.withRoom.length;
      if (lacking <= 0) return;
      const market = calmest(view, retryS);
      if (market === undefined) {
        act.wakeAt(view.nowS + retryS);
        return;
      }
      for (let i = 0; i < lacking; i++) {
        act.note("a task waits");
        act.launch(market);
      }
    },
  }),
});

function calmest(view: FleetView, retryS: number): MarketView | undefined {
  let best: MarketView | undefined;
  for (const market of view.markets) {
    const { capacityType, obtainable = 1, refusal } = market;
    if (capacityType !== "spot" || obtainable < 1) continue;
    if (refusal !== undefined && view.nowS < refusal.timeS + retryS) continue;
    if (best === undefined || isCalmer(market, best)) best = market;
  }
  return best;
}

function isCalmer(a: MarketView, b: MarketView): boolean {
  const [reclaimOfA, reclaimOfB] = [a.lastReclaimS ?? -1, b.lastReclaimS ?? -1];
  return reclaimOfA === reclaimOfB ? a.priceUsdPerHour < b.priceUsdPerHour : reclaimOfA < reclaimOfB;
}
