import type { Comparison, SummaryGroup } from "../../experiments/summary.ts";
import { type Chart, INK } from "../chart.ts";
import { differenceScales } from "../comparison-table.ts";
import { byPolicy } from "../encodings.ts";
import { comparisonName, estimateCell, spread } from "../estimates.ts";
import { name } from "../html.ts";
import { measure } from "../measures.ts";
import { counted, type Scale } from "../numbers.ts";
import { panels, panelsHeight, pixels, placeIn, titleLayers } from "../panels.ts";
import type { GroupScene, View } from "./view.ts";

/** Height of a panel: less where there are many. */
const plotPx = (count: number): number => (count > 4 ? 48 : 84);
/** Room at the left for the labels of each panel's scale. */
const LABELS = 58;

/** Whether more units would change the answer: each primary comparison as it would have stood after fewer. */
export const convergence: View<GroupScene> = {
  id: "convergence",
  heading: "Would more units change the answer?",
  draw({ summary: { baseline, primaryMetric }, group, looks }): Chart | undefined {
    const comparisons = group.comparisons.filter((comparison) => comparison.convergence.length > 1);
    const scale = differenceScales(comparisons).get(primaryMetric);
    if (scale === undefined) return undefined;
    const all = panels(comparisons.length, plotPx(comparisons.length));
    const height = panelsHeight(all);
    const steps = comparisons.map((comparison, i) => {
      const place = placeIn(all[i]!, [0, ...comparison.convergence.flatMap(({ low, high }) => [low, high])]);
      return comparison.convergence.map((estimate) => ({
        policy: comparison.policyId,
        panel: i,
        n: estimate.n,
        mean: place(estimate.mean),
        low: place(estimate.low),
        high: place(estimate.high),
        tip: `${comparisonName(comparison, baseline)}\nafter ${counted(estimate.n, "unit")}: ${result(estimate, scale)}`,
      }));
    });
    const sizes = [...new Set(steps.flat().map(({ n }) => n))].sort((a, b) => a - b);
    const color = byPolicy(
      comparisons.map(({ policyId }) => policyId),
      looks,
    );
    const x = {
      field: "n",
      type: "quantitative" as const,
      scale: {
        type: "log" as const,
        domain: [sizes[0]!, sizes.at(-1)!],
        nice: false,
        range: [LABELS, { expr: "width - 6" }],
      },
      axis: {
        title: "units of inference, the first n of the study (logarithmic)",
        values: sizes,
        labelOverlap: "greedy" as const,
        grid: false,
        format: "d",
      },
    };
    const detail = { field: "panel", type: "nominal" as const };
    return {
      title: `Difference in ${measure(primaryMetric).title}, had the study stopped earlier`,
      caption: captionOf(group, comparisons),
      key: [],
      spec: {
        height,
        layer: [
          {
            data: { values: comparisons.flatMap((comparison, i) => labels(comparison, i, all[i]!, scale)) },
            layer: [
              {
                mark: { type: "rule", strokeDash: [3, 3], color: INK },
                encoding: { y: pixels("px", height), x: { value: LABELS }, x2: { value: "width" } },
                transform: [{ filter: "datum.zero" }],
              },
              {
                mark: { type: "text", align: "right", baseline: "middle", color: INK },
                encoding: {
                  x: { value: LABELS - 8 },
                  y: pixels("px", height),
                  text: { field: "text", type: "nominal" },
                },
              },
            ],
          },
          {
            data: { values: steps.flat() },
            layer: [
              {
                mark: { type: "area", opacity: 0.22 },
                encoding: { x, y: pixels("high", height), y2: { field: "low" }, color, detail },
              },
              { mark: { type: "line", strokeWidth: 2 }, encoding: { x, y: pixels("mean", height), color, detail } },
              {
                mark: { type: "point", filled: true, size: 36, opacity: 1 },
                encoding: { x, y: pixels("mean", height), color, tooltip: { field: "tip", type: "nominal" } },
              },
            ],
          },
          ...titleLayers(
            comparisons.map((comparison, i) => ({
              policy: comparison.policyId,
              px: all[i]!.titlePx,
              name: comparisonName(comparison, baseline),
              result: result(comparison.difference, scale),
            })),
            height,
            LABELS,
          ),
        ],
      },
      tables: [
        {
          caption: `Difference in ${measure(primaryMetric).title}${scale.unit && `, ${scale.unit}`}, after the first n units`,
          columns: [{ title: "comparison" }, ...sizes.map((n) => ({ title: `n = ${n}`, numeric: true }))],
          rows: comparisons.map((comparison) => [
            name(comparisonName(comparison, baseline)),
            ...sizes.map((n) => {
              const estimate = comparison.convergence.find((each) => each.n === n);
              return estimate && estimateCell(estimate, scale, "signed");
            }),
          ]),
          policies: comparisons.map(({ policyId }) => policyId),
        },
      ],
    };
  },
};

const result = (estimate: Comparison["difference"], scale: Scale): string =>
  `${scale.formatSigned(estimate.mean)} ${scale.unit} ${spread(estimate, scale.formatSigned)}`;

/** No difference, and where the mean ends, unless the two labels would touch. */
function labels(
  { policyId, difference, convergence }: Comparison,
  panel: number,
  of: Parameters<typeof placeIn>[0],
  scale: Scale,
) {
  const place = placeIn(of, [0, ...convergence.flatMap(({ low, high }) => [low, high])]);
  const zero = { policy: policyId, panel, px: place(0), text: "0", zero: true };
  const end = {
    policy: policyId,
    panel,
    px: place(difference.mean),
    text: scale.formatSigned(difference.mean),
    zero: false,
  };
  return Math.abs(zero.px - end.px) < 14 ? [zero] : [zero, end];
}

function captionOf({ units, replicates }: SummaryGroup, comparisons: readonly Comparison[]): string {
  const averaged = replicates > 1 ? `, ${replicates} replicates averaged in each` : "";
  const together = comparisons.length > 1 ? ", which hold together for all primary comparisons" : "";
  return [
    `Each primary comparison as it would have stood after the first 6 and more of its ${counted(units, "unit")} of inference${averaged}, in the order of the study.`,
    `Line: mean paired difference. Band: 95 % bootstrap-t intervals${together}. Dashed: no difference.`,
    "A band that has kept clear of 0 for long would hardly be moved by more units; one that still holds it has not decided.",
    "Only its right end is the result: to stop at the n that pleases would find differences where there are none. Each panel has its own scale.",
  ].join(" ");
}
