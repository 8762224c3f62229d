import type { ImportReport } from "./import-report.ts";
import { marketNames } from "./rows.ts";
import { type Slice, slicesOf } from "./slices.ts";
import {
  type Correlations,
  correlationsOf,
  type MarketStatistics,
  marketStatistics,
  noneUpShare,
} from "./statistics.ts";
import type { Depth, TraceTable } from "./trace-table.ts";

/** What `inspect` tells of a trace, and what is drawn of it. */
export interface TraceDrawing {
  readonly digest: string;
  readonly report: ImportReport;
  readonly endS: number;
  readonly markets: readonly DrawnMarket[];
  /** Share of time in which no market with a capacity series has an instance to give. */
  readonly noneUpShare: number;
  /** null where there are more markets than a table of pairs can show. */
  readonly correlation: Correlations | null;
}
export interface DrawnMarket extends MarketStatistics {
  readonly name: string;
  readonly zone: string;
  readonly depth: Depth;
  readonly gapS: number;
  readonly slices: readonly Slice[];
}

/** Markets beyond this are in no table of pairs, and in no picture. */
export const PAIRED_MAX = 30;

/** @param slices how finely each market is drawn */
export function traceDrawing(table: TraceTable, report: ImportReport, slices: number): TraceDrawing {
  const nameOf = marketNames(table.markets);
  return {
    digest: table.digest,
    report,
    endS: table.endS,
    markets: table.markets.map((market, m) => ({
      name: nameOf(market),
      zone: market.zone,
      depth: table.depth(m),
      gapS: table.gapS(m),
      ...marketStatistics(table, m),
      slices: slicesOf(table, m, slices),
    })),
    noneUpShare: noneUpShare(table),
    correlation: table.markets.length <= PAIRED_MAX ? correlationsOf(table) : null,
  };
}
