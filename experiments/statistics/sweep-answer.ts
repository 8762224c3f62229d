import { metricNamed } from "../metrics.ts";
import type { Comparison, SummaryGroup } from "../summary.ts";
import { decided } from "./answer.ts";

/**
 * What a sweep says of each comparison that was named beforehand: at which of its points the policy is lower, at which higher, and at
 * which the data cannot tell. Empty where there is one point.
 */
export function sweepAnswers(groups: readonly Pick<SummaryGroup, "axes" | "comparisons">[]): readonly string[] {
  if (groups.length < 2) return [];
  const primary = ({ comparisons }: (typeof groups)[number]) => comparisons.filter(({ role }) => role === "primary");
  const pairs = new Map(groups.flatMap((group) => primary(group).map((each) => [pairOf(each), each] as const)));
  const axes = axesOf(groups);
  return [...pairs].map(([pair, { metric }]) => {
    const title = (metricNamed(metric)?.title ?? metric).toLowerCase();
    const outcomes = groups.flatMap((group) => {
      const found = primary(group).find((each) => pairOf(each) === pair);
      return found === undefined ? [] : [{ how: outcomeOf(found), point: axes.map((axis) => shown(group.axes[axis])) }];
    });
    const parts = OUTCOMES.flatMap((how) => {
      const points = outcomes.filter((each) => each.how === how).map(({ point }) => point);
      return points.length === 0 ? [] : [`${how} at ${points.length} (${listed(points)})`];
    });
    const by = axes.map((axis) => axis.split(".").at(-1)).join(" and ");
    return `${pair}, ${title} at ${outcomes.length} points by ${by}: ${parts.join(", ")}.`;
  });
}

const pairOf = ({ policyId, against }: Comparison): string => `${policyId} against ${against}`;

const OUTCOMES = ["lower", "higher", "not told apart"] as const;

function outcomeOf(comparison: Comparison): (typeof OUTCOMES)[number] {
  if (comparison.difference.kind === "range" || !decided(comparison)) return "not told apart";
  return comparison.difference.mean < 0 ? "lower" : "higher";
}

/** Axes that take more than one value, in the order of the study. */
const axesOf = (groups: readonly Pick<SummaryGroup, "axes">[]): string[] =>
  Object.keys(groups[0]!.axes).filter((axis) => new Set(groups.map(({ axes }) => shown(axes[axis]))).size > 1);

const shown = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

/** @example listed([["us-east-1a", "52"], ["us-east-1a", "60"], ["us-east-1c", "52"]]) // "us-east-1a: 52, 60; us-east-1c: 52" */
function listed(points: readonly (readonly string[])[]): string {
  const rows = Map.groupBy(points, (point) => point.slice(0, -1).join(", "));
  return [...rows]
    .map(([before, list]) => `${before === "" ? "" : `${before}: `}${list.map((point) => point.at(-1)).join(", ")}`)
    .join("; ");
}
