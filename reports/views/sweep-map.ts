import type { Comparison, Summary, SummaryGroup } from "../../experiments/summary.ts";
import { type Chart, INK } from "../chart.ts";
import { orDash } from "../comparison-table.ts";
import { estimateCell, onPrimaryMetric, spread } from "../estimates.ts";
import { HEAT_LABELS, heatCells, heatLabels } from "../heat-cells.ts";
import { name } from "../html.ts";
import { measure } from "../measures.ts";
import { percentChange, type Scale, scaleFor } from "../numbers.ts";
import { pixels } from "../panels.ts";
import { type Axis, axesOf, axisText, groupName } from "../sweep.ts";
import type { SweepScene, View } from "./view.ts";

const CELL = 26;
const TITLE = 26;
/** Rows that are still read; the table behind the chart has all. */
const ROWS_MAX = 60;
/** Deep enough to be seen, pale enough for the number on it. */
const OPACITY_MAX = 0.5;

/** A combination of all axes but the first, in the block of a policy. */
interface Row {
  readonly policy: string;
  readonly label: string;
  readonly topPx: number;
  readonly groups: readonly SummaryGroup[];
}

/** A heat map for each policy over a sweep of two axes or more: its change from the baseline at every point. */
export const sweepMap: View<SweepScene> = {
  id: "sweep-map",
  heading: "Over the sweep",
  draw({ summary, looks }): Chart | undefined {
    const { baseline, primaryMetric } = summary;
    const [columns, ...others] = axesOf(summary);
    if (columns === undefined || others.length === 0) return undefined;
    const { title, unit } = measure(primaryMetric);
    const policies = [baseline, ...[...looks.keys()].filter((policy) => policy !== baseline)];
    const all = rowsOf(summary, policies, others);
    const rows = all.slice(0, ROWS_MAX);
    const height = rows.at(-1)!.topPx + CELL + 4;
    const scale = scaleFor(
      unit,
      summary.groups.flatMap(({ policies }) => policies.flatMap(({ metrics }) => metrics[primaryMetric]?.mean ?? [])),
    );
    const cells = rows.flatMap((row) =>
      row.groups.map((group) => ({
        policy: row.policy,
        column: axisText(group.axes[columns.path]),
        px: row.topPx + CELL / 2,
        top: row.topPx + 1,
        bottom: row.topPx + CELL - 1,
        ...(row.policy === baseline ? ofBaseline(group, summary, scale) : ofPolicy(row.policy, group, summary)),
      })),
    );
    const most = Math.max(...cells.map(({ change }) => Math.abs(change)));
    const x = {
      field: "column",
      type: "nominal" as const,
      sort: null,
      scale: { range: [{ expr: HEAT_LABELS }, { expr: "width" }], paddingInner: 0.02, paddingOuter: 0 },
      axis: {
        title: columns.title,
        orient: "top" as const,
        labelAngle: 0,
        labelLimit: 160,
        ticks: false,
        domain: false,
      },
    };
    const row = { y: pixels("px", height) };
    return {
      title: `Change in ${title} against ${baseline}, at every point of the sweep`,
      caption: captionOf(summary, all.length - rows.length),
      key: [
        { label: `better than ${baseline}`, sample: "key-better" },
        { label: "worse", sample: "key-worse" },
      ],
      spec: {
        height,
        layer: [
          heatCells(
            cells.map((cell) => ({ ...cell, shade: most > 0 ? Math.abs(cell.change) / most : 0 })),
            x,
            height,
            "better",
            OPACITY_MAX,
          ),
          heatLabels(
            rows.map(({ policy, label, topPx }) => ({ policy, label, px: topPx + CELL / 2 })),
            height,
          ),
          {
            data: { values: titlesOf(rows, baseline, scale) },
            mark: { type: "text", align: "left", fontWeight: 600, color: INK, limit: { expr: "width" } },
            encoding: { x: { value: 0 }, ...row, text: { field: "title", type: "nominal" } },
          },
        ],
      },
      tables: [table(summary, policies, scale)],
    };
  },
};

