import type { TracedRun } from "../../experiments/record.ts";
import type { PublishedFigure, Summary, SummaryGroup } from "../../experiments/summary.ts";
import type { Chart } from "../chart.ts";
import type { Looks } from "../palette.ts";

/** A chart of the page: pure, from what was found to a picture. Undefined where there is nothing to draw. */
export interface View<Scene> {
  /** kebab-case; the anchor of its section. */
  readonly id: string;
  readonly heading: string;
  draw(scene: Scene): Chart | undefined;
}

/** One point of the sweep. */
export interface GroupScene {
  readonly summary: Summary;
  readonly group: SummaryGroup;
  readonly looks: Looks;
}

/** All points of the sweep. */
export interface SweepScene {
  readonly summary: Summary;
  readonly looks: Looks;
}

/** Traced runs on the same luck: one, or two that are compared. */
export interface LuckScene {
  readonly runs: readonly TracedRun[];
  readonly looks: Looks;
}

/** One figure that others published. */
export interface FigureScene {
  readonly figure: PublishedFigure;
}
