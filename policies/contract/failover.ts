import type { Schema } from "./policy.ts";
import type { Seconds } from "./units.ts";

/** What happens to the replicas of a service that have to go. Data: the machinery is one, and both hosts run it. */
export interface FailoverRules {
  /**
   * move: what it has in flight goes over to others, as late as it can, or once others are enough. serve: takes requests until its end, which cuts off what is in flight. drain: takes no more in time for what it has to
   * finish. cut: stopped at once, its requests go elsewhere.
   */
  readonly atNotice: "serve" | "drain" | "cut" | "move";
  /** How, at a move. */
  readonly move?: MoveRules;
  /** The longest time that a drain may take. */
  readonly drainMaxS: Seconds;
  /** Whatever still runs so long before the reclaim is stopped. */
  readonly marginS: Seconds;
  /** A recommendation to rebalance is enough: the replica serves on until it is replaced, and goes then. */
  readonly earlyStart: boolean;
}

/** What is moved, by the share of its caches that can be moved before the replica goes. */
export interface MoveRules {
  /** From this share on all of it is tried. */
  readonly fullFrom: number;
  /** From this share on, as much of each cache as that; below, nothing. */
  readonly partialFrom: number;
  /** restart: from the first token on. recompute: what it had been given is read again. */
  readonly otherwise: "restart" | "recompute";
  /** nothing: no cache is moved, and all of it is read again. */
  readonly through: "replicas" | "storage" | "nothing";
}

/** How a service fails over, as a scenario names it. */
export interface FailoverSpec<P> {
  readonly name: string;
  readonly summary: string;
  readonly source: string;
  readonly details?: readonly string[];
  readonly params: Schema<P>;
  rules(params: P): FailoverRules;
}

/** Identity at run time; here so that P is inferred where one is written. */
export const defineFailover = <P>(spec: FailoverSpec<P>): FailoverSpec<P> => spec;

/** How a failover came out; each ends as exactly one. */
export type FailoverEnd = "covered" | "inTime" | "late" | "notReplaced";

/** What came of the failovers of a run. JSON: a part of what a host remembers. */
export type FailoverTally = { [end in FailoverEnd]: number } & {
  begun: number;
  /** Sum over those that ended otherwise than not replaced, from the replica's last request until there were enough again. */
  gapS: Seconds;
  /** Drains that finished, and those that were stopped before. */
  drained: number;
  cutShort: number;
};
