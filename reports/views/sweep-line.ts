import type { Estimate, Summary, SummaryGroup } from "../../experiments/summary.ts";
import { type Chart, INK } from "../chart.ts";
import { orDash } from "../comparison-table.ts";
import { byPolicy, policyKey } from "../encodings.ts";
import { estimateCell, onPrimaryMetric, spread, spreadName } from "../estimates.ts";
import { name } from "../html.ts";
import { measure, sentence } from "../measures.ts";
import { scaleFor } from "../numbers.ts";
import type { Looks } from "../palette.ts";
import { type Axis, axesOf, axisText } from "../sweep.ts";
import type { SweepScene, View } from "./view.ts";

const HEIGHT = 280;
/** Swept values further apart than this are read on a logarithmic axis. */
const LINEAR_MAX = 100;

/** What is drawn over the one axis of a sweep. */
interface Drawn {
  readonly title: string;
  readonly caption: string;
  readonly yTitle: string;
  readonly zero: boolean;
  /** One value a policy and point; undefined where there is none. */
  of(group: SummaryGroup, policyId: string): Estimate | undefined;
}

/** The primary metric of each policy over the values of a sweep's one axis. */
export const valueOverAxis: View<SweepScene> = {
  id: "sweep-value",
  heading: "Over the sweep",
  draw({ summary, looks }) {
    const { title } = measure(summary.primaryMetric);
    return lines(summary, looks, {
      title: sentence(title),
      caption:
        "The intervals are of each policy's own mean; all met the same luck, so two that overlap do not make their policies alike.",
      yTitle: title,
      zero: false,
      of: ({ policies }, id) => policies.find(({ policyId }) => policyId === id)?.metrics[summary.primaryMetric],
    });
  },
};

/** How far each policy is from the baseline over the values of a sweep's one axis. */
export const differenceOverAxis: View<SweepScene> = {
  id: "sweep-difference",
  heading: "Difference over the sweep",
  draw({ summary, looks }) {
    const { baseline, primaryMetric } = summary;
    const { title } = measure(primaryMetric);
    return lines(summary, looks, {
      title: `Difference in ${title} from ${baseline}`,
      caption: `Policy minus ${baseline}, paired by unit; the dashed line is ${baseline} itself, at its own value at each point. What the sweep did to ${baseline} is therefore in every line.`,
      yTitle: "difference",
      zero: true,
      of: (group, id) =>
        onPrimaryMetric(group, primaryMetric).find(({ policyId, against }) => policyId === id && against === baseline)
          ?.difference,
    });
  },
};

