import { HOUR_S, type Seconds, type UsdPerHour } from "../policies/contract/units.ts";
import type { TraceTable } from "./trace-table.ts";

/** One of equal stretches of a market, to be drawn. */
export interface Slice {
  readonly fromS: Seconds;
  readonly toS: Seconds;
  readonly meanUsdPerHour: UsdPerHour;
  readonly minUsdPerHour: UsdPerHour;
  readonly maxUsdPerHour: UsdPerHour;
  /** Share of it with an instance to have; 1 where nothing bounds it. */
  readonly availability: number;
}

/** The whole trace in so many equal slices. */
export function slicesOf(table: TraceTable, market: number, count: number): Slice[] {
  return Array.from({ length: count }, (_, i) => {
    const [fromS, toS] = [(table.endS * i) / count, (table.endS * (i + 1)) / count];
    let [low, high] = [Infinity, 0];
    for (let timeS = fromS; timeS < toS; timeS = table.nextPriceChangeS(market, timeS)) {
      const price = table.priceUsdPerHourAt(market, timeS);
      low = Math.min(low, price);
      high = Math.max(high, price);
    }
    let upS = 0;
    for (let timeS = fromS; timeS < toS; ) {
      const nextS = Math.min(toS, table.nextCapacityChangeS(market, timeS));
      if (table.capacityAt(market, timeS) > 0) upS += nextS - timeS;
      timeS = nextS;
    }
    return {
      fromS,
      toS,
      meanUsdPerHour: (table.costUsd(market, fromS, toS) / (toS - fromS)) * HOUR_S,
      minUsdPerHour: low,
      maxUsdPerHour: high,
      availability: upS / (toS - fromS),
    };
  });
}
