import type { Comparison, Summary, SummaryGroup } from "../../experiments/summary.ts";
import { type Chart, INK } from "../chart.ts";
import { comparisonTable, differenceScales } from "../comparison-table.ts";
import { byPolicy, labelledRows } from "../encodings.ts";
import { comparisonName, onPrimaryMetric, spread, spreadName } from "../estimates.ts";
import { measure } from "../measures.ts";
import { counted, percentChange, pValue, type Scale } from "../numbers.ts";
import type { GroupScene, View } from "./view.ts";

/** Forest plot: how far each policy is from the baseline on the primary metric. */
export const differences: View<GroupScene> = {
  id: "differences",
  heading: "Differences from the baseline",
  draw({ summary, group, looks }): Chart | undefined {
    const comparisons = onPrimaryMetric(group, summary.primaryMetric);
    if (comparisons.length === 0) return undefined;
    const { title } = measure(summary.primaryMetric);
    const scale = differenceScales(comparisons).get(summary.primaryMetric)!;
    const others = group.comparisons.filter(({ metric }) => metric !== summary.primaryMetric);
    const color = byPolicy(
      comparisons.map(({ policyId }) => policyId),
      looks,
    );
    const tooltip = { field: "tip", type: "nominal" as const };
    return {
      title: `Difference in ${title} from ${summary.baseline}`,
      caption: captionOf(summary, group, comparisons),
      key: [
        ...(comparisons.some(isPrimary) ? [{ label: "primary comparison", sample: "key-filled" }] : []),
        ...(comparisons.every(isPrimary) ? [] : [{ label: "exploratory comparison", sample: "key-hollow" }]),
      ],
      spec: {
        height: 34 * comparisons.length + 6,
        data: { values: comparisons.map((comparison) => bar(comparison, summary.baseline, scale)) },
        layer: [
          {
            mark: { type: "rule", strokeWidth: 3, opacity: 0.7 },
            encoding: {
              x: {
                field: "low",
                type: "quantitative",
                scale: { zero: true, nice: true },
                title: `difference${scale.unit && `, ${scale.unit}`} (${summary.better === "lower" ? "left" : "right"} of 0 is better)`,
              },
              x2: { field: "high" },
              y: labelledRows,
              color,
              tooltip,
            },
          },
          {
            mark: { type: "point", size: 110, strokeWidth: 2.5, opacity: 1 },
            encoding: {
              x: { field: "mean", type: "quantitative" },
              fill: {
                condition: { ...color, test: "datum.role === 'primary'" },
                value: "var(--page, #ffffff)",
              },
              y: labelledRows,
              color,
              tooltip,
            },
          },
          {
            data: { values: [{ zero: 0 }] },
            mark: { type: "rule", strokeDash: [3, 3] },
            encoding: { x: { field: "zero", type: "quantitative" }, color: { value: INK } },
          },
        ],
      },
      tables: [
        comparisonTable(`Differences in ${title}`, comparisons, summary.baseline),
        ...(others.length > 0 ? [comparisonTable("Comparisons on other metrics", others, summary.baseline)] : []),
      ],
    };
  },
};

const isPrimary = ({ role }: Comparison): boolean => role === "primary";

function bar(comparison: Comparison, baseline: string, scale: Scale) {
  const { difference, policyId, ratio, role, n } = comparison;
  const p = comparison.pHolm ?? comparison.p;
  const tested = p === null ? "" : `, p = ${pValue(p)}${comparison.pHolm === null ? "" : " after Holm"}`;
  return {
    label: comparisonName(comparison, baseline),
    policy: policyId,
    role,
    mean: difference.mean * scale.factor,
    low: difference.low * scale.factor,
    high: difference.high * scale.factor,
    tip: [
      comparisonName(comparison, baseline),
      `${scale.formatSigned(difference.mean)} ${scale.unit} ${spread(difference, scale.formatSigned)}`,
      `${ratio === null ? "" : `${percentChange(ratio.mean)}, `}n = ${n}${tested}`,
      role,
    ].join("\n"),
  };
}

function captionOf(summary: Summary, group: SummaryGroup, comparisons: readonly Comparison[]): string {
  const estimates = comparisons.map(({ difference }) => difference);
  const averaged = group.replicates > 1 ? `, ${group.replicates} replicates averaged in each` : "";
  const paired = `Policy minus ${summary.baseline}, paired over ${counted(group.units, "unit")} of inference${averaged}.`;
  if (estimates.some(({ kind }) => kind === "range")) {
    return `${paired} Bars: ${spreadName(estimates)}. A range says nothing about the mean: this trace cannot answer how sure the difference is.`;
  }
  const primary = comparisons.some(isPrimary);
  return [
    paired,
    `Bars: ${spreadName(estimates)}${primary ? ", simultaneous for the primary comparisons" : ""}.`,
    primary &&
      !comparisons.every(isPrimary) &&
      "Exploratory bars are not adjusted for their number: of many, some miss 0 by chance.",
    "A bar that reaches 0 shows no difference at this n, which is not the same as showing that there is none.",
  ]
    .filter(Boolean)
    .join(" ");
}
