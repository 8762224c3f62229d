import type { Actions } from "./actions.ts";
import type { Foresight } from "./foresight.ts";
import type { ProfileName, WorkloadName } from "./scenario.ts";
import type { Json, Usd } from "./units.ts";
import type { FleetView } from "./view.ts";

/**
 * A scheduling policy. Laws tested for every listed one: *settles* (asked again at the same instant with nothing changed, it
 * asks for nothing and its memory stays), *reproducible*, *resumable* (memory through JSON, policy created anew, at any
 * ask), *writes nothing to the view*.
 */
export interface Policy<M extends Json> {
  /** Synchronous, no I/O, no clock, no globals, level-triggered. `memory` is written in place; nothing else outlives the call. */
  decide(view: FleetView, act: Actions, memory: M): void;
  /** Of a relaxation: the bound itself. Nothing is decided then, and the run has this cost and no other metric. */
  readonly leastUsd?: Usd;
}

/** Anything with parse(): a zod schema fits as it is. */
export interface Schema<T> {
  parse(input: unknown): T;
}

/** causal: sees the past only. clairvoyant: is told the future when it is created, so it can only be simulated. */
export type Sight = "causal" | "clairvoyant";
/**
 * availability: must be told what is obtainable. grid: must be asked at regular times. layouts: lays out a model that is cut over the GPUs
 * of several instances, and nothing else.
 */
export type Need = "availability" | "grid" | "layouts";

/** What the cost of a clairvoyant policy is a bound of: for which workload, under which profile, and how surely. */
export interface Bound {
  /** exact: the optimum, proved by brute force. relaxation: provably below it. heuristic: hindsight only. */
  readonly kind: "exact" | "relaxation" | "heuristic";
  readonly workload: WorkloadName;
  /** Absent: under any. */
  readonly profile?: ProfileName;
}

export interface PolicySpec<P, M extends Json, S extends Sight = "causal"> {
  /** kebab-case; the name on the command line, in studies, in legends. A wrapper's name holds the inner one. */
  readonly name: string;
  readonly summary: string;
  /** Paper with section, repository, or "house". */
  readonly source: string;
  /** What a user should know beside the summary: what is approximated, and what was left out. A sentence or two each. */
  readonly details?: readonly string[];
  /** Absent: causal. */
  readonly sight?: S;
  /** What it must be given. Absent: nothing beyond the view. */
  readonly needs?: readonly Need[];
  /** What it decides for. Absent: tasks. */
  readonly workloads?: readonly WorkloadName[];
  /** Clairvoyant only. Absent: its cost bounds nothing. */
  readonly bound?: S extends "clairvoyant" ? Bound : never;
  readonly params: Schema<P>;
  /**
   * The memory before the first ask: one plain JSON value, new at each call. The host keeps it, journals it and hands it to decide. What
   * a policy leaves to chance is drawn here, and remembered.
   */
  memory(params: P, luck: PolicyLuck): M;
  /** The closure holds constants and scratch space only. A clairvoyant policy plans here and replays its plan through `decide`. */
  create(params: P, ...foresight: Told<S>): Policy<M>;
}

/** Uniform in [0, 1): the run's own draw of that name. The same name gives the same draw. */
export type PolicyLuck = (name: string) => number;

/** What a policy is created with beside its parameters. */
export type Told<S extends Sight> = S extends "clairvoyant" ? readonly [foresight: Foresight] : readonly [];

/** Of either sight, as a list holds them. */
export type AnyPolicySpec = PolicySpec<unknown, Json, Sight>;

/** @example decidesFor(greedy, "deadline-job") // false */
export const decidesFor = ({ workloads = ["tasks"] }: AnyPolicySpec, workload: WorkloadName): boolean =>
  workloads.includes(workload);

/** Identity at run time; here so that P, M and S are inferred where a policy is written. */
export const definePolicy = <P, M extends Json, S extends Sight = "causal">(
  spec: PolicySpec<P, M, S>,
): PolicySpec<P, M, S> => spec;

/** Composes: again a spec, with the inner one's params; memory `{ own, inner }`. */
export interface WrapperSpec<W, Own extends Json> {
  readonly name: string;
  readonly summary: string;
  readonly source: string;
  readonly details?: readonly string[];
  readonly params: Schema<W>;
  wrap<P, M extends Json, S extends Sight>(
    inner: PolicySpec<P, M, S>,
    params: W,
  ): PolicySpec<P, { own: Own; inner: M }, S>;
}
export const defineWrapper = <W, Own extends Json>(spec: WrapperSpec<W, Own>): WrapperSpec<W, Own> => spec;
