/**
 * Quantities are plain numbers with the unit in their NAME (`deadlineS`, `priceUsdPerHour`). Ids are branded: nobody adds
 * two ids, and a swapped id is a silent bug. Time is seconds from the start of the trace's window, money is USD.
 */
export type Seconds = number;
export type Usd = number;
export type UsdPerHour = number;
export type PerSecond = number;
export type MiB = number;

declare const brand: unique symbol;
type Id<Name extends string> = number & { readonly [brand]: Name };
/** Position of a market in `view.markets`. */
export type MarketId = Id<"MarketId">;
/** Given out in order of launch, so id order is launch order. */
export type InstanceId = Id<"InstanceId">;
/** Given out in order of arrival. */
export type WorkId = Id<"WorkId">;

/**
 * What a policy may remember: one plain JSON value, written in place. No Infinity, NaN or undefined inside (JSON turns them
 * into null or drops them). Declare memory as a `type`: an interface does not fit.
 */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export const HOUR_S = 3600;
