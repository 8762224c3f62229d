import { createReadStream } from "node:fs";
import { readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { z } from "zod";
import type { RunRecord, TracedRun } from "../experiments/record.ts";
import type { Summary } from "../experiments/summary.ts";
import type { ReportInput } from "./page.ts";
import { RECORD, SUMMARY, TRACED_RUN } from "./results-schema.ts";

/** A results folder from which no report can be made: names the file, what is wrong, and what helps. */
export class ReportError extends Error {
  override readonly name = "ReportError";
}

/** What one run of the experiment command left in its folder. @throws ReportError */
export async function readResults(folder: string): Promise<ReportInput> {
  const found = await stat(folder).catch(() => undefined);
  if (!found?.isDirectory()) {
    throw new ReportError(`${folder}: no such folder; name the results folder that npm run experiment printed`);
  }
  const files = await readdir(folder);
  for (const file of ["summary.json", "runs.ndjson", "manifest.json"]) {
    if (!files.includes(file)) {
      throw new ReportError(`${folder}: ${file} is missing, so this is no finished results folder; ${RERUN}`);
    }
  }
  const timelines: TracedRun[] = [];
  for (const file of files.filter((file) => /^timeline-.*\.json$/.test(file)).sort()) {
    timelines.push(checked(join(folder, file), TRACED_RUN, await json(join(folder, file))) as TracedRun);
  }
  return {
    summary: checked(join(folder, "summary.json"), SUMMARY, await json(join(folder, "summary.json"))) as Summary,
    records: await records(join(folder, "runs.ndjson")),
    manifest: checked(
      join(folder, "manifest.json"),
      z.record(z.string(), z.unknown()),
      await json(join(folder, "manifest.json")),
    ),
    timelines,
  };
}

/** Writes a page whole or not at all, and says where. @throws ReportError */
export async function writePage(path: string, page: string): Promise<string> {
  const beside = `${path}.${process.pid}.tmp`;
  try {
    await writeFile(beside, page);
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true }).catch(() => undefined);
    throw new ReportError(
      `${path}: cannot be written (${(error as Error).message}); name a folder that is there and writable`,
    );
  }
  return path;
}

const RERUN = "repeat the experiment's command, which resumes";

async function json(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    throw new ReportError(`${path}: not JSON (${(error as Error).message}); ${RERUN}`);
  }
}

async function records(path: string): Promise<readonly RunRecord[]> {
  const records: RunRecord[] = [];
  let line = 0;
  for await (const text of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
    line++;
    if (text === "") continue;
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      throw new ReportError(`${path}:${line}: not JSON (${(error as Error).message}); ${RERUN}`);
    }
    records.push(checked(`${path}:${line}`, RECORD, value) as unknown as RunRecord);
  }
  return records;
}

function checked<T>(place: string, schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const where = issue!.path.join(".");
  throw new ReportError(
    `${place}: ${where && `${where}: `}${issue!.message}, as of another version; ${RERUN}, or use the version that wrote it`,
  );
}
