import { join } from "node:path";
import type { CellOutcome } from "./cell-task.ts";
import { type ComputeOptions, computeCells } from "./compute.ts";
import { drawResults, type ReportInput, recordsOf } from "./draw-results.ts";
import type { Cell } from "./grid.ts";
import { lockFolder } from "./lock.ts";
import { LOOKS, undecided } from "./looks.ts";
import { manifestOf } from "./manifest.ts";
import { chosen } from "./only.ts";
import { checkOwnPolicies } from "./own-policy-check.ts";
import { type Plan, planOf } from "./plan.ts";
import { type PreparedStudy, preparedStudy } from "./prepared-study.ts";
import { json, makeFolder, writeResult } from "./results.ts";
import { cellsOfShard, type Shard, ShardError } from "./shard.ts";
import { assertResultsFolder, CellLog, readCells, type StoredCell, sharing } from "./store.ts";
import { loadStudy } from "./study.ts";
import { summarise } from "./summarise.ts";
import type { Summary } from "./summary.ts";

export interface ExperimentOptions extends Omit<ComputeOptions, "studyFolder" | "signal"> {
  readonly study: string;
  readonly sets: readonly string[];
  readonly only: readonly string[];
  /** Which part of the cells; all where undefined. */
  readonly shard?: Shard | undefined;
  /** A Redis whose workers run the cells; threads of this process where undefined. */
  readonly queue?: string | undefined;
  readonly dryRun: boolean;
  readonly fresh: boolean;
  /** Runs policies of the user's own without holding them against the contract's laws first. */
  readonly skipLaws: boolean;
  /** Results folder; named after the study, and the shard, where undefined. */
  readonly out: string | undefined;
  /** The command as it can be typed again. */
  readonly command: string;
}

/** What happens, for whoever shows it. */
export interface ExperimentEvents {
  planned(plan: Plan, cells: readonly Cell[], folder: string): void;
  cell(cell: Cell, ok: boolean, wallMs: number, failure?: { readonly error: string; readonly stack: string }): void;
  computed(): void;
  warning(text: string): void;
  notice(text: string): void;
}

/** What an experiment needs of its host. */
export interface ExperimentHost {
  /** Of the workbench. */
  readonly root: string;
  readonly events: ExperimentEvents;
  /** Draws the report. */
  readonly render: (input: ReportInput) => Promise<string>;
  /** Called once there is something to keep: until then, a process that is told to end ends. */
  readonly listen: () => AbortSignal;
}

export type ExperimentEnd =
  | { readonly how: "planned" | "interrupted" }
  /** A shard of the study has been run: others will be joined with it. */
  | { readonly how: "shard"; readonly failed: number }
  /** Some cells of the study were not asked for and never run: there is no summary of a part. */
  | { readonly how: "partial"; readonly failed: number; readonly missing: number }
  | { readonly how: "complete"; readonly failed: number; readonly summary: Summary; readonly report: string };

/**
 * Runs a study: what the results folder does not hold yet is computed, then everything is drawn from it anew.
 * @throws StudyError, TraceError, ImportError, OnlyError, ResultsError, LockError for what the user can mend, before
 * anything is computed; DeterminismError.
 */
