import type { Caps } from "../contract/scenario.ts";
import { HOUR_S, type Seconds } from "../contract/units.ts";
import type { FleetView, MarketView } from "../contract/view.ts";

/** Times of the launches that were let through in the last hour. */
export type GuardMemory = { launchesS: number[] };

/**
 * Keeps the caps of a scenario, in replay as in live operation. It looks at launches only: drains, releases and
 * terminations always pass. Called after the launch is in the view, so `held` counts it already.
 */
export class Guard {
  readonly #caps: Caps;

  constructor(caps: Caps) {
    this.#caps = caps;
  }

  /** Whether a launch on this market may go out; one that may is counted. */
  admits(market: MarketView, view: FleetView, memory: GuardMemory): boolean {
    let instances = 0;
    let onDemand = 0;
    let usdPerHour = 0;
    for (const each of view.markets) {
      instances += each.held;
      if (each.capacityType === "onDemand") onDemand += each.held;
      usdPerHour += each.held * each.priceUsdPerHour;
    }
    const { launchesS } = memory;
    while (launchesS.length > 0 && launchesS[0]! <= view.nowS - HOUR_S) launchesS.shift();
    const caps = this.#caps;
    const admitted =
      instances <= (caps.instances ?? Infinity) &&
      (market.capacityType === "spot" || onDemand <= (caps.onDemand ?? Infinity)) &&
      usdPerHour <= (caps.usdPerHour ?? Infinity) &&
      launchesS.length < (caps.launchesPerHour ?? Infinity);
    if (admitted) launchesS.push(view.nowS);
    return admitted;
  }

  /** When a launch refused now might pass again by the passing of time alone; undefined if only a change can help. */
  retryS(view: FleetView, memory: GuardMemory): Seconds | undefined {
    const first = memory.launchesS[0];
    if (first === undefined || memory.launchesS.length < (this.#caps.launchesPerHour ?? Infinity)) return undefined;
    return Math.max(first + HOUR_S, view.nowS);
  }
}
