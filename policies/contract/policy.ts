import type { Actions } from "./actions.ts";
import type { Json } from "./units.ts";
import type { FleetView } from "./view.ts";

/**
 * A scheduling policy. Laws tested for every listed one: *settles* (asked again at the same instant with nothing changed, it
 * asks for nothing and its memory stays), *reproducible*, *resumable* (memory through JSON, policy created anew, at any
 * ask), *writes nothing to the view*.
 */
export interface Policy<M extends Json> {
  /** Synchronous, no I/O, no clock, no globals, level-triggered. `memory` is written in place; nothing else outlives the call. */
  decide(view: FleetView, act: Actions, memory: M): void;
}

/** Anything with parse(): a zod schema fits as it is. */
export interface Schema<T> {
  parse(input: unknown): T;
}

export interface PolicySpec<P, M extends Json> {
  /** kebab-case; the name on the command line, in studies, in legends. A wrapper's name holds the inner one. */
  readonly name: string;
  readonly summary: string;
  /** Paper with section, repository, or "house". */
  readonly source: string;
  /** What a user should know beside the summary: what is approximated, and what was left out. A sentence or two each. */
  readonly details?: readonly string[];
  readonly params: Schema<P>;
  /** The memory before the first ask: one plain JSON value, new at each call. The host keeps it, journals it and hands it to decide. */
  memory(params: P): M;
  /** The closure holds constants and scratch space only. */
  create(params: P): Policy<M>;
}

/** Identity at run time; here so that P and M are inferred where a policy is written. */
export const definePolicy = <P, M extends Json>(spec: PolicySpec<P, M>): PolicySpec<P, M> => spec;

/** Composes: again a spec, with the inner one's params; memory `{ own, inner }`. */
export interface WrapperSpec<W, Own extends Json> {
  readonly name: string;
  readonly summary: string;
  readonly source: string;
  readonly details?: readonly string[];
  readonly params: Schema<W>;
  wrap<P, M extends Json>(inner: PolicySpec<P, M>, params: W): PolicySpec<P, { own: Own; inner: M }>;
}
export const defineWrapper = <W, Own extends Json>(spec: WrapperSpec<W, Own>): WrapperSpec<W, Own> => spec;