function rowsOf({ groups }: Summary, policies: readonly string[], others: readonly Axis[]): readonly Row[] {
  const combinations = [
    ...Map.groupBy(groups, ({ axes }) => JSON.stringify(others.map(({ path }) => axes[path]))).values(),
  ];
  const label = ({ axes }: SummaryGroup) =>
    others.map(({ path }) => `${path.split(".").at(-1)} = ${axisText(axes[path])}`).join(", ");
  return policies.flatMap((policy, p) =>
    combinations.map((of, i) => ({
      policy,
      label: label(of[0]!),
      topPx: p * (TITLE + combinations.length * CELL) + TITLE + i * CELL,
      groups: of,
    })),
  );
}

const titlesOf = (rows: readonly Row[], baseline: string, { unit }: Scale) =>
  rows
    .filter(({ policy }, i) => rows[i - 1]?.policy !== policy)
    .map(({ policy, topPx }) => ({
      policy,
      title: policy === baseline ? `${policy}: the baseline's own value${unit && `, ${unit}`}` : policy,
      px: topPx - 7,
    }));

function ofBaseline({ policies }: SummaryGroup, { baseline, primaryMetric }: Summary, scale: Scale) {
  const own = policies.find(({ policyId }) => policyId === baseline)?.metrics[primaryMetric];
  const text = own === undefined ? "\u2013" : scale.format(own.mean);
  const tip = own === undefined ? "no unit finished" : `${text} ${scale.unit} ${spread(own, scale.format)}`;
  return { change: 0, better: true, text, tip: `${baseline}\n${tip}` };
}

/** The ratio of sums as a change; in parentheses where it cannot be told from none. */
function ofPolicy(policy: string, group: SummaryGroup, { baseline, primaryMetric, better }: Summary) {
  const comparison = onPrimaryMetric(group, primaryMetric).find(
    ({ policyId, against }) => policyId === policy && against === baseline,
  );
  const ratio = comparison?.ratio ?? null;
  if (ratio === null) return { change: 0, better: true, text: "\u2013", tip: `${policy}\nno ratio to ${baseline}` };
  const text = percentChange(ratio.mean);
  return {
    change: ratio.mean - 1,
    better: better === "lower" ? ratio.mean < 1 : ratio.mean > 1,
    text: decided(ratio) ? text : `(${text})`,
    tip: `${policy}, ${groupName(group.axes)}\n${text} ${spread(ratio, percentChange)}\nn = ${ratio.n}`,
  };
}

const decided = ({ low, high, kind }: NonNullable<Comparison["ratio"]>): boolean =>
  kind === "interval" && (low > 1 || high < 1);

function captionOf({ baseline, groups }: Summary, left: number): string {
  const units = [...new Set(groups.map((group) => group.units))].sort((a, b) => a - b).join(" or ");
  const ranges = groups.some(({ comparisons }) => comparisons.some(({ ratio }) => ratio?.kind === "range"));
  return [
    `Ratio of sums to ${baseline} at the same point, minus 1, over ${units} units of inference.`,
    ranges
      ? "In parentheses: cannot be told from no change, or too few units for an interval."
      : "In parentheses: the 95 % bootstrap-t interval holds no change.",
    "The deeper the colour, the greater the change. Each cell stands for itself: of many, some are coloured by chance.",
    `What the sweep does to ${baseline} itself is in every cell: its own values stand on top.`,
    left > 0 && `${left} more rows are in the table.`,
  ]
    .filter(Boolean)
    .join(" ");
}

const table = ({ groups, primaryMetric }: Summary, policies: readonly string[], scale: Scale) => ({
  caption: `${measure(primaryMetric).title}${scale.unit && `, ${scale.unit}`}, at every point`,
  columns: [{ title: "point of the sweep" }, ...policies.map((policy) => ({ title: policy, numeric: true, policy }))],
  rows: groups.map((group) => [
    name(groupName(group.axes)),
    ...policies.map((policy) =>
      orDash(group.policies.find(({ policyId }) => policyId === policy)?.metrics[primaryMetric], (estimate) =>
        estimateCell(estimate, scale),
      ),
    ),
  ]),
});
