import { scenarioLabel } from "../../policies/contract/scenario.ts";
import { pointName } from "../point-name.ts";
import type { Study } from "../study-schema.ts";
import type { Comparison, Estimate, PolicySummary, Summary, SummaryGroup } from "../summary.ts";

/** What is advised, in sentences: the first is the answer. */
export interface Advice {
  readonly answer: string;
  /** The policy as a study names it. */
  readonly parameters: string;
  readonly wouldChange: readonly string[];
  readonly cannotTell: readonly string[];
}

/** What is asked for, in words, and the least share of a metric that will do. */
export interface Asked {
  readonly work: string;
  readonly metric: string;
  readonly service: number;
  readonly cannotTell: readonly string[];
}

/**
 * The cheapest policy that gives the service asked for, at the first point of the sweep, which is what was asked; what the other
 * points change; and what the data leave open.
 *
 * @param assumptions what the runs took for granted.
 */
export function adviceOf(
  summary: Summary,
  study: Pick<Study, "policies">,
  asked: Asked,
  assumptions: readonly string[],
): Advice {
  const [group, ...others] = summary.groups as [SummaryGroup, ...SummaryGroup[]];
  const [best, next] = fitting(group, asked);
  // What warns of the other points alone warns of what was not asked.
  const elsewhere = others.map(({ axes }) => `${pointName(axes)}: `);
  const warnings = summary.warnings.filter((text) => !elsewhere.some((point) => text.startsWith(point)));
  const cannotTell = [...asked.cannotTell, ...assumptions, ...warnings];
  if (best === undefined) {
    const most = group.policies.flatMap(({ policyId, metrics }) => {
      const share = metrics[asked.metric]?.mean;
      return share === undefined ? [] : [`${policyId} ${percent(share)}`];
    });
    return {
      answer: `No policy here gives ${percent(asked.service)} for ${asked.work}: ${most.join(", ")}.`,
      parameters: "",
      wouldChange: others.flatMap((other) => atPoint(other, undefined, asked)),
      cannotTell,
    };
  }
  const scenario = study.policies.find((policy) => scenarioLabel(policy) === best.policyId)!;
  const { id: _, ...parts } = scenario;
  return {
    answer: `${best.policyId} is the cheapest for ${asked.work}: ${bill(best.metrics.costUsd!)}${service(best, asked.metric)}; ${against(group, best, summary.baseline)}${best.policyId === summary.baseline ? "" : rival(group, best, next)}.`,
    parameters: JSON.stringify(parts),
    wouldChange: others.flatMap((other) => atPoint(other, best, asked)),
    cannotTell,
  };
}

function fitting(group: SummaryGroup, { metric, service }: Pick<Asked, "metric" | "service">): PolicySummary[] {
  return group.policies
    .filter(
      ({ clairvoyant, metrics }) =>
        clairvoyant === undefined && (metrics[metric]?.mean ?? 0) >= service && metrics.costUsd !== undefined,
    )
    .toSorted((a, b) => a.metrics.costUsd!.mean - b.metrics.costUsd!.mean);
}

function against({ comparisons }: SummaryGroup, { policyId }: PolicySummary, baseline: string): string {
  if (policyId === baseline) return "no spot policy that gives this service costs less";
  const versus = comparisons.find(
    (each) => each.metric === "costUsd" && each.policyId === policyId && each.against === baseline,
  );
  if (versus?.ratio == null) return `it could not be compared with ${baseline}`;
  const { mean, low, high, kind, n } = versus.ratio;
  const size = `${percent(Math.abs(1 - mean))} ${mean <= 1 ? "less" : "more"} than ${baseline}`;
  if (kind === "range") return `${size} over ${n} stretch${n === 1 ? "" : "es"}, too few to say how sure that is`;
  const saving = `95 % interval ${percent(1 - high)} to ${percent(1 - low)}, ${n} stretches of time`;
  return low <= 1 && high >= 1 ? `${size}, but these ${n} stretches do not tell the two apart` : `${size} (${saving})`;
}

/** The next cheapest, where the two cannot be told apart. */
function rival({ comparisons }: SummaryGroup, best: PolicySummary, next: PolicySummary | undefined): string {
  if (next === undefined) return "";
  const isOfBoth = (each: Comparison) =>
    [best, next].every(({ policyId }) => policyId === each.policyId || policyId === each.against);
  const versus = comparisons.find((each) => each.metric === "costUsd" && isOfBoth(each));
  if (versus === undefined) return "";
  const { kind, low, high } = versus.difference;
  const isDecided = kind === "interval" && (low > 0 || high < 0);
  return isDecided ? "" : `, and not told apart from ${next.policyId}, ${next.metrics.costUsd!.mean.toFixed(2)} USD`;
}

/** What another point of the sweep would advise. */
function atPoint(group: SummaryGroup, best: PolicySummary | undefined, asked: Asked): string[] {
  const where = Object.entries(group.axes)
    .map(([axis, value]) => `with ${axis} at ${JSON.stringify(value)}`)
    .join(" and ");
  const [here] = fitting(group, asked);
  if (here === undefined) return [`${where}: no policy gives ${percent(asked.service)}`];
  const same = here.policyId === best?.policyId;
  return [`${where}: ${same ? `still ${here.policyId}` : here.policyId}, ${bill(here.metrics.costUsd!)}`];
}

function bill({ mean, low, high, kind, n }: Estimate): string {
  const usd = (value: number): string => value.toFixed(2);
  return `${usd(mean)} USD (${kind === "interval" ? "95 % interval" : `range of ${n}`} ${usd(low)} to ${usd(high)})`;
}

function service({ metrics }: PolicySummary, metric: string): string {
  const share = percent(metrics[metric]!.mean);
  switch (metric) {
    case "deadlineMetShare":
      return `, in time in ${share} of the runs`;
    case "completedShare":
      return `, ${share} of the tasks done`;
    default:
      return `, available ${share} of the time`;
  }
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
