import { createReadStream } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { settingsOf } from "../experiments/settings.ts";
import type { Summary } from "../experiments/summary.ts";

/** A results folder, as far as it is known from outside. */
export interface ListedResults {
  readonly name: string;
  readonly question: string;
  /** complete: it has a report of all its cells. running: a process writes to it now. */
  readonly state: "complete" | "running" | "unfinished";
  /** Cells in the store, of all that the newest run wants; undefined where it does not say. */
  readonly done: { readonly cells: number; readonly of: number } | undefined;
  readonly finishedAt: string | undefined;
  readonly answer: string | undefined;
  readonly hasReport: boolean;
  /** Settings in which it differs from others that ask the same. */
  readonly differs: readonly { readonly what: string; readonly value: unknown }[];
}

/** A process that writes touches its lock every 10 s. */
const ALIVE_S = 90;

/** The results folders in a folder, the newest first. */
export async function listResults(root: string, nowMs: number): Promise<ListedResults[]> {
  const names = (await readdir(root, { withFileTypes: true }))
    .filter((each) => each.isDirectory())
    .map(({ name }) => name);
  const found = (await Promise.all(names.map((name) => look(root, name, nowMs)))).filter((each) => each !== undefined);
  const asked = Map.groupBy(found, ({ question }) => question);
  return found
    .sort((a, b) => b.changedMs - a.changedMs)
    .map(({ settings, changedMs: _, ...each }) => ({
      ...each,
      differs: [...settings].flatMap(([what, value]) =>
        asked.get(each.question)!.some((other) => other.settings.size > 0 && other.settings.get(what) !== value)
          ? [{ what, value }]
          : [],
      ),
    }));
}

async function look(root: string, name: string, nowMs: number) {
  const folder = join(root, name);
  const files = await readdir(folder).catch(() => [] as string[]);
  if (!files.includes("cells.ndjson") && !files.includes("summary.json")) return undefined;
  const [summary, manifest, sweep] = await Promise.all(
    ["summary.json", "manifest.json", "sweep.json"].map((file) => jsonOf(join(folder, file))),
  );
  const lock = await stat(join(folder, "lock")).catch(() => undefined);
  const running = lock !== undefined && nowMs - lock.mtimeMs < ALIVE_S * 1000;
  const { question, groups, sweepAnswers } = (summary ?? {}) as Partial<Summary> & { sweepAnswers?: readonly string[] };
  const start = sweep as { question?: string; cells: number; pending: number; stored: number } | undefined;
  const lines = start && (await linesOf(join(folder, "cells.ndjson"))) - 1; // the first is the store's name
  const changed = await stat(join(folder, files.includes("cells.ndjson") ? "cells.ndjson" : "summary.json"));
  return {
    name,
    question: question ?? start?.question ?? name,
    state: running ? ("running" as const) : summary ? ("complete" as const) : ("unfinished" as const),
    done: start && { cells: start.cells - start.pending + Math.max(0, lines! - start.stored), of: start.cells },
    finishedAt: (manifest as { finishedAt?: string } | undefined)?.finishedAt,
    answer: groups?.length === 1 ? groups[0]!.answer : sweepAnswers?.[0],
    hasReport: files.includes("report.html"),
    settings: settingsOf((manifest as Record<string, unknown> | undefined) ?? {}),
    changedMs: changed.mtimeMs,
  };
}

/** Undefined for what is not there, or only half: a running sweep may be writing it. */
async function jsonOf(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch {
    return undefined;
  }
}

async function linesOf(path: string): Promise<number> {
  let lines = 0;
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
      for (let at = (chunk as Buffer).indexOf(10); at >= 0; at = (chunk as Buffer).indexOf(10, at + 1)) lines++;
    }
  } catch {
    return 0;
  }
  return lines;
}
