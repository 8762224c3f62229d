import { HOUR_S, type Seconds } from "../policies/contract/units.ts";
import type { TraceTable } from "./trace-table.ts";

const BARS = " ▁▂▃▄▅▆▇█";

/** The mean price of each of `cells` equal stretches of the trace, from the lowest of them to the highest, as bars. */
export function priceLine(table: TraceTable, market: number, cells: number): string {
  const means = stretches(table.endS, cells).map(
    ([fromS, toS]) => (table.costUsd(market, fromS, toS) / (toS - fromS)) * HOUR_S,
  );
  const low = Math.min(...means);
  const range = Math.max(...means) - low;
  return means.map((mean) => BARS[range === 0 ? 4 : 1 + Math.round((7 * (mean - low)) / range)]).join("");
}

/** The share of each stretch in which an instance is obtainable, as bars: blank is never, a full bar always. */
export function capacityLine(table: TraceTable, market: number, cells: number): string {
  return stretches(table.endS, cells)
    .map(([fromS, toS]) => {
      let upS = 0;
      for (let timeS = fromS; timeS < toS; ) {
        const nextS = Math.min(toS, table.nextCapacityChangeS(market, timeS));
        if (table.capacityAt(market, timeS) > 0) upS += nextS - timeS;
        timeS = nextS;
      }
      const share = upS / (toS - fromS);
      // Neither a moment's capacity nor a moment's lack is rounded away.
      return BARS[share === 0 ? 0 : share === 1 ? 8 : Math.min(7, Math.max(1, Math.round(8 * share)))];
    })
    .join("");
}

const stretches = (endS: Seconds, cells: number): [Seconds, Seconds][] =>
  Array.from({ length: cells }, (_, i) => [(endS * i) / cells, (endS * (i + 1)) / cells]);
