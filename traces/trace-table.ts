import type { Seconds, Usd, UsdPerHour } from "../policies/contract/units.ts";
import type { CapacityType } from "../policies/contract/view.ts";

/** One market's identity in a table; its position in `TraceTable.markets` is how all else refers to it. */
export interface TraceMarket {
  readonly instanceType: string;
  readonly region: string;
  /** Zone name; the zone id where the source has no name. */
  readonly zone: string;
  readonly capacityType: CapacityType;
  /** Names the same place for every account, as a zone name does not. */
  readonly zoneId?: string;
  /** Whose price it is (`Linux/UNIX`), where the source says. */
  readonly product?: string;
}

/** Which markets of a table are meant; what is absent leaves all. */
export interface MarketFilter {
  readonly instanceTypes?: readonly string[];
  readonly zones?: readonly string[];
  readonly product?: string;
}

/** How many instances the source speaks for. observed: it watched at most `instances`. unlimited: nothing bounds it. */
export interface Depth {
  readonly kind: "observed" | "unlimited";
  readonly instances: number;
}

/**
 * A window of a trace: immutable columns in shared memory, step functions of price and of capacity per market. Time 0 is the
 * window's start. Every look-up is O(log n) or better; `cursor`-like state stays with the caller.
 */
export interface TraceTable {
  /** Digest of the source bytes (or of generator, parameters and seed): the cache key, and in every record. */
  readonly digest: string;
  readonly endS: Seconds;
  readonly markets: readonly TraceMarket[];
  /** Price in effect at timeS: the step at or before it, never a later one. */
  priceUsdPerHourAt(market: number, timeS: Seconds): UsdPerHour;
  /** Time of the first price change after timeS; Infinity after the last. */
  nextPriceChangeS(market: number, timeS: Seconds): Seconds;
  /** Instances obtainable; Infinity where nothing bounds it. */
  capacityAt(market: number, timeS: Seconds): number;
  nextCapacityChangeS(market: number, timeS: Seconds): Seconds;
  /** Integral of the price over [fromS, toS): a subtraction of two prefix sums. Beyond endS the last price stands. */
  costUsd(market: number, fromS: Seconds, toS: Seconds): Usd;
  depth(market: number): Depth;
  /** Gap between the source's samples: the uncertainty of each change's time. 0 where the source has exact times. */
  gapS(market: number): Seconds;
}
