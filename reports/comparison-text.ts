import type { ResultsComparison } from "../experiments/results-comparison.ts";
import { comparisonSentence, scalesOf } from "./compare-page.ts";
import { spread } from "./estimates.ts";
import { counted } from "./numbers.ts";
import { groupName } from "./sweep.ts";

/** Rows of a terminal that are still read; the page has all. */
const ROWS_MAX = 20;

/** A comparison as a terminal shows it; names come from files, and a terminal obeys control characters. */
export function comparisonText(comparison: ResultsComparison): string {
  const { before, after, settings, provenance, changes, primaryMetric, warnings } = comparison;
  const own = changes.filter(({ metric }) => metric === primaryMetric);
  const scales = scalesOf(own, primaryMetric);
  const lines = [
    `${after} against ${before}`,
    comparisonSentence(comparison),
    ...warnings.map((warning) => `warning: ${warning}`),
    `changed: ${counted(settings.length, "setting")}, ${counted(provenance.length, "digest or version", "digests or versions")}`,
    ...settings
      .slice(0, ROWS_MAX)
      .map(
        ({ what, before, after }) => `  ${what}: ${JSON.stringify(before) ?? "-"} -> ${JSON.stringify(after) ?? "-"}`,
      ),
    ...own
      .slice(0, ROWS_MAX)
      .map(
        ({ policyId, axes, meanBefore, meanAfter, difference, verdict }) =>
          `  ${[policyId, groupName(axes)].filter(Boolean).join(", ")}: ${scales.means.format(meanBefore)} -> ${scales.means.format(meanAfter)} ${scales.means.unit}, ${scales.changes.formatSigned(difference.mean)} ${spread(difference, scales.changes.formatSigned)}, ${verdict}`,
      ),
    ...(Math.max(own.length, settings.length) > ROWS_MAX ? ["  and more: the page has all"] : []),
  ];
  return lines.join("\n").replace(/[^\P{Cc}\n]/gu, "?");
}
