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

  /**
   * Whether a launch on this market may go out; one that may is counted.
   * @param later launches of the same ask that come after it: they are in the view too, and what is first is kept
   */
  admits(market: MarketView, view: FleetView, memory: GuardMemory, later: readonly MarketView[]): boolean {
    let instances = 0;
    let onDemand = 0;
    let usdPerHour = 0;
    const count = (each: MarketView, held: number): void => {
      instances += held;
      if (each.capacityType === "onDemand") onDemand += held;
      usdPerHour += held * each.priceUsdPerHour;
    };
    for (const each of view.markets) count(each, each.held);
    for (const each of later) count(each, -1);
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
