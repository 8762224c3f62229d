import type { Estimate } from "./summary.ts";

/** Two results side by side: what was changed between them, what came of it, and whether that is luck. */
export interface ResultsComparison {
  /** Names of the two, as given. */
  readonly before: string;
  readonly after: string;
  readonly question: string;
  /** The metric that the first study's answer rests on. */
  readonly primaryMetric: string;
  /** Settings of the studies that differ; undefined on one side where only the other has it. */
  readonly settings: readonly Difference[];
  /** Versions, digests of code and traces, that differ. */
  readonly provenance: readonly Difference[];
  /** Runs in both that have the same place in the study, and of these how many came out the same, event by event. */
  readonly runs: { readonly shared: number; readonly identical: number };
  readonly changes: readonly Change[];
  /** What is in one of the two only, and all else that the reader must know. */
  readonly warnings: readonly string[];
}

export interface Difference {
  readonly what: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** One metric of one policy at one point of the sweep, after - before. */
export interface Change {
  readonly axes: Readonly<Record<string, unknown>>;
  readonly policyId: string;
  readonly metric: string;
  /** paired: on units of the same market, stretch and seeds. unpaired: the two have no such unit in common. */
  readonly how: "paired" | "unpaired";
  /** Means over the units compared. */
  readonly meanBefore: number;
  readonly meanAfter: number;
  /** Of the primary metric simultaneous over all its changes, of any other metric 95 % for itself. */
  readonly difference: Estimate;
  readonly p: number | null;
  /** Holm's over all changes in the primary metric, or over all in the others. */
  readonly pHolm: number | null;
  readonly verdict: ChangeVerdict;
}

/** same: not by a cent. Below 6 units nothing can be told. */
export type ChangeVerdict = "same" | "more than luck" | "may be luck" | "cannot be told";
