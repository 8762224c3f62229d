import type { UsdPerHour } from "../../policies/contract/units.ts";
import type { Pull } from "../rows.ts";
import { availabilityCsv } from "./availability-csv.ts";
import { awsPriceHistory } from "./aws-price-history.ts";
import { probeSeries } from "./probe-series.ts";
import type { SourceFile } from "./source-file.ts";
import { tickPrices } from "./tick-prices.ts";

/** What the bytes do not say. */
export interface ReadOptions {
  /** What 1 means. */
  readonly polarity?: "available" | "preempted";
  readonly instanceType?: string;
  readonly zone?: string;
  /** Which ProductDescription, where a file holds several. */
  readonly product?: string;
  /** One price for all time, where the files hold none. */
  readonly usdPerHour?: UsdPerHour;
}

export interface FormatRead {
  readonly pulls: readonly Pull[];
  /** Rows that are in no pull. */
  readonly dropped: readonly { readonly why: string; readonly rows: number }[];
  readonly warnings: readonly string[];
  /** Whose prices these are, where the source says: all files of an import must agree. */
  readonly products: readonly string[];
}

/** One way in which people hold a trace, recognised by content. */
export interface TraceFormat {
  readonly name: string;
  readonly source: string;
  matches(file: SourceFile): boolean;
  /**
   * `ticks` are the capacities read so far: prices that stand on the ticks of another file need them.
   * @throws TraceError with file, place and remedy.
   */
  read(file: SourceFile, options: ReadOptions, ticks: readonly Pull[]): FormatRead | Promise<FormatRead>;
}

// A format is one file and one line here. Files are read in this order, so what needs ticks comes after what gives them.
export const traceFormats: readonly TraceFormat[] = [awsPriceHistory, probeSeries, availabilityCsv, tickPrices];
