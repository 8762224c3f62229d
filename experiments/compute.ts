import type { SimulationResult } from "../sim/simulation.ts";
import type { CellOutcome, CellTask } from "./cell-task.ts";
import type { Cell, Grid } from "./grid.ts";
import { type PoolItem, runOnPool } from "./pool.ts";
import type { TracedRun } from "./record.ts";
import type { Traced } from "./worth-tracing.ts";

export interface ComputeOptions {
  readonly studyFolder: string;
  readonly jobs: number;
  readonly timeoutS: number;
  readonly memoryMiB: number;
  readonly signal: AbortSignal;
}

/** Runs cells on worker threads; each is told once, in no order. */
export async function computeCells<C extends Pick<Cell, "spec" | "table">>(
  cells: readonly C[],
  tables: Grid["tables"],
  { studyFolder, jobs, timeoutS, memoryMiB, signal }: ComputeOptions,
  told: (cell: C, outcome: CellOutcome, wallMs: number) => void,
  traced = false,
): Promise<void> {
  const items = cells.map(
    ({ spec, table }): PoolItem<CellTask> => ({
      item: { spec, group: table, studyFolder, traced },
      group: table,
      kind: spec.policyId,
    }),
  );
  await runOnPool<CellTask, CellOutcome>(items, {
    worker: new URL("./worker.ts", import.meta.url),
    threads: jobs,
    timeoutS,
    memoryMiB,
    signal,
    sharedBy: (group) => tables.get(group),
    onDone: (index, outcome, wallMs) => told(cells[index]!, outcome, wallMs),
    onFailed: (index, why) => told(cells[index]!, { ok: false, error: `${why}${remedy(why)}`, stack: "" }, 0),
  });
}

const remedy = (why: string): string =>
  why.startsWith("took")
    ? "; raise --cell-timeout if it should"
    : why.startsWith("needed")
      ? "; raise --cell-memory if it should"
      : "";

/** A policy whose traced run differs from the recorded one: it depends on something that it must not. */
export class DeterminismError extends Error {
  override readonly name = "DeterminismError";
}

/** Runs cells once more, this time recording all that happens; each must do exactly what it did before. */
export async function traceCells(
  cells: readonly Traced[],
  tables: Grid["tables"],
  options: ComputeOptions,
  warn: (text: string) => void,
): Promise<TracedRun[]> {
  const results = new Map<Cell, SimulationResult>();
  const told = (cell: Cell, outcome: CellOutcome): void => {
    if (outcome.ok) results.set(cell, outcome.result);
    else warn(`no timeline of ${cell.spec.policyId}: ${outcome.error}`);
  };
  const again = cells.map(({ cell }) => cell);
  await computeCells(again, tables, options, told, true);
  return cells.flatMap(({ cell, fingerprint }) => {
    const result = results.get(cell);
    if (result?.timeline === undefined) return [];
    const { policyId, trace, unit, replicate, axes } = cell.spec;
    if (result.fingerprint !== fingerprint) {
      throw new DeterminismError(
        `${policyId} did something else when it was run again on ${unit} (fingerprint ${result.fingerprint}, recorded ${fingerprint}); a policy may depend on nothing but its view, memory and parameters`,
      );
    }
    return [{ policyId, trace, unit, replicate, axes, timeline: result.timeline }];
  });
}
