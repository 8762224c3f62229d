import type { Cap, Caps } from "../contract/scenario.ts";
import { HOUR_S, type Seconds } from "../contract/units.ts";
import type { FleetView, MarketView } from "../contract/view.ts";
import { accrue, type DaySpend, nextHourS, noSpend, spentUsd } from "./day-spend.ts";

export type GuardMemory = {
  /** Times of the launches that were let through in the last hour. */
  launchesS: number[];
  /** Kept where there is a cap on the day's cost. */
  spend: DaySpend;
  /** Launches held back so far, by the cap that held them back. */
  refusals: Partial<Record<Cap, number>>;
};

export const guardStart = (): GuardMemory => ({ launchesS: [], spend: noSpend(), refusals: {} });

export const launchesHeldBack = ({ refusals }: GuardMemory): number =>
  Object.values(refusals).reduce((sum, count) => sum + count, 0);

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
   * The cap that forbids a launch on this market; undefined if it may go out. Either is counted.
   * @param later launches of the same ask that come after it: they are in the view too, and what is first is kept
   */
  forbids(market: MarketView, view: FleetView, memory: GuardMemory, later: readonly MarketView[]): Cap | undefined {
    const cap = this.#passed(market, view, memory, later);
    if (cap === undefined) memory.launchesS.push(view.nowS);
    else memory.refusals[cap] = (memory.refusals[cap] ?? 0) + 1;
    return cap;
  }

  #passed(
    market: MarketView,
    view: FleetView,
    { launchesS, spend }: GuardMemory,
    later: readonly MarketView[],
  ): Cap | undefined {
    const { instanceTypes, zones, onDemandShare = 1, ...most } = this.#caps;
    const { instances, onDemand, usdPerHour } = held(view, later);
    while (launchesS.length > 0 && launchesS[0]! <= view.nowS - HOUR_S) launchesS.shift();
    if (instanceTypes?.includes(market.instanceType) === false) return "instanceTypes";
    if (zones?.includes(market.zone) === false) return "zones";
    if (instances > (most.instances ?? Infinity)) return "instances";
    if (market.capacityType === "onDemand") {
      if (onDemand > (most.onDemand ?? Infinity)) return "onDemand";
      if (onDemand > onDemandShare * instances) return "onDemandShare";
    }
    if (usdPerHour > (most.usdPerHour ?? Infinity)) return "usdPerHour";
    // The hour that the launch begins must fit too.
    if (spentUsd(spend) + usdPerHour > (most.usdPerDay ?? Infinity)) return "usdPerDay";
    if (launchesS.length >= (most.launchesPerHour ?? Infinity)) return "launchesPerHour";
    return undefined;
  }

  /** To be told of the state before and after each ask. */
  accrue(view: FleetView, { spend }: GuardMemory): void {
    if (this.#caps.usdPerDay !== undefined) accrue(spend, view.nowS, held(view, []).usdPerHour);
  }

  /** When a launch refused now might pass again by the passing of time alone; undefined if only a change can help. */
  retryS(cap: Cap, view: FleetView, { launchesS }: GuardMemory): Seconds | undefined {
    if (cap === "usdPerDay") return nextHourS(view.nowS);
    const [firstS] = launchesS; // none where no launch at all is allowed
    return cap === "launchesPerHour" && firstS !== undefined ? Math.max(firstS + HOUR_S, view.nowS) : undefined;
  }
}

/** All that is requested or up, without some. Assumes that what is requested is billed already, and everything at list prices. */
function held(view: FleetView, without: readonly MarketView[]) {
  const sum = { instances: 0, onDemand: 0, usdPerHour: 0 };
  const count = (market: MarketView, instances: number): void => {
    sum.instances += instances;
    if (market.capacityType === "onDemand") sum.onDemand += instances;
    sum.usdPerHour += instances * market.priceUsdPerHour;
  };
  for (const market of view.markets) count(market, market.held);
  for (const market of without) count(market, -1);
  return sum;
}
