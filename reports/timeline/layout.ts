import type { Timeline, TimelineInstance } from "../../sim/simulation.ts";
import { capacityOf, pricesOf } from "./steps.ts";

/** Heights in pixels, from the top: the lane of decisions, then per market a label, a band and a row an instance. */
export const DECISIONS = 24;
const LABEL = 18;
const BAND = 36;
/** Enough for a market whose price and capacity stand still. */
const BAND_FLAT = 12;
export const ROW = 12;
const GAP = 8;

/** A market and the instances drawn under it. */
export interface MarketGroup {
  readonly market: number;
  readonly topPx: number;
  readonly bandPx: number;
  readonly bandEndPx: number;
  readonly rows: readonly Row[];
  readonly endPx: number;
}
export interface Row {
  readonly instance: TimelineInstance;
  readonly topPx: number;
}

/** Markets in which something was launched or refused, in the order of the table; instances under each in id order. */
export function layout(run: Timeline, shown: readonly TimelineInstance[]): readonly MarketGroup[] {
  let px = DECISIONS;
  return run.markets.flatMap((_, market) => {
    if (!run.instances.some((instance) => instance.market === market)) return [];
    const topPx = px + GAP;
    const bandPx = topPx + LABEL;
    const bandEndPx = bandPx + (standsStill(run, market) ? BAND_FLAT : BAND);
    const rows = shown
      .filter((instance) => instance.market === market)
      .map((instance, i) => ({ instance, topPx: bandEndPx + 3 + i * ROW }));
    px = bandEndPx + 3 + rows.length * ROW;
    return [{ market, topPx, bandPx, bandEndPx, rows, endPx: px }];
  });
}

const standsStill = (run: Timeline, market: number): boolean =>
  pricesOf(run, market).length < 2 && capacityOf(run, market).every(({ count }) => count === null);
