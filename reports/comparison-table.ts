import type { Comparison, Estimate } from "../experiments/summary.ts";
import { comparisonName, estimateCell, spread } from "./estimates.ts";
import { type Content, type Html, html, name } from "./html.ts";
import { measure } from "./measures.ts";
import { percentChange, pValue, type Scale, scaleFor } from "./numbers.ts";
import type { Table } from "./table.ts";

/** Everything that is known of each comparison, for the tables behind a chart. */
export function comparisonTable(caption: string, comparisons: readonly Comparison[], baseline: string): Table {
  const scales = differenceScales(comparisons);
  return {
    caption,
    columns: [
      { title: "policy" },
      { title: "metric" },
      { title: "difference", numeric: true },
      { title: "change", numeric: true },
      { title: "n", numeric: true },
      { title: "p", numeric: true },
      { title: "p after Holm", numeric: true },
      { title: "least p possible", numeric: true },
      { title: "better in a new unit", unit: "%", numeric: true },
      { title: "least difference found", numeric: true },
      { title: "correlation", numeric: true },
      { title: "role" },
    ],
    rows: comparisons.map((comparison) => {
      const scale = scales.get(comparison.metric)!;
      return [
        name(comparisonName(comparison, baseline)),
        `${measure(comparison.metric).title}${scale.unit && `, ${scale.unit}`}`,
        estimateCell(comparison.difference, scale, "signed"),
        orDash(comparison.ratio, changeCell),
        comparison.n,
        orDash(comparison.p, pValue),
        orDash(comparison.pHolm, pValue),
        orDash(comparison.pSmallest, pValue),
        orDash(comparison.betterShare, (share) => estimateCell(share, SHARE)),
        orDash(comparison.detectable, scale.format),
        orDash(comparison.correlation, (value) => value.toFixed(2)),
        comparison.role,
      ];
    }),
    policies: comparisons.map(({ policyId }) => policyId),
  };
}

const SHARE = scaleFor("share", []);

/** One scale for all differences in a metric. */
export function differenceScales(comparisons: readonly Comparison[]): ReadonlyMap<string, Scale> {
  return new Map(
    [...Map.groupBy(comparisons, ({ metric }) => metric)].map(([metric, of]) => [
      metric,
      scaleFor(
        measure(metric).unit,
        of.flatMap(({ difference: { mean, low, high } }) => [mean, low, high]),
      ),
    ]),
  );
}

/** The relative change that a ratio of sums means, with its spread. */
export const changeCell = (ratio: Estimate): Html =>
  html`${percentChange(ratio.mean)}<span class="spread">${spread(ratio, percentChange)}</span>`;

export const orDash = <T>(value: T | null | undefined, write: (value: T) => Content): Content =>
  value === null || value === undefined ? html`<span class="none">\u2013</span>` : write(value);
