import type { Seconds } from "./contract/units.ts";
import type { FleetView, MarketView } from "./contract/view.ts";

// Where capacity was lacking, and for how long that is remembered. It needs no memory of its own: the view keeps what was seen.

/** A quota is asked again after so long, if none of our instances that count to it has ended before. Source: house. */
const QUOTA_S = 900;

/**
 * Until when a refusal, or a reclaim, speaks against asking the market; -Infinity if nothing does, Infinity if no time will help.
 * A refusal by the guard says nothing about the market, and neither does an answer that was lost.
 */
export function blockedUntilS({ refusal, lastReclaimS }: MarketView, memoryS: Seconds): Seconds {
  const reclaimedS = (lastReclaimS ?? -Infinity) + memoryS;
  switch (refusal?.reason) {
    case "capacity":
      return Math.max(refusal.timeS + memoryS, reclaimedS);
    case "quota":
      return Math.max(refusal.timeS + QUOTA_S, reclaimedS);
    case "unsupported":
    case "denied":
      return Infinity;
    default:
      return reclaimedS;
  }
}

/** When the first blocked market may be asked again; Infinity if none is blocked. */
export function nextUnblockedS(view: FleetView, memoryS: Seconds): Seconds {
  let nextS = Infinity;
  for (const market of view.markets) {
    const untilS = blockedUntilS(market, memoryS);
    if (untilS > view.nowS && untilS < nextS) nextS = untilS;
  }
  return nextS;
}
