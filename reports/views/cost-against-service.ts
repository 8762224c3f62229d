import type { Estimate, SummaryGroup } from "../../experiments/summary.ts";
import { type Chart, INK, MUTED } from "../chart.ts";
import { byPolicy, policyKey } from "../encodings.ts";
import { estimateCell, spread, spreadName } from "../estimates.ts";
import { name } from "../html.ts";
import { measure, sentence } from "../measures.ts";
import { counted, type Scale, scaleFor } from "../numbers.ts";
import type { GroupScene, View } from "./view.ts";

const HEIGHT = 320;
/** As many points in one spot share a name; what they are the key and the table tell. */
const CROWD = 4;
/** Width of a letter, as a share of the chart's. */
const CHARACTER = 0.008;

interface Point {
  readonly policyId: string;
  readonly cost: Estimate;
  readonly service: Estimate;
}

/** Pareto chart: what a policy costs, and what service one gets for it. */
export const costAgainstService: View<GroupScene> = {
  id: "cost-against-service",
  heading: "Cost against service",
  draw({ summary, group, looks }): Chart | undefined {
    const service = serviceMetric(group);
    const cost = measure(summary.primaryMetric).unit.startsWith("USD") ? summary.primaryMetric : "costUsd";
    const points: readonly Point[] = group.policies.flatMap(({ policyId, metrics }) => {
      const [x, y] = [metrics[cost], service && metrics[service]];
      return x && y ? [{ policyId, cost: x, service: y }] : [];
    });
    if (service === undefined || points.length < 2) return undefined;

    const higherIsBetter = service !== "completionP95H";
    const costs = axis(
      cost,
      points.map((point) => point.cost),
    );
    const services = axis(
      service,
      points.map((point) => point.service),
    );
    const best = efficient(points, higherIsBetter);
    const labels = labelPlaces(points);
    const policies = points.map(({ policyId }) => policyId);
    const x = { field: "cost", type: "quantitative", scale: { zero: false, nice: true, padding: 24 } } as const;
    const y = { field: "service", type: "quantitative", scale: { zero: false, nice: true, padding: 20 } } as const;
    return {
      title: sentence(`${measure(cost).title} against ${measure(service).title}`),
      caption: [
        `Means over ${counted(group.units, "unit")} of inference. Bars: ${spreadName(points.map((point) => point.cost))}, of each policy's own mean.`,
        "All policies met the same luck, so overlapping bars do not make two of them alike: the paired differences above are the test.",
        "The stepped line joins the policies that no other beats on both; it ignores the uncertainty. The axes need not start at 0.",
      ].join(" "),
      key: policyKey(policies, looks),
      spec: {
        height: HEIGHT,
        data: {
          values: points.map((point, i) => ({
            policy: point.policyId,
            ...labels[i],
            cost: point.cost.mean * costs.scale.factor,
            costLow: point.cost.low * costs.scale.factor,
            costHigh: point.cost.high * costs.scale.factor,
            service: point.service.mean * services.scale.factor,
            serviceLow: point.service.low * services.scale.factor,
            serviceHigh: point.service.high * services.scale.factor,
            efficient: best.has(point.policyId),
            tip: [
              point.policyId,
              `${costs.title}: ${costs.scale.format(point.cost.mean)} ${spread(point.cost, costs.scale.format)}`,
              `${services.title}: ${services.scale.format(point.service.mean)} ${spread(point.service, services.scale.format)}`,
            ].join("\n"),
          })),
        },
        encoding: {
          color: byPolicy(policies, looks),
        },
        layer: [
          {
            transform: [{ filter: "datum.efficient" }],
            mark: { type: "line", interpolate: "step-after", strokeDash: [4, 3], strokeWidth: 1.5 },
            encoding: { x, y, order: { field: "cost", type: "quantitative" }, color: { value: MUTED } },
          },
          {
            mark: { type: "rule", strokeWidth: 2, opacity: 0.6 },
            encoding: {
              x: { ...x, field: "costLow", title: `${costs.title} (left is better)` },
              x2: { field: "costHigh" },
              y,
            },
          },
          {
            mark: { type: "rule", strokeWidth: 2, opacity: 0.6 },
            encoding: {
              x,
              y: {
                ...y,
                field: "serviceLow",
                title: `${services.title} (${higherIsBetter ? "up" : "down"} is better)`,
              },
              y2: { field: "serviceHigh" },
            },
          },
          {
            mark: { type: "point", filled: true, size: 130, opacity: 1 },
            encoding: {
              x,
              y,
              shape: {
                field: "policy",
                type: "nominal",
                legend: null,
                scale: { domain: policies, range: policies.map((policy) => looks.get(policy)?.shape ?? "circle") },
              },
              tooltip: { field: "tip", type: "nominal" },
            },
          },
          {
            mark: {
              type: "text",
              align: { expr: "datum.align" },
              dx: { expr: "datum.dx" },
              dy: { expr: "datum.dy" },
              limit: 300,
            },
            encoding: { x, y, text: { field: "label", type: "nominal" }, color: { value: INK } },
          },
        ],
      },
      tables: [
        {
          caption: `Cost and service, means over ${counted(group.units, "unit")}`,
          columns: [
            { title: "policy" },
            { title: measure(cost).title, unit: costs.scale.unit, numeric: true },
            { title: measure(service).title, unit: services.scale.unit, numeric: true },
            { title: "beaten on both by another" },
          ],
          rows: points.map((point) => [
            name(point.policyId),
            estimateCell(point.cost, costs.scale),
            estimateCell(point.service, services.scale),
            best.has(point.policyId) ? "no" : "yes",
          ]),
          policies,
        },
      ],
    };
  },
};

