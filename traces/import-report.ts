import type { GapRule } from "./rows.ts";

/** What an import understood, repaired and left out. It travels with the trace into records and the report's provenance. */
export interface ImportReport {
  /** How the bytes were read. */
  readonly format: string;
  readonly files: readonly { readonly name: string; readonly bytes: number; readonly sha256: string }[];
  /** Prices and counts apart: a line that holds both is two. */
  readonly rowsRead: number;
  /** Change points kept. */
  readonly kept: number;
  /** Rows that only repeat the value before them. */
  readonly collapsed: number;
  /** Rows that stand in several pulls, word for word. */
  readonly merged: number;
  readonly dropped: readonly { readonly why: string; readonly rows: number }[];
  /** Two values for one market and instant: the last row of the newest pull won. */
  readonly contradictions: number;
  /** Times without a row where one was due, and what stands there. */
  readonly gaps: { readonly count: number; readonly rule: GapRule };
  readonly warnings: readonly string[];
  /** UTC, or why it is not known. */
  readonly startsAt: string;
  readonly hours: number;
  readonly markets: readonly {
    readonly name: string;
    /** Its first and last row, from the start of the trace; below 0 where it was known before. */
    readonly fromH: number;
    readonly toH: number;
    readonly priceChanges: number;
    readonly meanUsdPerHour: number | null;
    readonly capacityChanges: number;
    /** Share of time with at least one instance obtainable: shows a wrong polarity at a glance. */
    readonly availability: number | null;
  }[];
}
