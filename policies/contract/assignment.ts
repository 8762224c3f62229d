import type { Seconds } from "./units.ts";
import type { Assignable, InstanceView } from "./view.ts";

/**
 * Seconds until the work runs there: wait until ready, its state over the SOURCE's network card (shared by all displaced
 * from it), missing weights. Infinity: does not fit.
 */
export type PlacementCostS = (work: Assignable, target: InstanceView) => Seconds;

/**
 * Uniform in [0, 1): the luck of the placement that the work is about to get, keyed by the work and by how often it has been
 * placed before, so that no other work and no other policy can shift it.
 */
export type PlacementLuck = (work: Assignable) => number;

/** Called once for each piece of work that found a place, in any order. */
export type Pair = (work: Assignable, target: InstanceView) => void;

/**
 * Who runs where, and who takes over after a reclaim (1 to N, N to M). The host calls it after `decide` for pending work
 * over `instances.withRoom`; work that is not paired stays pending and is reported.
 */
export interface AssignmentStrategy {
  readonly name: string;
  readonly summary: string;
  readonly source: string;
  readonly details?: readonly string[];
  /**
   * Pure: what it says depends on its arguments alone. Pairs only what fits: a target takes at most its `freeSlots` pieces
   * and `freeMemoryMiB` in all, as they were at the call, and no pair's cost is Infinity. The
   * lists stay as they are while it runs, whatever `pair` does.
   */
  assign(
    work: readonly Assignable[],
    targets: readonly InstanceView[],
    costS: PlacementCostS,
    pair: Pair,
    luck: PlacementLuck,
  ): void;
}
