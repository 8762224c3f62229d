import { metricNamed } from "../metrics.ts";
import type { Comparison, Estimate, PolicySummary } from "../summary.ts";
import { UNITS_MIN } from "./estimate.ts";

/** The answer for a newcomer: which policy, at which service, by how much, how sure, and what cannot be said. */
export function answerSentence(
  policies: readonly PolicySummary[],
  comparisons: readonly Comparison[],
  baseline: string,
  metric: string,
  units: number,
): string {
  const best = policies[0];
  const value = best?.metrics[metric];
  if (best === undefined || value === undefined) return "No cell succeeded, so there is nothing to compare.";
  const { title, unit } = metricNamed(metric) ?? { title: metric, unit: "" };
  const service = serviceOf(best);
  const head = `${best.policyId} comes out best on ${title.toLowerCase()}: ${shown(value.mean, unit)}${service === "" ? "" : `, ${service}`}`;
  if (best.policyId === baseline) return `${head}; no policy beat the baseline over ${units} units.`;
  const versus = comparisons.find(
    (each) => each.metric === metric && each.policyId === best.policyId && each.against === baseline,
  );
  if (versus === undefined) return `${head}. It was not compared with ${baseline}.`;
  const change = changeOf(versus.ratio);
  if (versus.difference.kind === "range") {
    return `${head}; that is ${change.text} ${baseline} on average over ${versus.n} unit(s), but below ${UNITS_MIN} units this trace cannot say how sure that is.`;
  }
  const interval = `(95 % interval ${change.low} to ${change.high}, ${versus.n} paired units, p ${pText(versus)})`;
  const decided = versus.difference.low > 0 || versus.difference.high < 0;
  const runnerUp = runnerUpOf(policies, comparisons, best, metric);
  const tail = decided ? "" : " The interval holds no difference: these units do not tell the two apart.";
  return `${head}; that is ${change.text} ${baseline} ${interval}.${tail}${runnerUp}`;
}

function serviceOf({ metrics }: PolicySummary): string {
  const { completedShare, completionP95H } = metrics;
  const parts = [
    completedShare && `${shown(completedShare.mean, "share")} of tasks completed`,
    completionP95H && `95 % of those within ${shown(completionP95H.mean, "h")}`,
  ];
  return parts.filter((part) => part !== undefined).join(", ");
}

/** The next policy is named when the two were compared and cannot be told apart, or were not compared at all. */
function runnerUpOf(
  policies: readonly PolicySummary[],
  comparisons: readonly Comparison[],
  best: PolicySummary,
  metric: string,
): string {
  const next = policies[1];
  if (next === undefined) return "";
  const both = comparisons.find(
    (each) =>
      each.metric === metric &&
      ((each.policyId === best.policyId && each.against === next.policyId) ||
        (each.policyId === next.policyId && each.against === best.policyId)),
  );
  if (both === undefined) return ` Its lead over ${next.policyId} was not among the comparisons named beforehand.`;
  const decided = both.difference.low > 0 || both.difference.high < 0;
  return decided ? "" : ` It is not told apart from ${next.policyId}.`;
}

function changeOf(ratio: Estimate): { text: string; low: string; high: string } {
  const percent = (value: number) => Math.abs(100 * (value - 1));
  const text =
    ratio.mean <= 1 ? `${percent(ratio.mean).toFixed(1)} % below` : `${percent(ratio.mean).toFixed(1)} % above`;
  const signed = (value: number) => `${value > 1 ? "+" : ""}${(100 * (value - 1)).toFixed(1)} %`;
  return { text, low: signed(ratio.low), high: signed(ratio.high) };
}

const pText = ({ p, pHolm }: Comparison): string => {
  const value = pHolm ?? p;
  return value === null ? "none" : value < 0.001 ? "< 0.001" : value.toFixed(3);
};

function shown(value: number, unit: string): string {
  if (unit === "share") return `${(100 * value).toFixed(1)} %`;
  if (unit.startsWith("USD")) return `${value.toFixed(value < 10 ? 3 : 2)} ${unit}`;
  return `${Number(value.toPrecision(3))}${unit === "" ? "" : ` ${unit}`}`;
}
