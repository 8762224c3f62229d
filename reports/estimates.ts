import type { Comparison, Estimate, SummaryGroup } from "../experiments/summary.ts";
import { type Html, html } from "./html.ts";
import type { Scale } from "./numbers.ts";

/** A mean with what is known of its uncertainty under it: an interval in brackets, a mere range in words. */
export const estimateCell = (estimate: Estimate, scale: Scale, how: "plain" | "signed" = "plain"): Html => {
  const write = how === "signed" ? scale.formatSigned : scale.format;
  return html`${write(estimate.mean)}<span class="spread">${spread(estimate, write)}</span>`;
};

/** @example spread({ low: 1, high: 2, kind: "range", ... }, String) // "1 to 2" */
export const spread = ({ low, high, kind }: Estimate, write: (value: number) => string): string =>
  kind === "interval" ? `[${write(low)}, ${write(high)}]` : `${write(low)} to ${write(high)}`;

/** What the drawn or written spread of these estimates is, for captions. */
export const spreadName = (estimates: readonly Estimate[]): string =>
  estimates.some(({ kind }) => kind === "range")
    ? "the range over units, since fewer than 6 allow no interval"
    : "95 % bootstrap-t intervals";

/** Comparisons on the primary metric, each pair once: the primary ones first. */
export function onPrimaryMetric(group: SummaryGroup, primaryMetric: string): readonly Comparison[] {
  const pairs = new Map<string, Comparison>();
  for (const role of ["primary", "exploratory"] as const) {
    for (const comparison of group.comparisons) {
      const pair = JSON.stringify([comparison.policyId, comparison.against]);
      if (comparison.metric === primaryMetric && comparison.role === role && !pairs.has(pair))
        pairs.set(pair, comparison);
    }
  }
  return [...pairs.values()];
}

/** What a comparison is called where the baseline is clear from the context. */
export const comparisonName = ({ policyId, against }: Comparison, baseline: string): string =>
  against === baseline ? policyId : `${policyId} \u2212 ${against}`;
