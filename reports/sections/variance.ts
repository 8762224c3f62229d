import type { Summary, VarianceShares } from "../../experiments/summary.ts";
import { type Html, html } from "../html.ts";
import { measure } from "../measures.ts";
import { type Table, tableHtml } from "../table.ts";

/** Of a sweep: which axis matters, for what is paid and for how policies compare; undefined where nothing can be said. */
export function variance({ variance, primaryMetric, baseline }: Summary): Html | undefined {
  if (variance.length === 0) return undefined;
  return html`
${variance.map((each) => tableHtml(sharesTable(each, primaryMetric, baseline)))}
<p class="note">${NOTE}</p>`;
}

const NOTE =
  "Shares of the variance of means over all points of the sweep, exact since it holds every combination once. They depend on the values that were chosen: an axis over a wider range has a larger share. Axes named together: what they do beyond what each does alone. The scatter between units is not in them.";

const sharesTable = ({ quantity, shares }: VarianceShares, metric: string, baseline: string): Table => ({
  caption:
    quantity === "value"
      ? `What ${measure(metric).title} depends on`
      : `What its change against ${baseline} depends on`,
  columns: [{ title: "axis" }, { title: "share", unit: "%", numeric: true }],
  rows: shares
    .toSorted((a, b) => b.share - a.share)
    .map(({ of, share }) => [of.join(" with "), (100 * share).toFixed(1)]),
});
