import type { Seconds } from "../../policies/contract/units.ts";
import type { Pull } from "../rows.ts";
import { awsPriceHistory } from "./aws-price-history.ts";
import { probeSeries } from "./probe-series.ts";
import type { SourceFile } from "./source-file.ts";

/** What the bytes do not say. */
export interface ReadOptions {
  readonly polarity?: "available" | "preempted";
  readonly instanceType?: string;
  readonly zone?: string;
}

export interface FormatRead {
  readonly pulls: readonly Pull[];
  readonly rows: number;
  readonly warnings: readonly string[];
  /** Gap between samples; 0 where the source has exact times. */
  readonly gapS: Seconds;
}

/** One way in which people hold a trace, recognised by content. */
export interface TraceFormat {
  readonly name: string;
  readonly source: string;
  matches(file: SourceFile): boolean;
  /** @throws TraceError with file, place and remedy. */
  read(file: SourceFile, options: ReadOptions): FormatRead;
}

// A format is one file and one line here.
export const traceFormats: readonly TraceFormat[] = [awsPriceHistory, probeSeries];
