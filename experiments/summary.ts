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
  /** Method warnings with their remedy: too few units, skewness beyond the interval's reach, failed cells, ... */
  readonly warnings: readonly string[];
  readonly cells: { readonly ok: number; readonly failed: number };
}

export interface SummaryGroup {
  /** The sweep's coordinates; empty without a sweep. */
  readonly axes: Readonly<Record<string, unknown>>;
  readonly units: number;
  readonly replicates: number;
  /** Every policy, best first on the primary metric. */
  readonly policies: readonly PolicySummary[];
  /** The primary comparisons first (simultaneous intervals, Holm), then every policy against the baseline, exploratory. */
  readonly comparisons: readonly Comparison[];
  /** The answer sentence. */
  readonly answer: string;
}

export interface PolicySummary {
  readonly policyId: string;
  /** Mean over units of every metric, and its interval where there are 6 units or more. */
  readonly metrics: Readonly<Record<string, Estimate>>;
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
  /** Correlation over units that pairing achieved; null where undefined. */
  readonly correlation: number | null;
  /** Mean saving in costUsd (against minus policy) and its parts, which add up to it; null if the metrics are missing. */
  readonly split: SavingSplit | null;
}

/** USD per unit. price + hours + freeHours + workNotDone = saving. */
export interface SavingSplit {
  readonly savingUsd: number;
  readonly priceUsd: number;
  readonly hoursUsd: number;
  readonly freeHoursUsd: number;
  readonly workNotDoneUsd: number;
}
