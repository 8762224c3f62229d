/** What an import understood, repaired and left out. It travels with the trace into records and the report's provenance. */
export interface ImportReport {
  /** How the bytes were read. */
  readonly format: string;
  readonly files: readonly { readonly name: string; readonly bytes: number; readonly sha256: string }[];
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
  readonly warnings: readonly string[];
  readonly startsAt: string;
  readonly hours: number;
  readonly markets: readonly {
    readonly name: string;
    readonly priceChanges: number;
    readonly meanUsdPerHour: number | null;
    readonly capacityChanges: number;
    /** Share of time with at least one instance obtainable: shows a wrong polarity at a glance. */
    readonly availability: number | null;
  }[];
}
