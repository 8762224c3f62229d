import type { UsdPerHour } from "../../policies/contract/units.ts";
import type { Pull } from "../rows.ts";
import { availabilityCsv } from "./availability-csv.ts";
import { awsPriceHistory } from "./aws-price-history.ts";
import { awsText } from "./aws-text.ts";
import { dataFeed } from "./data-feed.ts";
import { launchProbes } from "./launch-probes.ts";
import { mappedCsv } from "./mapped-csv.ts";
import { nodeCounts, nodeEvents, nodeSegments, type TimeUnit } from "./node-events.ts";
import { probeSeries } from "./probe-series.ts";
import { probeText } from "./probe-text.ts";
import type { SourceFile } from "./source-file.ts";
import { spotLake } from "./spotlake.ts";
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
  /** What stamps without an offset mean: UTC or an offset such as +01:00. */
  readonly tz?: string;
  /** Of times that have none. */
  readonly timeUnit?: TimeUnit;
  /** Which column of a CSV holds what, by name, or by number from 1 where there is no header. */
  readonly map?: Readonly<Record<string, string>>;
}

export interface FormatRead {
  readonly pulls: readonly Pull[];
  /** Rows that are in no pull. */
  readonly dropped: readonly { readonly why: string; readonly rows: number }[];
  readonly warnings: readonly string[];
  /** The source says that there is more than this file holds. */
  readonly goesOn?: boolean;
}

/** One way in which people hold a trace, recognised by content. The page of formats is made of these. */
export interface FormatAbout {
  readonly name: string;
  readonly holds: string;
  /** Who publishes it, or what writes it. */
  readonly source: string;
  readonly get: string;
  readonly command: string;
  matches(file: Pick<SourceFile, "head" | "text">): boolean;
}

export interface TraceFormat extends FormatAbout {
  /** Formats whose files lie beside its own in one folder, since they belong together. */
  readonly besides?: readonly string[];
  /**
   * `ticks` are the capacities read so far: prices that stand on the ticks of another file need them.
   * @throws TraceError with file, place and remedy.
   */
  read(file: SourceFile, options: ReadOptions, ticks: readonly Pull[]): FormatRead | Promise<FormatRead>;
}

// A format is one file and one line here. Files are read in this order, so what needs ticks comes after what gives them.
export const traceFormats: readonly TraceFormat[] = [
  awsPriceHistory,
  awsText,
  dataFeed,
  spotLake,
  probeSeries,
  probeText,
  launchProbes,
  nodeEvents,
  nodeSegments,
  nodeCounts,
  availabilityCsv,
  mappedCsv,
  tickPrices,
];
