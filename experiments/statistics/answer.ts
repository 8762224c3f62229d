import { metricNamed } from "../metrics.ts";
import type { Comparison, Estimate, PolicySummary, Regret } from "../summary.ts";
import { UNITS_MIN } from "./estimate.ts";

/** What the answer is made of: policies best first. */
export interface Findings {
  readonly policies: readonly PolicySummary[];
  readonly comparisons: readonly Comparison[];
  readonly baseline: string;
  readonly metric: string;
  readonly units: number;
}

/**
 * The answer for a newcomer: which policy, at which service, by how much against the baseline, how sure, and what cannot be
 * said. A baseline that comes out best itself is held against the next policy.
 */
export function answerSentence(findings: Findings): string {
  const { policies, comparisons, baseline, metric } = findings;
  const [best, next] = policies;
  const value = best?.metrics[metric];
  if (best === undefined || value === undefined) return "No cell succeeded, so there is nothing to compare.";
  const { title, unit } = metricNamed(metric) ?? { title: metric, unit: "" };
  const head = `${[`${best.policyId} comes out best on ${title.toLowerCase()}: ${shown(value.mean, unit)}`, ...serviceOf(best)].join(", ")}`;
  const rival = best.policyId === baseline ? next : policies.find(({ policyId }) => policyId === baseline);
  if (rival === undefined) {
    return best.policyId === baseline
      ? `${head}. It was compared with no other.`
      : `${head}. ${baseline} has no result.`;
  }
  const [challenger, subject] =
    best.policyId === baseline ? [rival, `the next, ${rival.policyId}, is`] : [best, "that is"];
  const versus = comparisons.find(
    (each) => each.metric === metric && each.policyId === challenger.policyId && each.against === baseline,
  );
  if (versus === undefined) return `${head}. It has no unit in common with ${rival.policyId}.`;
  return [
    `${head}; ${subject} ${verdict(versus)}`,
    ...serviceLost(best, rival),
    ...(best.policyId === baseline ? [] : leadOver(next, best, findings)),
    ...(best.regrets ?? []).map(beyond),
  ].join(" ");
}

/** The size of a difference, how sure it is, and that it is unsure: as a share of the other, or in units where it has none. */
function verdict(versus: Comparison): string {
  const { metric, against, difference, ratio, n } = versus;
  if (difference.low === 0 && difference.high === 0) return `the same as ${against} in each of ${n} units.`;
  const unit = metricNamed(metric)?.unit ?? "";
  const size = ratio === null ? shown(Math.abs(difference.mean), unit) : percent(Math.abs(ratio.mean - 1));
  const change = `${size} ${difference.mean <= 0 ? "below" : "above"} ${against}`;
  if (difference.kind === "range") {
    return `${change} on average over ${n} unit(s), but below ${UNITS_MIN} units this trace cannot answer how sure that is.`;
  }
  const kind = versus.role === "primary" ? "95 % interval" : "exploratory 95 % interval";
  const ends =
    ratio === null
      ? `${shown(difference.low, unit)} to ${shown(difference.high, unit)}`
      : `${signed(ratio.low)} to ${signed(ratio.high)}`;
  const sure = `(${kind} ${ends}, ${n} paired units, ${pText(versus)})`;
  return `${change} ${sure}.${decided(versus) ? "" : " The interval holds no difference: these units do not tell the two apart."}`;
}

/** Both the difference and the ratio are surely one way. */
export const decided = ({ difference, ratio }: Comparison): boolean =>
  excludes(difference, 0) && (ratio === null || excludes(ratio, 1));
const excludes = ({ low, high }: Estimate, value: number): boolean => low > value || high < value;

function serviceOf({ metrics }: PolicySummary): string[] {
  const { completedShare, completionP95H, availableShare, deadlineMetShare } = metrics;
  if (deadlineMetShare) return [`${shown(deadlineMetShare.mean, "share")} of deadlines met`];
  return [
    ...(availableShare ? [`available ${shown(availableShare.mean, "share")} of the time`] : []),
    ...(completedShare ? [`${shown(completedShare.mean, "share")} of tasks completed`] : []),
    ...(completionP95H ? [`95 % of those within ${shown(completionP95H.mean, "h")}`] : []),
  ];
}

/** What is cheaper because it does less is no bargain: says so from a tenth of a per cent on. */
function serviceLost(best: PolicySummary, rival: PolicySummary): string[] {
  const gives = (metric: string, words: (share: string) => string): string[] => {
    const [ours, theirs] = [best.metrics[metric]?.mean, rival.metrics[metric]?.mean];
    if (ours === undefined || theirs === undefined || theirs - ours < 0.001) return [];
    return [`But ${rival.policyId} ${words(shown(theirs, "share"))}.`];
  };
  return [
    ...(rival.metrics.deadlineMetShare
      ? gives("deadlineMetShare", (share) => `meets ${share} of the deadlines`)
      : gives("completedShare", (share) => `completes ${share} of the tasks`)),
    ...gives("availableShare", (share) => `is available ${share} of the time`),
  ];
}

/** How much was left to win. What costs less than a bound does less. */
function beyond({ bound, share }: Regret): string {
  const kind = share.kind === "range" ? "range" : "95 % interval";
  const { mean, low, high } = share.mean < 0 ? { mean: -share.mean, low: -share.high, high: -share.low } : share;
  const than =
    share.mean < 0
      ? `less than ${bound}, which knows the future and leaves no work undone`
      : `more than ${bound}, which knows the future`;
  return `It costs ${percent(mean)} (${kind} ${percent(low)} to ${percent(high)}) ${than}.`;
}

/** The next policy is named when the two were compared and cannot be told apart, or were not compared at all. */
function leadOver(next: PolicySummary | undefined, best: PolicySummary, findings: Findings): string[] {
  const { comparisons, baseline, metric } = findings;
  if (next === undefined || next.policyId === baseline) return [];
  const both = comparisons.find(
    ({ policyId, against, ...each }) =>
      each.metric === metric &&
      ((policyId === best.policyId && against === next.policyId) ||
        (policyId === next.policyId && against === best.policyId)),
  );
  if (both === undefined) return [`Its lead over ${next.policyId} was not among the comparisons named beforehand.`];
  return decided(both) ? [] : [`It is not told apart from ${next.policyId}.`];
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const signed = (ratio: number): string => `${ratio > 1 ? "+" : ""}${percent(ratio - 1)}`;

const pText = ({ p, pHolm }: Comparison): string => {
  const value = pHolm ?? p;
  if (value === null) return "no p";
  return `p ${value < 0.001 ? "< 0.001" : value.toFixed(3)}`;
};

function shown(value: number, unit: string): string {
  if (unit === "share") return percent(value);
  if (unit.startsWith("USD")) return `${value.toFixed(value < 10 ? 3 : 2)} ${unit}`;
  return `${Number(value.toPrecision(3))}${unit === "" ? "" : ` ${unit}`}`;
}
