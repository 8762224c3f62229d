import type { Bound } from "../policies/contract/policy.ts";

/**
 * What a study found: computed from the records alone by `summarise`, written to summary.json, drawn by reports/.
 * Policies are named by `policyId`. Replicates are averaged inside a unit of inference before anything else is computed.
 */
export interface Summary {
  readonly question: string;
  readonly baseline: string;
  readonly primaryMetric: string;
  /** "lower" for costs and times, "higher" for shares completed. */
  readonly better: "lower" | "higher";
  /** One group per point of the sweep (a single one without axes). */
  readonly groups: readonly SummaryGroup[];
  /** Over the sweep, of each primary comparison: where it goes which way, and where the data cannot tell. Empty without a sweep. */
  readonly sweepAnswers: readonly string[];
  /** What others published, beside ours; in the study's order. */
  readonly published: readonly PublishedFigure[];
  /** What the study expected, judged in the same way. */
  readonly expected: readonly PublishedFigure[];
  /** Of `replicates: auto`: which of how many looks, from 1, ended the study; null without. */
  readonly look: { readonly at: number; readonly of: number } | null;
  /** Of a sweep: which of its axes matters. */
  readonly variance: readonly VarianceShares[];
  /** Method warnings with their remedy: too few units, skewness beyond the interval's reach, failed cells, ... */
  readonly warnings: readonly string[];
  readonly cells: { readonly ok: number; readonly failed: number };
}

export interface SummaryGroup {
  /** The sweep's coordinates; empty without a sweep. */
  readonly axes: Readonly<Record<string, unknown>>;
  readonly units: number;
  readonly replicates: number;
  /** Every policy, best first on the primary metric; those that were told the future after all others. */
  readonly policies: readonly PolicySummary[];
  /** The primary comparisons first (simultaneous intervals, Holm), then every policy against the baseline, exploratory. */
  readonly comparisons: readonly Comparison[];
  /** The primary comparisons on the units kept apart (`confirmShare`); absent without. looks: how often these units were looked at. */
  readonly confirm?: { readonly units: number; readonly looks: number; readonly comparisons: readonly Comparison[] };
  /** Where the saving of each pair in `comparisons` comes from; without those whose records do not say. */
  readonly savings: readonly Saving[];
  /** The primary metric on each stretch of each trace, for who wants to see where a mean comes from. */
  readonly traces: readonly TraceValues[];
  /** The answer sentence. */
  readonly answer: string;
}

export interface TraceValues {
  readonly trace: string;
  /** In the order of the study. */
  readonly units: readonly string[];
  /** policyId -> [unit]: means over replicates; null where a run failed or has no such metric. */
  readonly values: Readonly<Record<string, readonly (number | null)[]>>;
}

export interface PolicySummary {
  readonly policyId: string;
  /** It was told the future: nobody can run it, so it has no rank. kind: what its cost is a bound of, null of nothing. */
  readonly clairvoyant?: { readonly bound: Bound | null };
  /** Against each bound that is exact or proved; absent where there is none. */
  readonly regrets?: readonly Regret[];
  /** Mean over units of every metric, and its interval where there are 6 units or more. */
  readonly metrics: Readonly<Record<string, Estimate>>;
}

/** What a policy pays beyond a bound: sum over units of its costs / sum of the bound's, minus 1. */
export interface Regret {
  readonly bound: string;
  readonly share: Estimate;
}

/** mean, and a 95 % bootstrap-t interval; below 6 units low/high are the range and kind says so. */
export interface Estimate {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
  readonly kind: "interval" | "range";
  readonly n: number;
}

/** policy minus against, on pairs of units. */
export interface Comparison {
  readonly metric: string;
  readonly policyId: string;
  readonly against: string;
  readonly role: "primary" | "exploratory";
  readonly n: number;
  readonly difference: Estimate;
  /** Sum over units of policy / sum of against, resampled jointly; minus 1 is the relative change; null where the other sums to 0 or nearly always could. */
  readonly ratio: Estimate | null;
  /** Sign-flip permutation p; `pHolm` for primary ones; `pSmallest` is the least p that n pairs can give. */
  readonly p: number | null;
  readonly pHolm: number | null;
  readonly pSmallest: number | null;
  /** Chance that a new unit finds the policy the better one: share of units in which it was, a tie counting half, with its Wilson interval; null where neither direction is better. */
  readonly betterShare: Estimate | null;
  /** The least true difference that so many units find with 80 % chance, at the level of `difference`; null below 6 units. */
  readonly detectable: number | null;
  /** Correlation over units that pairing achieved; null where undefined. */
  readonly correlation: number | null;
  /** Of a primary comparison: `difference` over the first 6 units of the study, some more, ... all; empty below 6 units. */
  readonly convergence: readonly Estimate[];
}

/** Of the variance over policies and points of a sweep, what each set of axes is the reason for; adds up to 1 but for shares below 0.05 %. */
export interface VarianceShares {
  /** value: the primary metric; change: its ratio to the baseline's. */
  readonly quantity: "value" | "change";
  readonly policies: readonly string[];
  /** of: one axis alone, or several together beyond what each does alone; "policy" is one. */
  readonly shares: readonly { readonly of: readonly string[]; readonly share: number }[];
}

/** What a policy saves in costUsd (against minus policy), USD per unit: the means of the parts add up to the mean saving. */
export interface Saving {
  readonly policyId: string;
  readonly against: string;
  readonly savingUsd: Estimate;
  /** otherUsd: of the lines beside instances; absent where none is billed. */
  readonly parts: Readonly<Record<Exclude<SavingPart, "otherUsd">, Estimate>> & { readonly otherUsd?: Estimate };
}
export type SavingPart = "priceUsd" | "hoursUsd" | "freeHoursUsd" | "otherUsd" | "workNotDoneUsd";

export type Verdict = "holds" | "does not hold" | "cannot be told";

/** A figure that somebody published, or that the study expected; ours, and what follows. */
export interface PublishedFigure {
  readonly id: string;
  readonly claim: string;
  /** null: the study's own expectation. */
  readonly source: string | null;
  /** Equal for a single number; null: open on that side. */
  readonly from: number | null;
  readonly to: number | null;
  readonly of: "mean" | "oneRun";
  /** How far off it still holds. */
  readonly within: number;
  /** What it is compared with, in words. */
  readonly quantity: string;
  /** As metrics have it: USD, share, ... */
  readonly unit: string;
  /** null: no unit has it. */
  readonly ours: Estimate | null;
  /** Our mean minus the figure, or minus the nearer end of a range; 0 inside. */
  readonly offBy: number | null;
  /** What a single run would have shown; null where units are means of replicates. */
  readonly runs: SingleRuns | null;
  readonly verdict: Verdict;
  readonly why: string | null;
  readonly steps: readonly PublishedStep[];
}

/** The middle 95 % of single runs, and the share of them that reached the figure (a range: its lower end). */
export interface SingleRuns {
  readonly n: number;
  readonly low: number;
  readonly median: number;
  readonly high: number;
  readonly shareAtLeast: number;
}

/** One step on the way from the figure to ours. */
export interface PublishedStep {
  readonly label: string;
  readonly quantity: string;
  readonly ours: Estimate | null;
  /** Against the step before, paired; null for the first. */
  readonly change: Estimate | null;
  readonly why: string | null;
}
