import type { Actions } from "../contract/actions.ts";
import { HOUR_S } from "../contract/units.ts";
import type { FleetView, JobView, MarketView } from "../contract/view.ts";
import { relaunch, type Where, whereIs } from "./gang.ts";
import { ceilTo, floorTo } from "./grid.ts";
import { mayAsk } from "./launching.ts";
import { isAhead, isBehind } from "./uniform-progress.ts";

// Jobs that look for spot in many zones, of which only trying tells whether they grant. What was refused at this instant is not asked
// again, so a policy that is asked until it has settled tries zone after zone.

/** Spot markets that may be tried now. */
export const zonesToTry = (view: FleetView, { nodes }: JobView): readonly MarketView[] =>
  spotMarkets(view).filter((market) => mayAsk(view, market) && (market.obtainable ?? nodes) >= nodes);

/** A zone's share of time with spot is of the last half day. */
export const WINDOW_S = 12 * HOUR_S;

export const spotMarkets = (view: FleetView): readonly MarketView[] =>
  view.markets.filter(({ capacityType }) => capacityType === "spot");

/** The on-demand market that may be asked now, of that region if there is one. */
export const onDemandIn = (view: FleetView, region: string | undefined): MarketView | undefined => {
  const markets = view.markets.filter((market) => market.capacityType === "onDemand" && mayAsk(view, market));
  return markets.find((market) => market.region === region) ?? markets[0];
};

/** Its launches have not been answered yet. */
export const isUnanswered = (job: JobView): boolean =>
  job.placements[0]?.instances.some(({ status }) => status === "requested") ?? false;

/**
 * Uniform Progress across zones: its rules, but a strict test of time for two overheads, and on-demand is left when ahead by two
 * overheads whether or not spot is then found.
 * Source: Wu et al., "Can't Be Late", NSDI 2024, 5.2, as SkyNomad's artifact has it for several regions
 * (sky_spot/strategies/multi_region_rc_cr_threshold.py).
 */
export function paceOf(view: FleetView, job: JobView, spot: boolean): Where {
  const { restartOverheadS, workS, doneS, deadlineS, running } = job;
  const leftS = floorTo(deadlineS - view.nowS, view.everyS);
  const needS = (overheads: number) => ceilTo(workS - doneS + overheads * restartOverheadS, view.everyS);
  const at = whereIs(job);
  if (at === "spot") return needS(1) >= leftS && !running ? "onDemand" : "spot";
  if (needS(2) > leftS || needS(1) >= leftS) return "onDemand";
  if (at === "onDemand") return isAhead(job, view.nowS + 2 * restartOverheadS) ? "spot" : "onDemand";
  if (spot) return "spot";
  return isBehind(job, view.nowS) ? "onDemand" : "idle";
}

/**
 * Keeps a job at that pace.
 * @param zone the best to try now, if any
 * @param onDemand where it goes when it must
 * @returns the market that it was launched in; null where it was ended; undefined where nothing was done
 */
export function keepPaceAcross(
  view: FleetView,
  act: Actions,
  job: JobView,
  zone: MarketView | undefined,
  onDemand: MarketView | undefined,
): MarketView | null | undefined {
  const to = paceOf(view, job, zone !== undefined);
  if (to === whereIs(job)) return undefined;
  const market = to === "onDemand" ? onDemand : to === "spot" ? zone : undefined;
  if (to === "onDemand" && market === undefined) return undefined;
  if (market === undefined) relaunch(act, job, [], "ahead of the line, waits for spot");
  else
    launchGang(act, job, market, to === "spot" ? "the best zone not refused yet" : "behind the line, or no time left");
  return market ?? null;
}

/** Ends the gang that a job has, and launches another in a market. */
export const launchGang = (act: Actions, job: JobView, market: MarketView, why: string): void =>
  relaunch(act, job, new Array<MarketView>(job.nodes).fill(market), why);
