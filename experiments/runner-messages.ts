import type { ThreadLimits } from "./thread-watch.ts";
import type { Outcome } from "./thread-work.ts";

export interface RunnerSettings extends ThreadLimits {
  /** URL of a module that exports `runBatch(work)`. */
  readonly worker: string;
  readonly threads: number;
}

export type ToRunner =
  /** What the items of a group share; sent once. */
  | { readonly do: "share"; readonly group: string; readonly packed: unknown }
  | {
      readonly do: "run";
      readonly batch: number;
      readonly items: readonly unknown[];
      readonly groups: readonly string[];
    };

export type FromRunner =
  | { readonly say: "ready" }
  | { readonly say: "outcomes"; readonly batch: number; readonly outcomes: readonly Outcome[] }
  | { readonly say: "done"; readonly batch: number }
  /** The thread of a batch is gone. */
  | {
      readonly say: "lost";
      readonly batch: number;
      /** Of the item it was at; -1 before the first, undefined between two. */
      readonly position: number | undefined;
      readonly cause: "timeout" | "memory" | "ended";
      readonly why: string;
      /** Only the end of the process will end it. */
      readonly isStuck: boolean;
    };
