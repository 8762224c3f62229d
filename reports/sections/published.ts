import type { PublishedFigure } from "../../experiments/summary.ts";
import { orDash } from "../comparison-table.ts";
import { estimateCell } from "../estimates.ts";
import { type Content, type Html, html } from "../html.ts";
import { counted, type Scale, scaleFor } from "../numbers.ts";
import { tableHtml } from "../table.ts";

/** What others published beside ours, a verdict on each that was computed, and what explains it. */
export function published(figures: readonly PublishedFigure[]): Html {
  return html`
${tableHtml({
  caption: `${counted(figures.length, "published figure")} beside ours`,
  columns: [
    { title: "published" },
    { title: "value", numeric: true },
    { title: "ours", numeric: true },
    { title: "off by", numeric: true },
    { title: "verdict" },
    { title: "why" },
  ],
  rows: figures.map(row),
})}
<p class="note">${NOTE}</p>`;
}

const NOTE =
  "Verdicts are computed. A figure holds where our whole 95 % interval lies within it and its tolerance, does not where the interval lies wholly outside, and cannot be told otherwise. A figure that was one run holds where it lies among the middle 95 % of our runs. Each interval stands alone: of twenty, one misses by chance. The reasons are the study's own words.";

function row(figure: PublishedFigure): readonly Content[] {
  const { claim, source, ours, offBy, verdict, why, quantity, runs, from, to } = figure;
  const scale = figureScale(figure);
  return [
    html`${claim}<span class="spread">${source}</span>`,
    html`${valueText(figure, scale)}${figure.of === "oneRun" && html`<span class="spread">one run</span>`}${figure.within > 0 && html`<span class="spread">within ${written(figure.within, scale)}</span>`}`,
    html`${orDash(ours, (estimate) => estimateCell(estimate, suffixed(scale)))}${runs && html`<span class="spread">95 % of single runs: ${scale.format(runs.low)} to ${written(runs.high, scale)}; ${percent(runs.shareAtLeast)} reach ${written(from ?? to!, scale)}</span>`}<span class="spread">${quantity}</span>`,
    orDash(offBy, suffixed(scale).formatSigned),
    html`<span class="${`verdict ${VERDICT_CLASS[verdict]}`}">${verdict}</span>`,
    orDash(why, String),
  ];
}

const VERDICT_CLASS: Readonly<Record<PublishedFigure["verdict"], string>> = {
  holds: "holds",
  "does not hold": "fails",
  "cannot be told": "open",
};

/** One scale for a figure and ours. */
export const figureScale = ({ unit, from, to, ours, steps }: PublishedFigure): Scale =>
  scaleFor(
    unit,
    [from, to, ours?.mean, ours?.low, ours?.high, ...steps.map((step) => step.ours?.mean)].flatMap(
      (value) => value ?? [],
    ),
  );

function valueText({ from, to }: PublishedFigure, scale: Scale): string {
  if (from === null) return `at most ${written(to!, scale)}`;
  if (to === null) return `at least ${written(from, scale)}`;
  return from === to ? written(from, scale) : `${scale.format(from)} to ${written(to, scale)}`;
}

export const written = (value: number, scale: Scale): string => suffixed(scale).format(value);

const suffixed = (scale: Scale): Scale => {
  const after = scale.unit && `\u00A0${scale.unit}`;
  return {
    ...scale,
    format: (value) => scale.format(value) + after,
    formatSigned: (value) => scale.formatSigned(value) + after,
  };
};

const percent = (share: number): string => `${(100 * share).toFixed(0)}\u00A0%`;
