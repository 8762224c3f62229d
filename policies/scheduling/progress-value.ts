import { z } from "zod";
import { HOUR_S, type Seconds, type UsdPerHour } from "../contract/units.ts";
import type { FleetView, JobView } from "../contract/view.ts";
import { spotMarkets } from "./zones.ts";

// What an hour of progress is worth to a job, USD/h of one instance: SkyNomad's V, in the three forms of its paper and artifact.

export const valueParam = z
  .enum(["rate-ratio", "log-barrier", "reference-cost"])
  .default("rate-ratio")
  .describe(
    "of an hour of progress: on-demand's price times the pace needed over the pace planned, or over the pace so far; or 1.2 times the price of a plan for the rest",
  );

/** What is expected of a zone: of the hours asked for, the share it has spot; and how long that then lasts. */
export interface ZoneOutlook {
  readonly priceUsdPerHour: UsdPerHour;
  readonly availability: number;
  readonly lifetimeH: number;
}

/**
 * With Cod the cheapest on-demand price, P work, p done, T deadline, t now: rate-ratio Cod T / (T - t) (P - p) / P, log-barrier
 * Cod t / (T - t) (P - p) / p, neither below the cheapest spot; Infinity at the deadline.
 * Source: SkyNomad, NSDI 2027, equation 8; sky_spot/strategies/unified_cost_model_v_variants.py of its artifact.
 * @param recentRate progress over time of late, 0 to 1
 */
export function progressValue(
  kind: z.infer<typeof valueParam>,
  view: FleetView,
  job: JobView,
  zones: readonly ZoneOutlook[],
  recentRate: number,
): UsdPerHour {
  const { workS, doneS, deadlineS, arrivalS, stateIn } = job;
  const [leftS, remainingS, passedS] = [workS - doneS, deadlineS - view.nowS, view.nowS - arrivalS];
  if (remainingS <= 0) return Infinity;
  const onDemand = Math.min(
    ...view.markets.flatMap((each) => (each.capacityType === "onDemand" ? [each.priceUsdPerHour] : [])),
  );
  if (kind === "reference-cost") {
    const share = onDemandShare(job, passedS, recentRate);
    const moveUsd = Math.min(...Object.values(job.moves[stateIn ?? ""] ?? {}).map(({ usd }) => usd / job.nodes));
    return 1.2 * referenceUsdPerHour(job, remainingS, onDemand, zones, share, Number.isFinite(moveUsd) ? moveUsd : 0);
  }
  // Before any progress there is no pace so far: the planned one stands for it.
  const pace = kind === "log-barrier" && doneS > 0 ? doneS / passedS : workS / (deadlineS - arrivalS);
  const cheapest = Math.min(...spotMarkets(view).map(({ priceUsdPerHour }) => priceUsdPerHour));
  return Math.max((onDemand * leftS) / (remainingS * pace), cheapest);
}

/**
 * An hour's price of a plan for the rest: so much on-demand, then the cheapest zones, each as far as its spot goes, and on-demand for
 * what is missing. A zone's hour costs what it costs with a restart a lifetime.
 */
function referenceUsdPerHour(
  { workS, doneS, restartOverheadS }: JobView,
  remainingS: Seconds,
  onDemandUsd: UsdPerHour,
  zones: readonly ZoneOutlook[],
  onDemandShare: number,
  moveUsd: number,
): UsdPerHour {
  const overheadH = restartOverheadS / HOUR_S;
  const leftH = (workS - doneS) / HOUR_S;
  const offers = zones
    .filter(({ lifetimeH, availability }) => lifetimeH > overheadH && availability > 0)
    .map(({ priceUsdPerHour, availability, lifetimeH }) => {
      const worked = (lifetimeH - overheadH) / lifetimeH;
      return { usd: priceUsdPerHour / worked, hours: (availability * remainingS * worked) / HOUR_S };
    })
    .sort((a, b) => a.usd - b.usd);
  let toPlaceH = leftH * (1 - onDemandShare);
  let [usd, used] = [0, 0];
  for (const offer of offers) {
    if (toPlaceH <= 0) break;
    const hours = Math.min(offer.hours, toPlaceH);
    usd += hours * offer.usd;
    toPlaceH -= hours;
    used++;
  }
  const onDemandH = leftH * onDemandShare + Math.max(0, toPlaceH);
  if (onDemandH > 0) used++;
  return (usd + onDemandH * onDemandUsd + Math.max(0, used - 1) * moveUsd) / leftH;
}

/** Where the line of recent progress meets the last one that keeps the deadline: what lies beyond it is on-demand. */
function onDemandShare(job: JobView, passedS: Seconds, rate: number): number {
  const { workS, doneS, deadlineS, arrivalS, restartOverheadS } = job;
  if (passedS <= 0) return 0;
  if (Math.abs(doneS - passedS) < 1e-6) return 0.5;
  if (Math.abs(rate - 1) < 1e-6) return 0;
  const endS = deadlineS - arrivalS;
  const meetS = (rate * passedS - doneS + (workS + 2 * restartOverheadS - endS)) / (rate - 1);
  if (meetS >= endS) return 0;
  return meetS <= 0 ? 1 : Math.min(1, (endS - meetS) / (endS - passedS));
}