export async function experiment(options: ExperimentOptions, host: ExperimentHost): Promise<ExperimentEnd> {
  const { study, sets, shard, only, dryRun } = options;
  const { root, events } = host;
  const startedAt = new Date();
  const loaded = loadStudy(study, sets);
  const folder = options.out ?? resultsFolder(loaded.name, shard);
  await assertResultsFolder(folder);
  const prepared = await preparedStudy(loaded, root);
  const { cells } = prepared.grid;
  const looks = loaded.study.replicates === "auto" ? LOOKS : [0];
  if (shard !== undefined && looks.length > 1) {
    throw new ShardError(
      "replicates: auto is decided by all cells, and a shard has a part of them; say a number of replicates",
    );
  }
  const ours = shard === undefined ? undefined : new Set(cellsOfShard(cells, shard));
  const asked = chosen(cells, only).filter((cell) => ours?.has(cell) ?? true);
  const from = Math.min(...asked.map(({ look }) => look));
  const upTo = (of: readonly Cell[], look: number) => of.filter((cell) => cell.look <= Math.max(look, from));
  const cellsBefore = async () => (options.fresh ? new Map<string, StoredCell>() : readCells(folder));
  if (dryRun) {
    events.planned(planOf(upTo(asked, 0), await cellsBefore()), upTo(cells, 0), folder);
    return { how: "planned" };
  }
  const ownPolicies = await checkOwnPolicies(loaded, asked, prepared.grid.tables, options);
  makeFolder(folder);
  const unlock = lockFolder(folder);
  try {
    const stored = await cellsBefore();
    const failures = new Map<string, string>();
    const compute: ComputeOptions = { ...options, studyFolder: loaded.folder, signal: host.listen() };
    const about = { command: options.command, startedAt, ownPolicies };
    for (const at of looks.keys()) {
      const seen = upTo(cells, at);
      const pending = upTo(asked, at).filter(({ key }) => !failures.has(key));
      const plan = planOf(pending, stored);
      events.planned(plan, seen, folder);
      writeResult(folder, "sweep.json", json(startOf(prepared, plan, seen, stored)));
      const log = new CellLog(folder, { fresh: options.fresh && at === 0 });
      await runPending(plan.pending, prepared, { log, stored, failures }, compute, options.queue, events);
      if (compute.signal.aborted) return { how: "interrupted" };
      if (shard !== undefined) {
        const part = { ...shard, failures: [...failures].map(([key, error]) => ({ key, error })) };
        const manifest = await manifestOf(prepared, { ...about, shard: part });
        if (asked.length === ours!.size) writeResult(folder, "manifest.json", json(manifest));
        return { how: "shard", failed: failures.size };
      }
      const missing = seen.filter(({ key }) => !stored.has(key) && !failures.has(key)).length;
      // What was drawn from a whole study is not replaced by a part of one.
      if (missing > 0) return { how: "partial", failed: failures.size, missing };
      const sofar = { ...prepared, grid: { ...prepared.grid, cells: seen } };
      const look = looks.length === 1 ? null : { at: at + 1, of: looks.length };
      if (look !== null && look.at < look.of) {
        const open = undecided(summarise(recordsOf(sofar, stored, failures), loaded.study, { look }));
        events.notice(
          `look ${look.at} of ${look.of}, ${LOOKS[at]} replicate${LOOKS[at] === 1 ? "" : "s"}: ${open.length === 0 ? "decided" : `not decided: ${open.join(", ")}`}`,
        );
        if (open.length > 0) continue;
      }
      return await drawResults(sofar, { folder, stored, failures, about, look }, compute, host);
    }
    throw new Error("a study has a last look");
  } finally {
    unlock();
  }
}

/** For who looks at the folder meanwhile: how many cells there are, and what the store held when these began. */
const startOf = (
  { loaded }: PreparedStudy,
  { pending }: { readonly pending: readonly Cell[] },
  cells: readonly Cell[],
  stored: ReadonlyMap<string, StoredCell>,
) => ({ question: loaded.study.question, cells: cells.length, pending: pending.length, stored: stored.size });

/** @param name of the study */
export const resultsFolder = (name: string, shard?: Shard): string =>
  join("results", shard === undefined ? name : `${name}.shard-${shard.index}-of-${shard.of}`);

interface Results {
  readonly log: CellLog;
  readonly stored: Map<string, StoredCell>;
  /** Errors by key; they are not in the store, so the next run tries again. */
  readonly failures: Map<string, string>;
}

async function runPending(
  pending: readonly Cell[],
  prepared: PreparedStudy,
  { log, stored, failures }: Results,
  compute: ComputeOptions,
  queue: string | undefined,
  events: ExperimentEvents,
): Promise<void> {
  const shared = sharing();
  try {
    const told = (cell: Cell, outcome: CellOutcome, wallMs: number): void => {
      if (outcome.ok) {
        const { timeline: _, ...result } = outcome.result;
        const { key, place, parts } = cell;
        const done: StoredCell = { key, place, parts, wallMs, result };
        log.add(done);
        stored.set(key, shared(done));
      } else failures.set(cell.key, outcome.error);
      events.cell(cell, outcome.ok, wallMs, outcome.ok ? undefined : outcome);
    };
    if (queue === undefined) await computeCells(pending, prepared.grid.tables, compute, told);
    else {
      // Loaded by those who have a queue, and by nobody else.
      const { computeOnQueue } = await import("./queue/sweep.ts");
      const notice = (text: string): void => events.notice(text);
      await computeOnQueue(pending, prepared, { ...compute, url: queue, told, notice });
    }
  } finally {
    log.close();
    events.computed();
  }
}