function lines(summary: Summary, looks: Looks, { title, caption, yTitle, zero, of }: Drawn): Chart | undefined {
  const axes = axesOf(summary);
  const [axis] = axes;
  if (axis === undefined || axes.length > 1) return undefined;
  const points = [...looks.keys()].flatMap((policy) =>
    summary.groups.flatMap((group) => {
      const estimate = of(group, policy);
      return estimate ? [{ policy, value: group.axes[axis.path], estimate }] : [];
    }),
  );
  const policies = [...new Set(points.map(({ policy }) => policy))];
  if (policies.length === 0) return undefined;
  const scale = scaleFor(
    measure(summary.primaryMetric).unit,
    points.flatMap(({ estimate: { mean, low, high } }) => [mean, low, high]),
  );
  const color = byPolicy(policies, looks);
  const shape = {
    field: "policy",
    type: "nominal" as const,
    legend: null,
    scale: { domain: policies, range: policies.map((policy) => looks.get(policy)?.shape ?? "circle") },
  };
  const x = xOf(axis, policies);
  const y = (field: string) => ({
    field,
    type: "quantitative" as const,
    scale: { zero: false, nice: true },
    title: `${yTitle}${scale.unit && `, ${scale.unit}`} (${summary.better === "lower" ? "down" : "up"} is better)`,
  });
  return {
    title,
    caption: [
      `${unitsText(summary)} at each of ${axis.values.length} points of the sweep.`,
      `${isNumeric(axis) ? "Bands" : "Bars"}: ${spreadName(points.map(({ estimate }) => estimate))}, each for itself, so of many some mislead by chance.`,
      caption,
      ...(zero ? [] : ["The vertical axis need not start at 0."]),
      ...(isNumeric(axis) ? ["Between the points nothing was run: the lines only join them."] : []),
    ].join(" "),
    key: policyKey(policies, looks),
    spec: {
      height: HEIGHT,
      layer: [
        ...(zero
          ? [
              {
                data: { values: [{ zero: 0 }] },
                mark: { type: "rule" as const, strokeDash: [3, 3], color: INK },
                encoding: { y: y("zero") },
              },
            ]
          : []),
        {
          data: {
            values: points.map(({ policy, value, estimate }) => ({
              policy,
              x: isNumeric(axis) ? value : axisText(value),
              mean: estimate.mean * scale.factor,
              low: estimate.low * scale.factor,
              high: estimate.high * scale.factor,
              tip: [
                policy,
                `${axis.path} = ${axisText(value)}`,
                `${zero ? scale.formatSigned(estimate.mean) : scale.format(estimate.mean)} ${scale.unit} ${spread(estimate, zero ? scale.formatSigned : scale.format)}`,
              ].join("\n"),
            })),
          },
          layer: [
            ...(isNumeric(axis)
              ? [
                  {
                    mark: { type: "area" as const, opacity: 0.16 },
                    encoding: { x, y: y("high"), y2: { field: "low" }, color },
                  },
                  { mark: { type: "line" as const, strokeWidth: 2 }, encoding: { x, y: y("mean"), color } },
                ]
              : [
                  {
                    mark: { type: "rule" as const, strokeWidth: 3, opacity: 0.6 },
                    encoding: { x, y: y("low"), y2: { field: "high" }, color, ...dodged(policies) },
                  },
                ]),
            {
              mark: { type: "point", filled: true, size: 70, opacity: 1 },
              encoding: {
                x,
                y: y("mean"),
                color,
                shape,
                tooltip: { field: "tip", type: "nominal" },
                ...(isNumeric(axis) ? {} : dodged(policies)),
              },
            },
          ],
        },
      ],
    },
    tables: [
      {
        caption: `${title}${scale.unit && `, ${scale.unit}`}`,
        columns: [{ title: axis.path }, ...policies.map((policy) => ({ title: policy, numeric: true, policy }))],
        rows: summary.groups.map((group) => [
          name(axisText(group.axes[axis.path])),
          ...policies.map((policy) =>
            orDash(of(group, policy), (estimate) => estimateCell(estimate, scale, zero ? "signed" : "plain")),
          ),
        ]),
      },
    ],
  };
}

const isNumeric = ({ values }: Axis): boolean => values.every((value) => typeof value === "number");

/** Numbers stand where they belong, on a logarithmic axis where they span much; anything else side by side. */
function xOf(axis: Axis, policies: readonly string[]) {
  if (!isNumeric(axis)) {
    return {
      field: "x",
      type: "nominal" as const,
      sort: null,
      scale: { paddingInner: policies.length > 1 ? 0.5 : 0 },
      axis: { title: axis.title, labelAngle: 0, labelLimit: 220, ticks: false },
    };
  }
  const numbers = axis.values.filter((value) => typeof value === "number").sort((a, b) => a - b);
  const [least, most] = [numbers[0]!, numbers.at(-1)!];
  return {
    field: "x",
    type: "quantitative" as const,
    scale: {
      type: least > 0 && most / least >= LINEAR_MAX ? ("log" as const) : ("linear" as const),
      zero: false,
      nice: false,
      padding: 14,
    },
    axis: { title: axis.title, values: numbers, labelOverlap: true, grid: false, format: ",~f" },
  };
}

const dodged = (policies: readonly string[]) => ({
  xOffset: { field: "policy", type: "nominal" as const, scale: { domain: [...policies] } },
});

function unitsText({ groups }: Summary): string {
  const units = groups.map((group) => group.units);
  const [least, most] = [Math.min(...units), Math.max(...units)];
  const replicates = Math.max(...groups.map((group) => group.replicates));
  return `${least === most ? `Means over ${least} units` : `Means over ${least} to ${most} units`} of inference${replicates > 1 ? `, ${replicates} replicates averaged in each,` : ""}`;
}
