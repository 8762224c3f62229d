import { createHash, randomBytes } from "node:crypto";
import { accessSync, constants, existsSync, mkdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HOUR_S } from "../policies/contract/units.ts";
import { TraceError, tableFromSeries, takesPart } from "./columns.ts";
import { type DataSet, dataSets } from "./datasets.ts";
import { type FormatRead, type ReadOptions, type TraceFormat, traceFormats } from "./formats/index.ts";
import { mappedCsv } from "./formats/mapped-csv.ts";
import { priceArchive } from "./formats/price-archive.ts";
import { zoneInName } from "./formats/probe-series.ts";
import { readSources, type SourceFile, type SourceLimits } from "./formats/source-file.ts";
import { parseJson } from "./formats/values.ts";
import { importArchive, type Progress } from "./import-archive.ts";
import { importOther, type OtherImport } from "./import-other.ts";
import { named } from "./named.ts";
import { isPresent, publicSetNamed, userSetFolder } from "./public-sets.ts";
import { type GapRule, iso, marketNames, mergePulls, type Pull } from "./rows.ts";
import { marketStatistics } from "./statistics.ts";
import { isTraceFile, type OpenTrace, openTraceFile, type Parsed, writeTraceFile } from "./trace-file.ts";

export type { OpenTrace } from "./trace-file.ts";

/** A trace as a study names it: a public data set, or files of the user's own (or one table file). */
export type TraceRef =
  | { readonly dataset: string; readonly root?: string | undefined }
  | ({ readonly files: readonly string[] } & ImportOptions);

export interface ImportOptions extends ReadOptions, SourceLimits {
  /** What stands where the source was not looking; hold where absent. */
  readonly gap?: GapRule;
}

/** When AWS took bids out of spot prices. */
const BID_ERA_ENDED_S = Date.UTC(2017, 10, 29) / 1000;
/** A change here changes what the same bytes come to: part of every key. */
const IMPORTER = "4";

/**
 * Opens a trace, from the cache of parsed traces where the same bytes were read before.
 * @throws TraceError with the remedy: an unknown data set, a folder that was not named, a file that is missing or spoilt.
 */
export async function openStudyTrace(ref: TraceRef, cacheFolder?: string): Promise<OpenTrace> {
  const opened = await importAny(ref, cacheFolder);
  if (!("kind" in opened)) return opened;
  throw new TraceError(
    `${(ref as { files: readonly string[] }).files[0]}: holds ${opened.kind}; a trace needs prices or capacity`,
  );
}

/** The same for whatever files hold: requests and reclaim rates as well. @throws TraceError */
export async function importAny(
  ref: TraceRef,
  cacheFolder = ".cache/traces",
  progress: Progress = () => {},
): Promise<OpenTrace | OtherImport> {
  if ("files" in ref && ref.files.some(isTraceFile)) return ofProduct(openTraceFile(onlyOne(ref.files)), ref.product);
  const set = "dataset" in ref ? named("data set", dataSets, ref.dataset) : undefined;
  const options: ImportOptions = "dataset" in ref ? statedBy(set!) : ref;
  // Whoever maps columns means a CSV.
  const isArchive = (file: Pick<SourceFile, "head" | "text">) =>
    options.map === undefined && priceArchive.matches(file);
  const files = await readSources("dataset" in ref ? pathsOf(set!, ref.root) : ref.files, isArchive, options);
  try {
    const noMarkets = await importOther(files, options);
    if (noMarkets !== undefined) return noMarkets;
    const { polarity, instanceType, zone, product, usdPerHour, tz, gap, map, timeUnit } = options;
    const digest = sha256([
      IMPORTER,
      {
        set: set?.name,
        lastHoldsS: set?.lastHoldsS,
        polarity,
        instanceType,
        zone,
        product,
        usdPerHour,
        tz,
        gap,
        map,
        timeUnit,
      },
      ...files.map((file) => [zoneInName(file), file.sha256]),
    ]);
    const cached = join(cacheFolder, `${digest}.trace`);
    try {
      return openTraceFile(cached);
    } catch (error) {
      // Not there, partial, or of another version: as good as none.
      if (!(error instanceof TraceError)) throw error;
    }
    if (files.some(isArchive)) {
      const other = files.find((file) => !isArchive(file));
      if (other !== undefined) {
        throw new TraceError(`${other.path}: not of the price archive as the others are; import those apart`);
      }
      return await stored(cacheFolder, cached, (path) => importArchive(files, options, digest, path, progress));
    }
    const reads = await readAll(files, options);
    const format = set === undefined ? formatsOf(reads) : `data set ${set.name} (${publicSetNamed(set.set).licence})`;
    const parsed = build(digest, files, format, reads, options, set?.lastHoldsS);
    return await stored(cacheFolder, cached, (path) => writeTraceFile(path, parsed));
  } finally {
    for (const file of files) file.dispose();
  }
}

/** A folder that cannot be written costs an import the next time, no more. */
async function stored(folder: string, path: string, write: (path: string) => Promise<void> | void): Promise<OpenTrace> {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
  } catch {
    const own = join(tmpdir(), `synkti-${randomBytes(8).toString("hex")}.trace`);
    process.once("exit", () => rmSync(own, { force: true }));
    await write(own);
    return openTraceFile(own);
  }
  await write(path);
  return openTraceFile(path);
}

