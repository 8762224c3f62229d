import { z } from "zod";
import { definePolicy } from "../contract/policy.ts";
import type { FleetView, MarketView } from "../contract/view.ts";
import { mayAsk } from "./launching.ts";
import {
  extraReplicas,
  keepServices,
  leastOf,
  type Mix,
  onDemandBase,
  plannedIn,
  readySpot,
  spotZones,
  type ZoneChoice,
} from "./replicas.ts";

/** Positions in the list of spot markets. */
type HedgeMemory = {
  /** Zones that failed lately (ZP); all others are active (ZA). */
  preempting: number[];
  /** When each zone's last failure that was looked at happened; null before the first. */
  failedS: (number | null)[];
  /** Zones are looked at once an instant, so that asking twice changes nothing. */
  judgedS: number | null;
};

/**
 * More spot replicas than are wanted, spread over zones that did not fail lately, and on-demand for what is not ready.
 *
 * A zone that reclaimed or refused leaves the active zones; one that granted all it was asked for returns. When fewer than
 * `activeZonesMin` are left, all are active again. A missing replica goes to an active zone that holds none, else to any active one.
 *
 * Source: Mao et al., "SkyServe", EuroSys 2025, algorithm 1 and section 4: Ntar = replicasWanted, Nextra = extraReplicas, ZA =
 * zones not in `preempting`, ZP = `preempting`, S = Ntar + Nextra, O(t) = `replicaMix`. The paper resets at |ZA| < 2 and returns a
 * zone when a replica has become ready; its simulator, as here, when the launch was granted, and it resets later with three zones.
 */
export const spotHedge = definePolicy({
  name: "spot-hedge",
  summary:
    "More spot replicas than wanted, over zones that did not fail lately; on-demand covers whatever spot is not ready.",
  source: "Mao et al., SkyServe, EuroSys 2025, section 4 and algorithm 1: SpotHedge",
  details: [
    "A replica under notice is replaced at once, as one that is lost; the paper does not use notices. It counts as ready until it ends.",
    "With three zones of which one is good, `activeZonesMin: 2` (the paper) never stacks replicas in the good one: two failures make the bad zones active again, and they hold none. The authors' simulator has 1 for three zones, 2 for more.",
  ],
  workloads: ["serving"],
  needs: ["grid"],
  params: z.strictObject({
    extraReplicas: extraReplicas.default(1),
    onDemandBase,
    fallback: z.boolean().default(true).describe("on-demand covers spot that is not ready"),
    activeZonesMin: z.int().min(0).default(2).describe("with fewer active zones than this, all are active again"),
    pick: z
      .enum(["cheapest", "fewest"])
      .default("cheapest")
      .describe("among zones that qualify: the cheapest, or the one with the fewest replicas, then the cheapest"),
  }),
  memory: (): HedgeMemory => ({ preempting: [], failedS: [], judgedS: null }),
  create: ({ extraReplicas: extra, onDemandBase: base, fallback, activeZonesMin, pick }) => ({
    decide(view, act, memory) {
      judge(view, memory, activeZonesMin);
      const choose: ZoneChoice = (zones, planned) => {
        const active = zones.map((_, z) => z).filter((z) => !memory.preempting.includes(z) && mayAsk(view, zones[z]!));
        const unused = active.filter((z) => planned[z] === 0);
        const among = unused.length > 0 ? unused : active;
        const fewest = pick === "fewest" ? Math.min(...among.map((z) => planned[z]!)) : 0;
        return leastOf(among, (z) =>
          pick === "fewest" && planned[z] !== fewest ? Infinity : zones[z]!.priceUsdPerHour,
        );
      };
      keepServices(view, act, choose, (service) =>
        replicaMix({ wanted: service.replicasWanted, extra, base, fallback }, readySpot(service)),
      );
    },
  }),
});

/**
 * How many replicas of each kind: spot always Ntar + Nextra less the base, on-demand for each of them that is not ready, never
 * more than are wanted. Below zero on spot, where the base is more than all of them, is none.
 * Source: Mao et al., "SkyServe", EuroSys 2025, section 4: O(t); SkyPilot's FallbackRequestRateAutoscaler for the base.
 * @example replicaMix({ wanted: 3, extra: 1, base: 0, fallback: true }, 2) // { spot: 4, onDemand: 2 }
 */
export function replicaMix(
  service: { readonly wanted: number; readonly extra: number; readonly base: number; readonly fallback: boolean },
  ready: number,
): Mix {
  const { wanted, extra, base, fallback } = service;
  const spot = wanted + extra - base;
  return { spot, onDemand: Math.min(wanted, base + (fallback ? Math.max(0, spot - ready) : 0)) };
}

function judge(view: FleetView, memory: HedgeMemory, activeZonesMin: number): void {
  if (memory.judgedS === view.nowS) return;
  memory.judgedS = view.nowS;
  const zones = spotZones(view);
  const planned = plannedIn(zones, view.work.services);
  for (const [z, market] of zones.entries()) {
    const failedS = failureS(market);
    const failed = failedS !== null && failedS !== memory.failedS[z];
    memory.failedS[z] = failedS;
    if (!failed && planned[z]! - market.unanswered > 0)
      memory.preempting = memory.preempting.filter((each) => each !== z);
    else if (failed && !memory.preempting.includes(z)) memory.preempting.push(z);
  }
  if (zones.length - memory.preempting.length < activeZonesMin) memory.preempting = [];
}

/** When the market last refused for lack of capacity, or took an instance back. */
function failureS({ refusal, lastReclaimS }: MarketView): number | null {
  const refusedS = refusal?.reason === "capacity" ? refusal.timeS : undefined;
  return refusedS === undefined ? (lastReclaimS ?? null) : Math.max(refusedS, lastReclaimS ?? refusedS);
}
