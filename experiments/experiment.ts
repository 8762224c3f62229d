import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CodeDigests } from "./closure.ts";
import { type ComputeOptions, computeCells, traceCells } from "./compute.ts";
import { type Cell, type Grid, gridOf } from "./grid.ts";
import { lockFolder } from "./lock.ts";
import { manifestOf } from "./manifest.ts";
import { chosen } from "./only.ts";
import { type Plan, planOf } from "./plan.ts";
import type { RunRecord, TracedRun } from "./record.ts";
import { json, lines, makeFolder, removeOutdated, writeResult } from "./results.ts";
import { assertResultsFolder, CellLog, readCells, type StoredCell } from "./store.ts";
import { loadStudy } from "./study.ts";
import { summarise } from "./summarise.ts";
import type { Summary } from "./summary.ts";
import { summaryCsv } from "./summary-csv.ts";
import { worthTracing } from "./worth-tracing.ts";

export interface ExperimentOptions extends Omit<ComputeOptions, "studyFolder"> {
  readonly study: string;
  readonly sets: readonly string[];
  readonly only: readonly string[];
  readonly dryRun: boolean;
  readonly fresh: boolean;
  /** Results folder; named after the study where undefined. */
  readonly out: string | undefined;
  /** The command as it can be typed again. */
  readonly command: string;
  /** Of a failed cell: the command that runs it again. */
  readonly replay: (key: string) => string;
}

/** What happens, for whoever shows it. */
export interface ExperimentEvents {
  planned(plan: Plan, cells: readonly Cell[], folder: string): void;
  cell(cell: Cell, ok: boolean, wallMs: number, failure?: { readonly error: string; readonly stack: string }): void;
  computed(): void;
  warning(text: string): void;
}

export interface ReportInput {
  readonly summary: Summary;
  readonly records: readonly RunRecord[];
  readonly manifest: Readonly<Record<string, unknown>>;
  readonly timelines: readonly TracedRun[];
}

export type ExperimentEnd =
  | { readonly how: "planned" | "interrupted" }
  /** Some cells of the study were not asked for and never run: there is no summary of a part. */
  | { readonly how: "partial"; readonly failed: number; readonly missing: number }
  | { readonly how: "complete"; readonly failed: number; readonly summary: Summary; readonly report: string };

/**
 * Runs a study: what the results folder does not hold yet is computed, then everything is drawn from it anew.
 * @param render draws the report.
 * @throws StudyError, TraceError, ImportError, OnlyError, ResultsError, LockError for what the user can mend, before
 * anything is computed; DeterminismError.
 */
export async function experiment(
  options: ExperimentOptions,
  root: string,
  events: ExperimentEvents,
  render: (input: ReportInput) => Promise<string>,
): Promise<ExperimentEnd> {
  const startedAt = new Date();
  const loaded = loadStudy(options.study, options.sets);
  const folder = options.out ?? join("results", loaded.name);
  const code = new CodeDigests(root, loaded.folder);
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { readonly version: string };
  const versions = { engine: version, node: process.versions.node };
  const compute: ComputeOptions = { ...options, studyFolder: loaded.folder };

  await assertResultsFolder(folder);
  const grid = await gridOf(loaded, code, versions, join(root, ".cache", "traces"));
  const { cells, tables } = grid;
  const asked = chosen(cells, options.only);
  const cellsBefore = async () => (options.fresh ? new Map<string, StoredCell>() : readCells(folder));
  if (options.dryRun) {
    events.planned(planOf(asked, await cellsBefore()), cells, folder);
    return { how: "planned" };
  }
  makeFolder(folder);
  const unlock = lockFolder(folder);
  try {
    const stored = await cellsBefore();
    const plan = planOf(asked, stored);
    events.planned(plan, cells, folder);
    const failures = await runPending(plan.pending, tables, stored, folder, options, compute, events);
    if (options.signal.aborted) return { how: "interrupted" };

    const records = recordsOf(cells, stored, failures, options.replay);
    // What was drawn from a whole study is not replaced by a part of one.
    if (records.length < cells.length) {
      return { how: "partial", failed: failures.size, missing: cells.length - records.length };
    }
    removeOutdated(folder);
    writeResult(folder, "runs.ndjson", lines(records));
    writeResult(folder, "timings.ndjson", lines(timingsOf(cells, stored)));
    const summary = summarise(records, loaded.study);
    writeResult(folder, "summary.json", json(summary));
    writeResult(folder, "summary.csv", [await summaryCsv(summary)]);
    const manifest = await manifestOf(loaded, grid, code, {
      command: options.command,
      root,
      versions,
      startedAt,
    });
    writeResult(folder, "manifest.json", json(manifest));
    const timelines = await traceCells(worthTracing(cells, stored, summary), tables, compute, (text) =>
      events.warning(text),
    );
    if (options.signal.aborted) return { how: "interrupted" };
    timelines.forEach((timeline, i) => void writeResult(folder, `timeline-${i + 1}.json`, lines([timeline])));
    const report = writeResult(folder, "report.html", [await render({ summary, records, manifest, timelines })]);
    return { how: "complete", failed: failures.size, summary, report };
  } finally {
    unlock();
  }
}

/** Adds to `stored` what succeeds. @returns errors by key; they are not stored, so the next run tries again. */
async function runPending(
  pending: readonly Cell[],
  tables: Grid["tables"],
  stored: Map<string, StoredCell>,
  folder: string,
  { fresh }: ExperimentOptions,
  compute: ComputeOptions,
  events: ExperimentEvents,
): Promise<ReadonlyMap<string, string>> {
  const failures = new Map<string, string>();
  const log = new CellLog(folder, { fresh });
  try {
    await computeCells(pending, tables, compute, (cell, outcome, wallMs) => {
      if (outcome.ok) {
        const { timeline: _, ...result } = outcome.result;
        const { key, place, parts } = cell;
        const done: StoredCell = { key, place, parts, wallMs, result };
        log.add(done);
        stored.set(key, done);
      } else failures.set(cell.key, outcome.error);
      events.cell(cell, outcome.ok, wallMs, outcome.ok ? undefined : outcome);
    });
  } finally {
    log.close();
    events.computed();
  }
  return failures;
}

/** In cell order, those that have come to something. */
function recordsOf(
  cells: readonly Cell[],
  stored: ReadonlyMap<string, StoredCell>,
  failures: ReadonlyMap<string, string>,
  replay: (key: string) => string,
): RunRecord[] {
  return cells.flatMap(({ key, spec, versions }): RunRecord[] => {
    const result = stored.get(key)?.result;
    if (result !== undefined) return [{ key, spec, versions, ok: true, ...result }];
    const error = failures.get(key);
    return error === undefined ? [] : [{ key, spec, versions, ok: false, error, replay: replay(key) }];
  });
}

function* timingsOf(cells: readonly Cell[], stored: ReadonlyMap<string, StoredCell>): Generator<unknown> {
  for (const { key, spec } of cells) {
    const wallMs = stored.get(key)?.wallMs;
    if (wallMs !== undefined) yield { key, policyId: spec.policyId, wallMs };
  }
}
