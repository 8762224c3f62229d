import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { canonicalJson } from "./digest.ts";
import { drawResults } from "./draw-results.ts";
import { type ExperimentEnd, type ExperimentHost, type ExperimentOptions, resultsFolder } from "./experiment.ts";
import { lockFolder } from "./lock.ts";
import { manifestOf } from "./manifest.ts";
import { preparedStudy } from "./prepared-study.ts";
import type { OwnPolicyNote } from "./record.ts";
import { makeFolder } from "./results.ts";
import { assertResultsFolder, CellLog, readCells, type StoredCell } from "./store.ts";
import { loadStudy } from "./study.ts";

/** Folders that do not make one study together: names the folder, the field, and what to do. */
export class MergeError extends Error {
  override readonly name = "MergeError";
}

export interface MergeOptions extends Pick<ExperimentOptions, "out" | "jobs" | "timeoutS" | "memoryMiB" | "command"> {
  readonly folders: readonly string[];
}

const MANIFEST = z.looseObject({
  study: z.string(),
  overrides: z.array(z.string()),
  ownPolicies: z.custom<readonly OwnPolicyNote[]>(Array.isArray).optional(),
  shard: z.object({
    index: z.int(),
    of: z.int(),
    failures: z.array(z.object({ key: z.string(), error: z.string() })),
  }),
});
type ShardManifest = z.infer<typeof MANIFEST>;

/** What must be the same in all parts and in the checkout that joins them. */
const SAME = ["studySha256", "overrides", "workbench", "node", "codeDigests", "traces", "runsDigest"] as const;
/** Of a part's provenance, what the whole's does not say. */
const OF_A_PART = ["command", "startedAt", "finishedAt", "commit", "dirty", "os", "cpu", "cores"] as const;

/**
 * Joins the stores of a study's shards and draws its results; computes nothing but the two runs that the report shows in detail.
 * The study is the one that the first folder names.
 * @throws MergeError for a folder that is no finished shard, that holds another study, code, version or traces, or where one lacks.
 */
export async function merge(options: MergeOptions, host: ExperimentHost): Promise<ExperimentEnd> {
  const startedAt = new Date();
  const shards = options.folders.map((folder) => ({ folder, manifest: shardManifest(folder) }));
  const [first] = shards as [{ readonly folder: string; readonly manifest: ShardManifest }];
  for (const { folder, manifest } of shards) assertSame(manifest, folder, first.manifest, first.folder);
  const loaded = loadStudy(first.manifest.study, first.manifest.overrides);
  const folder = options.out ?? resultsFolder(loaded.name);
  await assertResultsFolder(folder);
  const prepared = await preparedStudy(loaded, host.root);
  const own = await manifestOf(prepared, { command: options.command, startedAt });
  // What is no JSON, such as an undefined member, is not in the folders' manifests either.
  assertSame(first.manifest, first.folder, JSON.parse(JSON.stringify(own)), "this checkout");

  const { cells } = prepared.grid;
  const keys = new Set(cells.map(({ key }) => key));
  const stored = new Map<string, StoredCell>();
  for (const shard of shards) {
    for (const [key, cell] of await readCells(shard.folder)) if (keys.has(key)) stored.set(key, cell);
  }
  const errors = shards.flatMap(({ manifest }) =>
    manifest.shard.failures.map(({ key, error }) => [key, error] as const),
  );
  const failures = new Map(errors.filter(([key]) => !stored.has(key)));
  const missing = cells.filter(({ key }) => !stored.has(key) && !failures.has(key)).length;
  if (missing > 0)
    throw new MergeError(
      lacking(
        missing,
        shards.map(({ manifest }) => manifest),
      ),
    );

  makeFolder(folder);
  const unlock = lockFolder(folder);
  try {
    const kept = await readCells(folder);
    const log = new CellLog(folder, { fresh: false });
    for (const [key, cell] of stored) if (!kept.has(key)) log.add(cell);
    log.close();
    const parts = shards.map(({ manifest }) => ({
      shard: `${manifest.shard.index}/${manifest.shard.of}`,
      ...Object.fromEntries(OF_A_PART.map((field) => [field, manifest[field]])),
    }));
    const { ownPolicies = [] } = first.manifest;
    const about = { command: options.command, startedAt, ownPolicies, shards: parts };
    const compute = { ...options, studyFolder: loaded.folder, signal: host.listen() };
    return await drawResults(prepared, { folder, stored, failures, about }, compute, host);
  } finally {
    unlock();
  }
}

function shardManifest(folder: string): ShardManifest {
  const path = join(folder, "manifest.json");
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new MergeError(
      `${path}: cannot be read (${code}), so this is no finished shard; run its command again, which goes on where it stopped`,
    );
  }
  try {
    return MANIFEST.parse(JSON.parse(text));
  } catch {
    throw new MergeError(`${path}: is not of a shard; name the folders that runs with --shard have written`);
  }
}

function assertSame(
  manifest: Readonly<Record<string, unknown>>,
  folder: string,
  other: Readonly<Record<string, unknown>>,
  where: string,
): void {
  for (const field of SAME) {
    const [at, ours, theirs] = firstDifference(field, manifest[field], other[field]) ?? [];
    if (at === undefined) continue;
    throw new MergeError(
      `${folder}: ${at} is ${short(ours)}, but ${short(theirs)} in ${where}; run that shard again from the same study and checkout, or leave it out`,
    );
  }
}

/** The field itself, or the member of it that differs. */
function firstDifference(field: string, a: unknown, b: unknown): [at: string, a: unknown, b: unknown] | undefined {
  if (canonicalJson(a ?? null) === canonicalJson(b ?? null)) return undefined;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return [field, a, b];
  const members = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  const of = (value: object, key: string): unknown => (value as Readonly<Record<string, unknown>>)[key];
  for (const key of members) {
    const found = firstDifference(`${field}.${key}`, of(a, key), of(b, key));
    if (found !== undefined) return found;
  }
  return [field, a, b];
}

const short = (value: unknown): string => (value === undefined ? "absent" : JSON.stringify(value).slice(0, 80));

function lacking(missing: number, manifests: readonly ShardManifest[]): string {
  const { of } = manifests[0]!.shard;
  const given = new Set(manifests.map(({ shard }) => shard.index));
  const absent = Array.from({ length: of }, (_, i) => i + 1).filter((index) => !given.has(index));
  const named = absent.length === 0 ? "" : `, those of shard ${absent.slice(0, 20).join(", ")} of ${of}`;
  return `${missing} cells of the study are in none of the folders${named}; name all of its shards, or run what is lacking`;
}
