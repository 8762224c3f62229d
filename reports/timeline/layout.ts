import type { Timeline, TimelineInstance } from "../../sim/simulation.ts";
import { capacityOf, maximum, pricesOf } from "./steps.ts";

/** Heights in pixels, from the top: a label, a band and rows of instances for each market. */
const LABEL = 18;
const BAND = 30;
/** Enough for a market whose price and capacity stand still. */
const BAND_FLAT = 10;
/** The strip of refused launches, where a run had any. */
export const REFUSED = 6;
export const ROW = 12;
const GAP = 10;
/** Rows and instances, of which each run has its part: more would be neither readable nor quick. */
const ROWS_MAX = 80;
const INSTANCES_MAX = 300;
/** The share of the run by which two instances in a row are apart, so that they are seen as two. */
const APART = 1 / 250;

/** A market, and under it what each run held there. */
export interface MarketGroup {
  readonly market: number;
  readonly topPx: number;
  readonly bandPx: number;
  readonly bandEndPx: number;
  /** In the order of the runs; without those that asked for nothing there. */
  readonly blocks: readonly Block[];
  readonly endPx: number;
}
/** What one run had in one market. */
export interface Block {
  /** Position in the list of runs. */
  readonly run: number;
  readonly topPx: number;
  readonly refused: readonly TimelineInstance[];
  readonly rows: readonly Row[];
  readonly endPx: number;
}
export interface Row {
  readonly instance: TimelineInstance;
  readonly topPx: number;
}

/**
 * Markets in which any of the runs asked for something, in the order of the table. Under each the instances of each run, in id
 * order, each in the first row that is free by then.
 */
export function layout(runs: readonly Timeline[], fromPx: number): readonly MarketGroup[] {
  const whole = longest(runs);
  const rowsOf = runs.map((run) => packed(run, runs.length, whole.endS * APART));
  let px = fromPx;
  return whole.markets.flatMap((_, market) => {
    const topPx = px + GAP;
    const bandPx = topPx + LABEL;
    const bandEndPx = bandPx + (standsStill(whole, market) ? BAND_FLAT : BAND);
    let blockPx = bandEndPx + 3;
    const blocks = runs.flatMap(({ instances }, run): Block[] => {
      const here = instances.filter((instance) => instance.market === market);
      if (here.length === 0) return [];
      const topPx = blockPx;
      const refused = here.filter(({ endedBy }) => endedBy === "refused");
      const rowsPx = topPx + (refused.length > 0 ? REFUSED : 0);
      const placed = rowsOf[run]!.filter(({ instance }) => instance.market === market);
      const endPx = rowsPx + Math.max(0, ...placed.map(({ row }) => row + 1)) * ROW;
      blockPx = endPx + 3;
      return [
        {
          run,
          topPx,
          refused,
          rows: placed.map(({ instance, row }) => ({ instance, topPx: rowsPx + row * ROW })),
          endPx,
        },
      ];
    });
    if (blocks.length === 0) return [];
    px = blockPx;
    return [{ market, topPx, bandPx, bandEndPx, blocks, endPx: px }];
  });
}

/** Each instance that was granted with its row among those of its market; without those that find none. */
function packed({ markets, instances }: Timeline, runs: number, apartS: number) {
  const freeS: number[][] = markets.map(() => []);
  let rows = 0;
  const placed: { readonly instance: TimelineInstance; readonly row: number }[] = [];
  for (const instance of instances) {
    if (instance.runningS === null || placed.length * runs >= INSTANCES_MAX) continue;
    const lanes = freeS[instance.market]!;
    const free = lanes.findIndex((untilS) => untilS + apartS <= instance.requestedS);
    if (free < 0 && rows * runs >= ROWS_MAX) continue;
    if (free < 0) rows++;
    const row = free < 0 ? lanes.length : free;
    lanes[row] = instance.endS;
    placed.push({ instance, row });
  }
  return placed;
}

/** The run that saw most of the markets, which are the same for all. */
export const longest = (runs: readonly Timeline[]): Timeline => {
  const endS = maximum(runs.map((run) => run.endS));
  return runs.find((run) => run.endS === endS)!;
};

const standsStill = (run: Timeline, market: number): boolean =>
  pricesOf(run, market).length < 2 && capacityOf(run, market).every(({ count }) => count === null);
