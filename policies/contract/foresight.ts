import type { JobArrival } from "./facts.ts";
import type { MarketSpec } from "./fleet.ts";
import type { MarketId, Seconds, Usd } from "./units.ts";

/** How many ready replicas a service will want, from when on: in time order, the first at 0. */
export type ServiceOutlook = readonly { readonly fromS: Seconds; readonly replicas: number }[];

/** What will happen, for clairvoyant policies only: the markets as the cloud will have them, and the work. */
export interface Foresight {
  readonly markets: readonly MarketSpec[];
  /** Deadline jobs; all arrive at 0. */
  readonly jobs: readonly JobArrival[];
  /** Services; all arrive at 0 and last to the end of the run. */
  readonly services: readonly ServiceOutlook[];
  /** What comes before it is warm-up: it counts for no metric, bills included. */
  readonly measuredFromS: Seconds;
  readonly runEndS: Seconds;
  /** From the request of an instance until it is ready, as expected. */
  readonly launchS: Seconds;
  /** Longest time from a notice to the reclaim; Infinity where nothing bounds it. */
  readonly noticeLeadMaxS: Seconds;
  /** A spot instance that is taken back before so much up-time is not billed. */
  readonly freeWhenReclaimedWithinS: Seconds;
  /** The grid of asks; undefined without polling. */
  readonly everyS: Seconds | undefined;
  /** Up to when the trace is known; it may go on beyond the run. */
  readonly endS: Seconds;
  /** How many instances the market will bear; Infinity where nothing bounds it. */
  capacityAt(market: MarketId, timeS: Seconds): number;
  /** First change of capacity after timeS; Infinity after the last. */
  nextCapacityChangeS(market: MarketId, timeS: Seconds): Seconds;
  nextPriceChangeS(market: MarketId, timeS: Seconds): Seconds;
  /** What an instance of the market will cost, running over [fromS, toS). */
  costUsd(market: MarketId, fromS: Seconds, toS: Seconds): Usd;
}

/** A clairvoyant policy was asked to run where nobody knows the future, or for something that it cannot plan. */
export class ClairvoyantError extends Error {
  override readonly name = "ClairvoyantError";
}
