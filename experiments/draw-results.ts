import { type ComputeOptions, traceCells } from "./compute.ts";
import { recordLook } from "./confirm-looks.ts";
import { canonicalJson, digestOf } from "./digest.ts";
import type { ExperimentEnd, ExperimentHost } from "./experiment.ts";
import type { Cell } from "./grid.ts";
import { type ManifestAbout, manifestOf } from "./manifest.ts";
import type { PreparedStudy } from "./prepared-study.ts";
import type { RunRecord, TracedRun } from "./record.ts";
import { json, lines, removeOutdated, writeResult } from "./results.ts";
import { shellWord } from "./shell-word.ts";
import { failUndercuts } from "./statistics/bounds.ts";
import type { StoredCell } from "./store.ts";
import { summarise } from "./summarise.ts";
import type { Summary } from "./summary.ts";
import { summaryCsv } from "./summary-csv.ts";
import { worthTracing } from "./worth-tracing.ts";

export interface ReportInput {
  readonly summary: Summary;
  readonly records: readonly RunRecord[];
  readonly manifest: Readonly<Record<string, unknown>>;
  readonly timelines: readonly TracedRun[];
}

/** What a study came to: each of its cells is stored or has failed. */
export interface Computed {
  readonly folder: string;
  readonly stored: ReadonlyMap<string, StoredCell>;
  /** Errors by key. */
  readonly failures: ReadonlyMap<string, string>;
  readonly about: ManifestAbout;
  /** Of `replicates: auto`: which look this is. */
  readonly look?: Summary["look"];
}

/** Writes everything that a results folder holds beside its cells, from the cells. */
export async function drawResults(
  prepared: PreparedStudy,
  { folder, stored, failures, about, look = null }: Computed,
  compute: ComputeOptions,
  { events, render }: Pick<ExperimentHost, "events" | "render">,
): Promise<ExperimentEnd> {
  const { loaded, grid } = prepared;
  const { cells, tables } = grid;
  const records = recordsOf(prepared, stored, failures);
  removeOutdated(folder);
  writeResult(folder, "runs.ndjson", lines(records, sharedTexts(records)));
  writeResult(folder, "timings.ndjson", lines(timingsOf(cells, stored)));
  const summary = summarise(records, loaded.study, {
    look,
    confirmLooks: confirmLooks(prepared, folder, about.startedAt),
  });
  writeResult(folder, "summary.json", json(summary));
  writeResult(folder, "summary.csv", [await summaryCsv(summary)]);
  const manifest = await manifestOf(prepared, about);
  writeResult(folder, "manifest.json", json(manifest));
  const timelines = await traceCells(worthTracing(cells, stored, summary), tables, compute, (text) =>
    events.warning(text),
  );
  if (compute.signal.aborted) return { how: "interrupted" };
  timelines.forEach((timeline, i) => void writeResult(folder, `timeline-${i + 1}.json`, lines([timeline])));
  const report = writeResult(folder, "report.html", [await render({ summary, records, manifest, timelines })]);
  return { how: "complete", failed: summary.cells.failed, summary, report };
}

/** Looks at the units kept apart, this one included; 1 where none are. */
function confirmLooks({ loaded, grid }: PreparedStudy, folder: string, at: Date): number {
  const { confirmShare, baseline, primary } = loaded.study;
  if (confirmShare === undefined) return 1;
  const digest = digestOf([grid.cells.map(({ key }) => key), confirmShare, baseline, primary]);
  return recordLook(folder, digest, at.toISOString());
}

/** Of a failed cell: the command that runs it again, whichever way it was run. */
const replayCommand = ({ path, sets }: PreparedStudy["loaded"], key: string): string =>
  ["npm run experiment --", shellWord(path), ...sets.map((set) => `--set ${shellWord(set)}`)]
    .concat("--only", `cell=${key.slice(0, 16)}`)
    .join(" ");

/** In cell order, those that have come to something. */
export function recordsOf(
  { loaded, grid }: PreparedStudy,
  stored: ReadonlyMap<string, StoredCell>,
  failures: ReadonlyMap<string, string>,
): RunRecord[] {
  const replay = (key: string): string => replayCommand(loaded, key);
  const records = grid.cells.flatMap(({ key, spec, versions }): RunRecord[] => {
    const result = stored.get(key)?.result;
    if (result !== undefined) return [{ key, spec, versions, ok: true, ...result }];
    const error = failures.get(key);
    return error === undefined ? [] : [{ key, spec, versions, ok: false, error, replay: replay(key) }];
  });
  return failUndercuts(records, replay);
}

/** Texts of the objects that cells of a grid have in common. */
function sharedTexts(records: readonly RunRecord[]): WeakMap<object, string> {
  const texts = new WeakMap<object, string>();
  for (const { spec, versions } of records) {
    for (const shared of [spec.workload, spec.cloud, spec.cadence, spec.policy, spec.axes, versions]) {
      if (!texts.has(shared)) texts.set(shared, canonicalJson(shared));
    }
  }
  return texts;
}

function* timingsOf(cells: readonly Cell[], stored: ReadonlyMap<string, StoredCell>): Generator<unknown> {
  for (const { key, spec } of cells) {
    const wallMs = stored.get(key)?.wallMs;
    if (wallMs !== undefined) yield { key, policyId: spec.policyId, wallMs };
  }
}
