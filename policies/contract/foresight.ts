import type { JobArrival } from "./facts.ts";
import type { MarketSpec } from "./fleet.ts";
import type { MarketId, Seconds, Usd } from "./units.ts";

/** What will happen, for clairvoyant policies only: the markets as the cloud will have them, and the work. */
export interface Foresight {
  readonly markets: readonly MarketSpec[];
  /** Deadline jobs; all arrive at 0. */
  readonly jobs: readonly JobArrival[];
  /** The grid of asks; undefined without polling. */
  readonly everyS: Seconds | undefined;
  /** Up to when the trace is known; it may go on beyond the run. */
  readonly endS: Seconds;
  /** How many instances the market will bear; Infinity where nothing bounds it. */
  capacityAt(market: MarketId, timeS: Seconds): number;
  /** First change of capacity after timeS; Infinity after the last. */
  nextCapacityChangeS(market: MarketId, timeS: Seconds): Seconds;
  /** What an instance of the market will cost, running over [fromS, toS). */
  costUsd(market: MarketId, fromS: Seconds, toS: Seconds): Usd;
}

/** A clairvoyant policy was asked to run where nobody knows the future, or for something that it cannot plan. */
export class ClairvoyantError extends Error {
  override readonly name = "ClairvoyantError";
}
