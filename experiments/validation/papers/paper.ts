import { quantile } from "../../../sim/quantile.ts";
import type { PublicSet } from "../../../traces/public-sets.ts";
import type { Verdict } from "../../summary.ts";

/** A paper whose figures are computed anew, from the traces that its authors published. */
export interface Paper {
  /** What its results are called. */
  readonly name: string;
  /** Whose, what, where. */
  readonly citation: string;
  /** The data set that its traces are in. */
  readonly set: PublicSet["name"];
  /**
   * Its figures, computed. @param folder where the set lies
   * @throws TraceError for a file that is missing or spoilt
   */
  replay(folder: string, options: ReplayOptions): Promise<readonly Figure[]>;
}

export interface ReplayOptions {
  /** Worker threads. */
  readonly jobs: number;
  /** Called once with how many pieces of work there are; gives what is called as each is done. */
  readonly progress: (pieces: number) => () => void;
}

/** A figure or table, ours beside the published one. */
export interface Figure {
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  readonly within: Tolerance;
  readonly rows: readonly Row[];
}

/**
 * How far off the points of a row may be and still hold: on average, or each of them, in the unit of the figure, or as a share of what
 * was published. Or, for what was a
 * single run: each published point lies in the middle share of our runs at other starts.
 */
export type Tolerance =
  | { readonly mean: number }
  | { readonly each: number }
  | { readonly share: number }
  | { readonly starts: number };

/** What is judged together: the points of one policy. */
export interface Row {
  readonly of: string;
  readonly points: readonly Point[];
  /** What explains that it does not hold. */
  readonly why?: string | undefined;
}

export interface Point {
  /** Which panel and place of it. */
  readonly at: string;
  readonly published: number;
  /** One a start. */
  readonly runs: readonly number[];
}

/** How far off a row is. Differences are ours minus published. */
export interface Judged {
  readonly publishedMean: number;
  readonly oursMean: number;
  readonly offMean: number; // mean of absolute differences
  readonly offMost: number; // the difference that is largest in absolute value
  readonly mostAt: string;
  readonly verdict: Verdict;
}

/**
 * @example judgedRow({ of: "greedy", points: [{ at: "60 h", published: 29, runs: [28, 31] }] }, { mean: 1 }).verdict // "holds"
 */
export function judgedRow({ points }: Row, within: Tolerance): Judged {
  const off = (point: Point): number => oursAt(point) - point.published;
  const most = points.reduce((worst, each) => (Math.abs(off(each)) > Math.abs(off(worst)) ? each : worst));
  const offMean = mean(points.map((each) => Math.abs(off(each))));
  const holds =
    "mean" in within
      ? offMean <= within.mean
      : "each" in within
        ? Math.abs(off(most)) <= within.each
        : "share" in within
          ? points.every((each) => Math.abs(off(each)) <= within.share * Math.abs(each.published))
          : points.every(({ published, runs }) => {
              const [low, high] = middleOf(runs, within.starts);
              return published >= low && published <= high;
            });
  return {
    publishedMean: mean(points.map(({ published }) => published)),
    oursMean: mean(points.map(oursAt)),
    offMean,
    offMost: off(most),
    mostAt: most.at,
    verdict: holds ? "holds" : "does not hold",
  };
}

/** @example oursAt({ at: "60 h", published: 29, runs: [28, 31] }) // 29.5 */
export const oursAt = ({ runs }: Point): number => mean(runs);

/** Between which values the middle share of runs lies. @example middleOf([1, 2, 3], 1) // [1, 3] */
export function middleOf(runs: readonly number[], share: number): readonly [low: number, high: number] {
  const sorted = Float64Array.from(runs).sort();
  return [quantile(sorted, (1 - share) / 2), quantile(sorted, (1 + share) / 2)];
}

const mean = (values: readonly number[]): number => values.reduce((sum, each) => sum + each, 0) / values.length;
