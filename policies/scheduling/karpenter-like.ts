import { z } from "zod";
import { blockedUntilS, nextUnblockedS } from "../capacity-memory.ts";
import type { Actions } from "../contract/actions.ts";
import { definePolicy } from "../contract/policy.ts";
import type { Seconds } from "../contract/units.ts";
import type { FleetView, MarketView, PlacementView, ServiceView } from "../contract/view.ts";
import { cheapestMarket, endIdle, launchShortfall, type MarketChoice } from "./launching.ts";
import { endSurplus, extraReplicas, launchReplica, stays } from "./replicas.ts";

type Memory = { emptySinceS: { [instance: string]: number } };

/** What a Kubernetes cluster under Karpenter does with such tasks, or with the replicas of a Deployment, as near as the view allows. */
export const karpenterLike = definePolicy({
  name: "karpenter-like",
  summary: "The cheapest spot offering not known to lack capacity, on-demand when there is none; ends empty instances.",
  workloads: ["tasks", "serving"],
  source:
    "Karpenter v1: kubernetes-sigs/karpenter pkg/apis/v1/nodepool.go (consolidateAfter 0s); aws/karpenter-provider-aws pkg/cache/cache.go (unavailable offerings, 3 min), pkg/controllers/interruption/controller.go; documentation, NodePools and Disruption",
  details: [
    "An approximation. An offering is a market; one that refused for lack of capacity, or took an instance back, is not asked for `unavailableS`, as in Karpenter's cache of unavailable offerings.",
    "Spot before on-demand whatever the prices, and on-demand only when every spot offering that fits is known to be unavailable: Karpenter's rule for a NodePool that allows both.",
    "Karpenter hands EC2 a list of cheap offerings, from which the fleet's own score, which is not public, picks one; here it is the cheapest. See asg-price-capacity-optimized for a score.",
    "A replacement starts at the interruption notice, in parallel with the drain, because failover returns the work to pending then.",
    "Consolidation of tasks ends empty instances only, as where they carry karpenter.sh/do-not-disrupt. A replica that runs on-demand is replaced by one on spot when all are ready and a cheaper spot offering is not known to be unavailable, one at a time: the new one first, then the old one drains. Left out: moving from spot to cheaper spot (off by default in Karpenter) or to fewer instances, disruption budgets (10 % of the nodes at a time), expiry after 720 h, and the batching of pending pods for 1 to 10 s.",
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
    extraReplicas,
  }),
  memory: (): Memory => ({ emptySinceS: {} }),
  create: ({ unavailableS, onDemand, consolidateAfterS, extraReplicas: extra }) => {
    const available = (view: FleetView) => (market: MarketView) => blockedUntilS(market, unavailableS) <= view.nowS;
    const spotOffering: MarketChoice = (view, memoryMiB) => cheapestMarket(view, "spot", memoryMiB, available(view));
    const offering: MarketChoice = (view, memoryMiB) => {
      const spot = spotOffering(view, memoryMiB);
      return spot === undefined && onDemand ? cheapestMarket(view, "onDemand", memoryMiB, available(view)) : spot;
    };
    const askAgain = (view: FleetView, act: Actions) =>
      act.wakeAt(Math.min(nextUnblockedS(view, unavailableS), view.nowS + unavailableS));
    return {
      decide(view, act, memory) {
        for (const service of view.work.services) {
          const wanted = service.replicasWanted + extra;
          endPods(act, service, wanted);
          const served = keepPods(view, act, service, wanted, offering);
          if (!served || !replaceOnDemand(view, act, service, wanted, spotOffering)) askAgain(view, act);
        }
        if (view.work.services.length > 0) {
          endIdle(view, act);
          return;
        }
        const { pending } = view.work;
        if (pending.length > 0 && !launchShortfall(view, act, pending, offering, WITHOUT_NODE)) askAgain(view, act);
        consolidate(view, act, memory, consolidateAfterS);
      },
    };
  },
});

const WITHOUT_NODE = "pods without a node";

const podsOf = ({ placements }: ServiceView) => placements.filter(({ instances: [replica] }) => stays(replica!));

/** @returns whether all replicas have a node, or will; false when no market was left to ask */
function keepPods(
  view: FleetView,
  act: Actions,
  service: ServiceView,
  wanted: number,
  offering: MarketChoice,
): boolean {
  for (let held = podsOf(service).length; held < wanted; held++) {
    const market = offering(view, 0);
    if (market === undefined) return false;
    launchReplica(act, service, market, WITHOUT_NODE);
  }
  return true;
}

/** With one more than wanted the new one of a replacement comes first, and then the one on-demand goes. */
function endPods(act: Actions, service: ServiceView, wanted: number): void {
  const pods = podsOf(service);
  const onDemand = onDemandOf(pods);
  if (pods.length !== wanted + 1 || onDemand.length === 0) endSurplus(act, pods, wanted, "more pods than wanted");
  else if (areReady(pods)) endSurplus(act, onDemand, onDemand.length - 1, "replaced on spot");
}

/** @returns false where one waits for a cheaper spot offering */
function replaceOnDemand(view: FleetView, act: Actions, service: ServiceView, wanted: number, offering: MarketChoice) {
  const pods = podsOf(service);
  const onDemand = onDemandOf(pods);
  if (pods.length !== wanted || onDemand.length === 0 || !areReady(pods)) return true;
  const spot = offering(view, 0);
  const dearest = Math.max(...onDemand.map(({ instances: [pod] }) => pod!.market.priceUsdPerHour));
  if (spot === undefined || spot.priceUsdPerHour >= dearest) return false;
  launchReplica(act, service, spot, "spot is cheaper than an on-demand node");
  return true;
}

const onDemandOf = (pods: readonly PlacementView[]) =>
  pods.filter(({ instances: [pod] }) => pod!.market.capacityType === "onDemand");

const areReady = (pods: readonly PlacementView[]): boolean =>
  pods.every(({ instances: [pod] }) => pod!.status === "ready");

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
