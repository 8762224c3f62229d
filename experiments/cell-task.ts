import type { SimulationResult } from "../sim/simulation.ts";
import type { RunSpec } from "./record.ts";

/** A cell as a worker gets it; its table comes beside it, by group. */
export interface CellTask {
  readonly spec: RunSpec;
  readonly group: string;
  /** What policies in files of the user's own are relative to. */
  readonly studyFolder: string;
  readonly traced: boolean;
  /** Holds its policy, one of the user's own, against the contract's laws instead of running the cell; so many asks each. */
  readonly lawAsks?: number;
}

export type CellOutcome =
  | { readonly ok: true; readonly result: SimulationResult }
  /** stack: for the user's eyes, not for the record, since it names folders of this machine. */
  | { readonly ok: false; readonly error: string; readonly stack: string };

/** Of a task with `lawAsks`: the first law that its policy breaks. */
export interface LawOutcome {
  readonly broken: string | undefined;
}
