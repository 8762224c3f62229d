import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { nearestName } from "../policies/contract/nearest.ts";
import { HOUR_S } from "../policies/contract/units.ts";
import { TraceError, tableFromSeries, windowOf } from "./columns.ts";
import { type DataSet, dataSets } from "./datasets.ts";
import { type FormatRead, type ReadOptions, traceFormats } from "./formats/index.ts";
import { zoneInName } from "./formats/probe-series.ts";
import { parseJson, readSources, type SourceFile } from "./formats/source-file.ts";
import { isPresent, publicSetNamed, userSetFolder } from "./public-sets.ts";
import { iso, marketKey, mergePulls, type Pull } from "./rows.ts";
import { marketStatistics } from "./statistics.ts";
import { isTraceFile, type OpenTrace, openTraceFile, type Parsed, writeTraceFile } from "./trace-file.ts";

export type { OpenTrace } from "./trace-file.ts";

/** A trace as a study names it: a public data set, or files of the user's own (or one table file). */
export type TraceRef =
  | { readonly dataset: string; readonly root?: string | undefined }
  | ({ readonly files: readonly string[] } & ReadOptions);

/** A change here changes what the same bytes come to: part of every key. */
const IMPORTER = "2";

/**
 * Opens a trace, from the cache of parsed traces where the same bytes were read before.
 * @throws TraceError with the remedy: an unknown data set, a folder that was not named, a file that is missing or spoilt.
 */
export async function openStudyTrace(ref: TraceRef, cacheFolder = ".cache/traces"): Promise<OpenTrace> {
  if ("files" in ref && ref.files.some(isTraceFile)) return openTraceFile(onlyOne(ref.files));
  const set = "dataset" in ref ? dataSetOf(ref.dataset) : undefined;
  const files = readSources("dataset" in ref ? pathsOf(set!, ref.root) : ref.files);
  const options: ReadOptions = "dataset" in ref ? { instanceType: set!.instanceType } : ref;
  const { polarity, instanceType, zone, product, usdPerHour } = options;
  const digest = sha256([
    IMPORTER,
    { set: set?.name, polarity, instanceType, zone, product, usdPerHour },
    ...files.map((file) => [zoneInName(file), file.sha256]),
  ]);
  const cached = join(cacheFolder, `${digest}.trace`);
  try {
    return openTraceFile(cached);
  } catch (error) {
    // Not there, partial, or of another version: as good as none.
    if (!(error instanceof TraceError)) throw error;
  }
  const reads = await readAll(files, options);
  const parsed = build(
    digest,
    files,
    set === undefined ? formatsOf(reads) : `data set ${set.name} (${publicSetNamed(set.set).licence})`,
    reads,
    options,
  );
  try {
    mkdirSync(cacheFolder, { recursive: true });
    writeTraceFile(cached, parsed);
  } catch (error) {
    // A folder that cannot be written costs a parse the next time, no more.
    if (!(error instanceof TraceError) && (error as NodeJS.ErrnoException).code === undefined) throw error;
  }
  return {
    ...parsed,
    digest,
    markets: parsed.table.markets,
    endS: parsed.table.endS,
    window: (fromS, lengthS, keep) => windowOf(parsed.table, fromS, lengthS, keep),
  };
}

function onlyOne(files: readonly string[]): string {
  if (files.length === 1) return files[0]!;
  throw new TraceError(`${files.find(isTraceFile)}: a table file is a whole trace; name it alone`);
}

function dataSetOf(name: string): DataSet {
  const set = dataSets.find((each) => each.name === name);
  if (set !== undefined) return set;
  const names = dataSets.map((each) => each.name);
  throw new TraceError(`no data set is called "${name}"; did you mean "${nearestName(name, names)}"?`);
}