/** The share of deadlines met, completed, or available, where policies differ in it, else how long the slowest twentieth takes. */
function serviceMetric({ policies }: SummaryGroup): string | undefined {
  for (const metric of ["deadlineMetShare", "completedShare", "availableShare"]) {
    const shares = policies.flatMap(({ metrics }) => metrics[metric]?.mean ?? []);
    if (shares.length > 1 && Math.max(...shares) - Math.min(...shares) >= 0.001) return metric;
  }
  return policies.some(({ metrics }) => metrics.completionP95H) ? "completionP95H" : undefined;
}

function axis(metric: string, estimates: readonly Estimate[]): { readonly title: string; readonly scale: Scale } {
  const scale = scaleFor(
    measure(metric).unit,
    estimates.flatMap(({ mean, low, high }) => [mean, low, high]),
  );
  return { scale, title: `${measure(metric).title}${scale.unit && `, ${scale.unit}`}` };
}

/** Policies that no other beats on one of cost and service without losing on the other. */
function efficient(points: readonly Point[], higherIsBetter: boolean): ReadonlySet<string> {
  const worth = ({ service }: Point) => (higherIsBetter ? service.mean : -service.mean);
  const beats = (a: Point, b: Point) =>
    a.cost.mean <= b.cost.mean && worth(a) >= worth(b) && (a.cost.mean < b.cost.mean || worth(a) > worth(b));
  return new Set(points.filter((b) => !points.some((a) => beats(a, b))).map(({ policyId }) => policyId));
}

/** Names beside their points: towards the middle of the chart, and moved apart where they would overlap. */
function labelPlaces(points: readonly Point[]) {
  const share = (of: (point: Point) => Estimate) => {
    const low = Math.min(...points.map((point) => of(point).low));
    const high = Math.max(...points.map((point) => of(point).high));
    return (point: Point) => (high > low ? (of(point).mean - low) / (high - low) : 0.5);
  };
  const [x, y] = [share((point) => point.cost), share((point) => point.service)];
  const isSpot = (a: Point) => (b: Point) => Math.abs(x(a) - x(b)) < 0.015 && Math.abs(y(a) - y(b)) < 0.03;
  const taken: { readonly from: number; readonly to: number; readonly y: number }[] = [];
  return points.map((point) => {
    const together = points.filter(isSpot(point));
    const alone = together.length < CROWD;
    const label = alone ? point.policyId : `${point.policyId} and ${together.length - 1} more`;
    const left = x(point) > 0.6;
    const align = left ? ("right" as const) : ("left" as const);
    if (!alone && together[0] !== point) return { align, dx: 0, dy: 0, label: "" };
    const width = label.length * CHARACTER;
    const [from, to] = left ? [x(point) - width, x(point)] : [x(point), x(point) + width];
    let px = -y(point) * (HEIGHT - 60) - 12;
    while (taken.some((other) => Math.abs(other.y - px) < 15 && from < other.to && to > other.from)) px -= 3;
    taken.push({ from, to, y: px });
    return { align, dx: left ? -10 : 10, dy: px + y(point) * (HEIGHT - 60), label };
  });
}
