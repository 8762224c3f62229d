import type { Seconds } from "./contract/units.ts";
import type { FleetView, MarketView } from "./contract/view.ts";

// Where capacity was lacking, and for how long that is remembered. It needs no memory of its own: the view keeps what was seen.

/**
 * Until when a refusal for lack of capacity, or a reclaim, speaks against asking the market; -Infinity if nothing does. A
 * refusal by the guard says nothing about the market.
 */
export function blockedUntilS({ refusal, lastReclaimS }: MarketView, memoryS: Seconds): Seconds {
  const refusedS = refusal?.reason === "capacity" ? refusal.timeS : -Infinity;
  return Math.max(refusedS, lastReclaimS ?? -Infinity) + memoryS;
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