/** In the user's cache where `root` does not say otherwise. */
function pathsOf(set: DataSet, root = userSetFolder(set.set)): string[] {
  const paths = [...set.availability, set.prices].map((path) => join(root, path));
  if (root === userSetFolder(set.set) && !isPresent(publicSetNamed(set.set), root)) {
    throw new TraceError(
      `data set ${set.name} does not come with the workbench: npm run traces -- fetch ${set.set}, or say where a copy lies: --set traces.root=FOLDER`,
    );
  }
  return paths;
}

interface FileRead extends FormatRead {
  readonly format: string;
}

async function readAll(files: readonly SourceFile[], options: ReadOptions): Promise<FileRead[]> {
  const formats = files.map((file) => {
    const format = traceFormats.find((each) => each.matches(file));
    if (format !== undefined) return format;
    if (/^\s*[{[]/.test(file.text)) parseJson(file); // half a file may lack what it is known by
    const known = traceFormats.map((each) => each.source).join("; ");
    throw new TraceError(`${file.path}: no known trace format; known are: ${known}`);
  });
  const reads: FileRead[] = [];
  const ticks: Pull[] = [];
  for (const format of traceFormats) {
    for (const [i, file] of files.entries()) {
      if (formats[i] !== format) continue;
      const read = await format.read(file, options, ticks);
      reads.push({ ...read, format: format.name });
      ticks.push(...read.pulls.filter(({ kind }) => kind === "capacity"));
    }
  }
  const products = [...new Set(reads.flatMap((read) => read.products))];
  if (products.length > 1) {
    throw new TraceError(
      `products ${products.join(", ")} in one import have prices of their own; say which is meant, product: ${products[0]}`,
    );
  }
  return reads;
}

const formatsOf = (reads: readonly FileRead[]): string => [...new Set(reads.map(({ format }) => format))].join(", ");

function build(
  digest: string,
  files: readonly SourceFile[],
  format: string,
  reads: readonly FormatRead[],
  { usdPerHour }: ReadOptions,
): Parsed {
  const pulls = reads.flatMap((read) => read.pulls);
  const merged = mergePulls(pulls, usdPerHour);
  const table = tableFromSeries(merged.series, { digest, endS: merged.endS });
  const left = reads.flatMap((read) => read.dropped);
  const inPulls = pulls.reduce((sum, { timesS }) => sum + timesS.length, 0);
  const dropped = [...left, ...merged.dropped];
  const rowsRead = inPulls + left.reduce((sum, { rows }) => sum + rows, 0);
  const gone = dropped.reduce((sum, { rows }) => sum + rows, 0);
  const clashes = merged.contradictions.map(
    (clash) => `two values for one instant, the newest pull's stands: ${clash}`,
  );
  const stated = usdPerHour === undefined ? [] : [`usdPerHour: ${usdPerHour} stands for every market without prices`];
  return {
    table,
    report: {
      format,
      files: files.map(({ name, bytes, sha256: digestOfFile }) => ({ name, bytes, sha256: digestOfFile })),
      rowsRead,
      kept: rowsRead - gone - merged.collapsed - merged.merged - merged.contradictions.length,
      collapsed: merged.collapsed,
      merged: merged.merged,
      dropped,
      contradictions: merged.contradictions.length,
      warnings: [...new Set([...stated, ...reads.flatMap((read) => read.warnings), ...merged.warnings, ...clashes])],
      startsAt: merged.startS === undefined ? "an unknown time, the source has no stamps" : iso(merged.startS),
      hours: merged.endS / HOUR_S,
      markets: merged.series.map((series, m) => {
        const { priceChanges, capacityChanges, meanUsdPerHour, availability } = marketStatistics(table, m);
        const { fromS, toS } = merged.spans[m]!;
        return {
          name: marketKey(series.market),
          fromH: fromS / HOUR_S,
          toH: toS / HOUR_S,
          priceChanges,
          meanUsdPerHour,
          capacityChanges,
          availability,
        };
      }),
    },
  };
}

const sha256 = (parts: readonly unknown[]): string => createHash("sha256").update(JSON.stringify(parts)).digest("hex");
