import { HOUR_S, type Seconds, type Usd, type UsdPerHour } from "../contract/units.ts";

/** What was held has cost, by hours of the host's clock: the one that has begun, last, and the 24 before it. */
export type DaySpend = { atS: Seconds; usdPerHour: UsdPerHour; usdByHour: Usd[] };

const HOURS_KEPT = 25;

export const noSpend = (): DaySpend => ({ atS: 0, usdPerHour: 0, usdByHour: [0] });

/**
 * Bills the time since the last call at the rate told then, and takes the rate from now on. Called at every ask, so that a price that
 * changes between two of them counts from the second on.
 */
export function accrue(spend: DaySpend, nowS: Seconds, usdPerHour: UsdPerHour): void {
  const { usdByHour } = spend;
  while (spend.atS < nowS) {
    const hourEndS = nextHourS(spend.atS);
    const toS = Math.min(nowS, hourEndS);
    usdByHour[usdByHour.length - 1]! += (spend.usdPerHour * (toS - spend.atS)) / HOUR_S;
    spend.atS = toS;
    if (toS < hourEndS) break;
    usdByHour.push(0);
    if (usdByHour.length > HOURS_KEPT) usdByHour.shift();
  }
  spend.usdPerHour = usdPerHour;
}

/** Of the last 24 hours, and up to one before them. */
export const spentUsd = ({ usdByHour }: DaySpend): Usd => usdByHour.reduce((sum, usd) => sum + usd, 0);

/** When the oldest hour is forgotten. */
export const nextHourS = (nowS: Seconds): Seconds => (Math.floor(nowS / HOUR_S) + 1) * HOUR_S;
