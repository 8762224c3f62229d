import type { PublishedFigure } from "../../experiments/summary.ts";
import { orDash } from "../comparison-table.ts";
import { spread } from "../estimates.ts";
import { asPublished, differenceUnit, figureScale, withUnit } from "../figure-scale.ts";
import { type Content, type Html, html } from "../html.ts";
import { counted } from "../numbers.ts";
import { type Table, tableHtml } from "../table.ts";

/** What others published, or the study expected, beside ours, a verdict on each that was computed, and what explains it. */
export const published = (figures: readonly PublishedFigure[]): Html => html`
${tableHtml(verdicts(figures))}
<p class="note">${NOTE}</p>
<details><summary>What each figure was compared with, and what single runs would have shown</summary>${tableHtml(behind(figures))}</details>`;

const NOTE =
  "Verdicts are computed. A figure holds where our whole interval (95 %, bootstrap-t) lies within it and its tolerance, does not where the interval lies wholly outside, and cannot be told otherwise. A figure that was one run holds where it lies among the middle 95 % of our runs. Each interval stands alone: of twenty, one misses by chance. The reasons are the study's own words.";

const verdicts = (figures: readonly PublishedFigure[]): Table => ({
  caption: `${counted(figures.length, "figure")} beside ours`,
  columns: [
    { title: "claim" },
    { title: "value", numeric: true },
    { title: "ours", numeric: true },
    { title: "verdict" },
    { title: "why" },
  ],
  rows: figures.map((figure) => [
    html`${figure.claim}${figure.source && html`<span class="source">${figure.source}</span>`}`,
    html`${valueText(figure)}<span class="spread">${figure.of === "oneRun" ? "one run" : figure.within > 0 && `\u00B1 ${asPublished(figure.within, figure.unit)}`}</span>`,
    ours(figure),
    html`<span class="${`verdict ${figure.verdict.replaceAll(" ", "-")}`}">${figure.verdict}</span>`,
    orDash(figure.why, (why) => html`<span class="why">${why}</span>`),
  ]),
});

const behind = (figures: readonly PublishedFigure[]): Table => ({
  caption: "What each figure was compared with",
  columns: [
    { title: "claim" },
    { title: "compared with" },
    { title: "off by", numeric: true },
    { title: "units", numeric: true },
    { title: "95 % of single runs", numeric: true },
    { title: "runs that reach it", numeric: true },
  ],
  rows: figures.map((figure): readonly Content[] => {
    const scale = figureScale(figure);
    const { format, formatSigned } = scale;
    return [
      figure.id,
      figure.quantity,
      orDash(figure.offBy, (offBy) => withUnit(formatSigned(offBy), differenceUnit(scale))),
      orDash(figure.ours, ({ n }) => n),
      orDash(figure.runs, ({ low, high }) => `${format(low)} to ${withUnit(format(high), scale.unit)}`),
      orDash(figure.runs, ({ shareAtLeast }) => `${(100 * shareAtLeast).toFixed(0)}\u00A0%`),
    ];
  }),
});

function ours(figure: PublishedFigure): Content {
  const { unit, format } = figureScale(figure);
  return orDash(
    figure.ours,
    (estimate) => html`${withUnit(format(estimate.mean), unit)}<span class="spread">${spread(estimate, format)}</span>`,
  );
}

function valueText({ from, to, unit }: PublishedFigure): string {
  if (from === null) return `at most ${asPublished(to!, unit)}`;
  if (to === null) return `at least ${asPublished(from, unit)}`;
  return from === to ? asPublished(from, unit) : `${asPublished(from, unit)} to ${asPublished(to, unit)}`;
}