function ofProduct(trace: OpenTrace, product: string | undefined): OpenTrace {
  if (product === undefined) return trace;
  const { path, digest, report, endS } = trace;
  return {
    path,
    digest,
    report,
    endS,
    markets: (filter) => trace.markets({ ...filter, product }).filter((market) => takesPart(market, { product })),
    window: (fromS, lengthS, filter) => trace.window(fromS, lengthS, { ...filter, product }),
  };
}

function onlyOne(files: readonly string[]): string {
  if (files.length === 1) return files[0]!;
  throw new TraceError(`${files.find(isTraceFile)}: a table file is a whole trace; name it alone`);
}

const statedBy = ({ instanceType, zone, usdPerHour }: DataSet): ImportOptions => ({
  instanceType,
  ...(zone !== undefined && { zone }),
  ...(usdPerHour !== undefined && { usdPerHour }),
});

/** In the user's cache where `root` does not say otherwise. */
function pathsOf(set: DataSet, root = userSetFolder(set.set)): string[] {
  const paths = set.files.map((path) => join(root, path));
  if (root === userSetFolder(set.set) && !isPresent(publicSetNamed(set.set), root)) {
    throw new TraceError(
      `data set ${set.name} does not come with the workbench: npm run traces -- fetch ${set.set}, or say where a copy lies: --set traces.root=FOLDER of a study, --root FOLDER of traces -- import`,
    );
  }
  if (root !== userSetFolder(set.set) && !paths.some((path) => existsSync(path))) {
    throw new TraceError(
      `${root}: holds nothing of the data set ${set.name}; name the folder in which ${set.files.at(-1)} lies, or get it: npm run traces -- fetch ${set.set}`,
    );
  }
  return paths;
}

interface FileRead extends FormatRead {
  readonly format: string;
}

async function readAll(files: readonly SourceFile[], options: ReadOptions): Promise<FileRead[]> {
  const formats = files.map((file) => formatOf(file, options));
  checkFolders(files, formats);
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
  return reads;
}

function formatOf(file: SourceFile, { map }: ReadOptions): TraceFormat {
  const format = map === undefined ? traceFormats.find((each) => each.matches(file)) : mappedCsv; // whoever maps means it
  if (format !== undefined) return format;
  if (/^\s*[{[]/.test(file.text)) parseJson(file); // half a file may lack what it is known by
  const known = [priceArchive, ...traceFormats].map((each) => each.source).join("; ");
  throw new TraceError(`${file.path}: no known trace format; known are: ${known}`);
}

/** A folder of several formats is mostly one that holds something else as well; files that are named are meant. */
function checkFolders(files: readonly SourceFile[], formats: readonly TraceFormat[]): void {
  for (const [i, file] of files.entries()) {
    const first = files.findIndex(({ folder }) => folder !== undefined && folder === file.folder);
    if (first === -1 || formats[i] === formats[first]) continue;
    if (formats[i]!.besides?.includes(formats[first]!.name) || formats[first]!.besides?.includes(formats[i]!.name))
      continue;
    throw new TraceError(
      `${file.folder}: holds ${formats[first]!.name} (${files[first]!.name}) and ${formats[i]!.name} (${file.name}); name the files that belong together`,
    );
  }
}

const formatsOf = (reads: readonly FileRead[]): string => [...new Set(reads.map(({ format }) => format))].join(", ");

function build(
  digest: string,
  files: readonly SourceFile[],
  format: string,
  reads: readonly FormatRead[],
  { usdPerHour, gap = "hold" }: ImportOptions,
  lastHoldsS = 0,
): Parsed {
  const pulls = reads.flatMap((read) => read.pulls);
  const merged = mergePulls(pulls, { usdPerHour, gap });
  const table = tableFromSeries(merged.series, { digest, endS: merged.endS + lastHoldsS });
  const left = reads.flatMap((read) => read.dropped);
  const inPulls = pulls.reduce((sum, { timesS }) => sum + timesS.length, 0);
  const dropped = [...left, ...merged.dropped];
  const rowsRead = inPulls + left.reduce((sum, { rows }) => sum + rows, 0);
  const gone = dropped.reduce((sum, { rows }) => sum + rows, 0);
  const { collapsed, contradicted, gaps } = merged;
  const stated = usdPerHour === undefined ? [] : [`usdPerHour: ${usdPerHour} stands for every market without prices`];
  const nameOf = marketNames(table.markets);
  const old =
    merged.startS !== undefined && merged.startS < BID_ERA_ENDED_S && pulls.some(({ kind }) => kind === "price");
  const era = old
    ? ["prices before November 2017 are of the bid era: users outbid one another, no rule for today"]
    : [];
  return {
    table,
    report: {
      format,
      files: files.map(({ name, bytes, sha256: digestOfFile }) => ({ name, bytes, sha256: digestOfFile })),
      rowsRead,
      kept: rowsRead - gone - collapsed - merged.merged - contradicted,
      collapsed,
      merged: merged.merged,
      dropped,
      contradictions: contradicted,
      gaps: { count: gaps, rule: gap },
      warnings: [...new Set([...stated, ...era, ...reads.flatMap((read) => read.warnings), ...merged.warnings])],
      startsAt: merged.startS === undefined ? "an unknown time, the source has no stamps" : iso(merged.startS),
      hours: table.endS / HOUR_S,
      markets: merged.series.map(({ market }, m) => {
        const { priceChanges, capacityChanges, meanUsdPerHour, availability } = marketStatistics(table, m);
        const { fromS, toS } = merged.spans[m]!;
        return {
          name: nameOf(market),
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
