import { z } from "zod";
import { blockedUntilS, nextUnblockedS } from "../capacity-memory.ts";
import type { Actions } from "../contract/actions.ts";
import { definePolicy } from "../contract/policy.ts";
import type { Seconds } from "../contract/units.ts";
import type { FleetView, MarketView } from "../contract/view.ts";
import { cheapestMarket, launchShortfall, type MarketChoice } from "./launching.ts";

type Memory = { emptySinceS: { [instance: string]: number } };

/** What a Kubernetes cluster under Karpenter does with such tasks, as near as the view allows. */
export const karpenterLike = definePolicy({
  name: "karpenter-like",
  summary: "The cheapest spot offering not known to lack capacity, on-demand when there is none; ends empty instances.",
  source:
    "Karpenter v1: kubernetes-sigs/karpenter pkg/apis/v1/nodepool.go (consolidateAfter 0s); aws/karpenter-provider-aws pkg/cache/cache.go (unavailable offerings, 3 min), pkg/controllers/interruption/controller.go; documentation, NodePools and Disruption",
  details: [
    "An approximation. An offering is a market; one that refused for lack of capacity, or took an instance back, is not asked for `unavailableS`, as in Karpenter's cache of unavailable offerings.",
    "Spot before on-demand whatever the prices, and on-demand only when every spot offering that fits is known to be unavailable: Karpenter's rule for a NodePool that allows both.",
    "Karpenter hands EC2 a list of cheap offerings, from which the fleet's own score, which is not public, picks one; here it is the cheapest. See asg-price-capacity-optimized for a score.",
    "A replacement starts at the interruption notice, in parallel with the drain, because failover returns the work to pending then.",
    "Consolidation ends empty instances only, as where tasks carry karpenter.sh/do-not-disrupt. Left out: moving running work to fewer or cheaper instances, disruption budgets (10 % of the nodes at a time), expiry after 720 h, and the batching of pending pods for 1 to 10 s.",
    "A market that refused is asked for one launch at first, and for one more with each grant; Karpenter sends one request for each node.",
  ],
  params: z.strictObject({
    unavailableS: z
      .number()
      .positive()
      .default(180)
      .describe("how long an offering that refused or reclaimed is not asked, seconds"),
    onDemand: z.boolean().default(true).describe("whether on-demand may be used when spot is unavailable"),
    consolidateAfterS: z
      .number()
      .nonnegative()
      .default(0)
      .describe("how long an instance stays empty before it is ended, seconds"),
  }),
  memory: (): Memory => ({ emptySinceS: {} }),
  create: ({ unavailableS, onDemand, consolidateAfterS }) => {
    const offering: MarketChoice = (view, memoryMiB) => {
      const available = (market: MarketView) => blockedUntilS(market, unavailableS) <= view.nowS;
      const spot = cheapestMarket(view, "spot", memoryMiB, available);
      return spot === undefined && onDemand ? cheapestMarket(view, "onDemand", memoryMiB, available) : spot;
    };
    return {
      decide(view, act, memory) {
        const { pending } = view.work;
        if (pending.length > 0 && !launchShortfall(view, act, pending, offering, "pods without a node")) {
          act.wakeAt(Math.min(nextUnblockedS(view, unavailableS), view.nowS + unavailableS));
        }
        consolidate(view, act, memory, consolidateAfterS);
      },
    };
  },
});

function consolidate(view: FleetView, act: Actions, memory: Memory, afterS: Seconds): void {
  const emptySinceS: Memory["emptySinceS"] = {};
  for (const instance of view.instances.idle) {
    const sinceS = memory.emptySinceS[instance.id] ?? view.nowS;
    // What waits may be about to be placed on it.
    if (view.nowS >= sinceS + afterS && view.work.pending.length === 0) {
      act.note("empty");
      act.terminate(instance);
    } else {
      emptySinceS[instance.id] = sinceS;
      act.wakeAt(sinceS + afterS);
    }
  }
  memory.emptySinceS = emptySinceS;
}
