import { createHash } from "node:crypto";
import { join } from "node:path";
import { nearestName } from "../policies/contract/nearest.ts";
import { HOUR_S, type Seconds } from "../policies/contract/units.ts";
import { type Parsed, readParsed, writeParsed } from "./cache.ts";
import { TraceError, tableFromSeries, windowOf } from "./columns.ts";
import { type DataSet, dataSets } from "./datasets.ts";
import { type FormatRead, type ReadOptions, traceFormats } from "./formats/index.ts";
import { readAvailabilityCsv, readTickPrices } from "./formats/skynomad-csv.ts";
import { readSource, type SourceFile } from "./formats/source-file.ts";
import type { ImportReport } from "./import-report.ts";
import { iso, marketKey, mergePulls } from "./rows.ts";
import type { TraceMarket, TraceTable } from "./trace-table.ts";

/** A trace as a study names it: a public data set, or files of the user's own. */
export type TraceRef =
  | { readonly dataset: string; readonly root?: string | undefined }
  | ({ readonly files: readonly string[] } & ReadOptions);

/** A trace ready to be replayed. */
export interface OpenTrace {
  /** Over the source bytes and what was said about them. */
  readonly digest: string;
  readonly report: ImportReport;
  readonly markets: readonly TraceMarket[];
  readonly endS: Seconds;
  /** @throws TraceError when the trace is shorter than the window. */
  window(fromS: Seconds, lengthS: Seconds, keep?: (market: TraceMarket) => boolean): TraceTable;
}

/** A change here changes what the same bytes come to: part of every key. */
const IMPORTER = "1";

/**
 * Opens a trace, from the cache of parsed traces where the same bytes were read before.
 * @throws TraceError with the remedy: an unknown data set, a folder that was not named, a file that is missing or spoilt.
 */
export async function openStudyTrace(ref: TraceRef, cacheFolder = ".cache/traces"): Promise<OpenTrace> {
  const set = "dataset" in ref ? dataSetOf(ref.dataset) : undefined;
  const files = ("dataset" in ref ? pathsOf(set!, ref.root) : ref.files).map(readSource);
  const options: ReadOptions = "dataset" in ref ? { instanceType: set!.instanceType, polarity: "available" } : ref;
  const { polarity, instanceType, zone } = options;
  const digest = sha256([IMPORTER, set?.name, polarity, instanceType, zone, ...files.map((file) => file.sha256)]);
  let parsed = readParsed(join(cacheFolder, `${digest}.trace`));
  if (parsed === undefined) {
    parsed = build(digest, files, await readAll(files, set, options));
    writeParsed(cacheFolder, digest, parsed);
  }
  const { table, report } = parsed;
  return {
    digest,
    report,
    markets: table.markets,
    endS: table.endS,
    window: (fromS, lengthS, keep) => windowOf(table, fromS, lengthS, keep),
  };
}

function dataSetOf(name: string): DataSet {
  const set = dataSets.find((each) => each.name === name);
  if (set !== undefined) return set;
  const names = dataSets.map((each) => each.name);
  throw new TraceError(`no data set is called "${name}"; did you mean "${nearestName(name, names)}"?`);
}

function pathsOf(set: DataSet, root: string | undefined): string[] {
  if (root === undefined) {
    throw new TraceError(
      `data set ${set.name} does not come with the workbench; fetch ${set.repository} at ${set.commit.slice(0, 7)} and say where it lies: --set traces.root=FOLDER`,
    );
  }
  return [...set.availability, set.prices].map((path) => join(root, path));
}

async function readAll(
  files: readonly SourceFile[],
  set: DataSet | undefined,
  options: ReadOptions,
): Promise<{ readonly format: string; readonly reads: readonly FormatRead[] }> {
  if (set !== undefined) {
    const ticks: FormatRead[] = [];
    for (const file of files.slice(0, -1)) ticks.push(await readAvailabilityCsv(file, options));
    const prices = readTickPrices(
      files.at(-1)!,
      ticks.flatMap(({ pulls }) => pulls),
    );
    return { format: `data set ${set.name} (${set.licence})`, reads: [...ticks, prices] };
  }
  const formats = files.map((file) => {
    const format = traceFormats.find((each) => each.matches(file));
    if (format === undefined) {
      const known = traceFormats.map((each) => each.source).join("; ");
      throw new TraceError(`${file.path}: no known trace format; known are: ${known}`);
    }
    return format;
  });
  const names = [...new Set(formats.map((each) => each.name))];
  if (names.length > 1) throw new TraceError(`${names.join(" and ")} in one import; import them apart`);
  return { format: names[0]!, reads: formats.map((format, i) => format.read(files[i]!, options)) };
}

function build(
  digest: string,
  files: readonly SourceFile[],
  { format, reads }: { readonly format: string; readonly reads: readonly FormatRead[] },
): Parsed {
  const gapS = Math.max(0, ...reads.map((read) => read.gapS));
  const merged = mergePulls(
    reads.flatMap((read) => read.pulls),
    { kind: "observed", instances: 1 },
    gapS,
  );
  const table = tableFromSeries(merged.series, { digest, endS: merged.endS });
  const rowsRead = reads.reduce((sum, read) => sum + read.rows, 0);
  const kept = rowsRead - merged.collapsed - merged.merged - merged.contradictions;
  return {
    table,
    report: {
      format,
      files: files.map(({ name, bytes, sha256: digestOfFile }) => ({ name, bytes, sha256: digestOfFile })),
      rowsRead,
      kept,
      collapsed: merged.collapsed,
      merged: merged.merged,
      dropped: [],
      contradictions: merged.contradictions,
      warnings: reads.flatMap((read) => read.warnings),
      startsAt: iso(merged.startS),
      hours: merged.endS / HOUR_S,
      markets: merged.series.map((series, m) => ({
        name: marketKey(series.market),
        priceChanges: series.price.timesS.length - 1,
        meanUsdPerHour: (table.costUsd(m, 0, table.endS) / table.endS) * HOUR_S,
        capacityChanges: series.capacity === undefined ? 0 : series.capacity.timesS.length - 1,
        availability: series.capacity === undefined ? null : availabilityOf(table, m),
      })),
    },
  };
}

/** Share of time with at least one instance obtainable. */
export function availabilityOf(table: TraceTable, market: number): number {
  let upS = 0;
  for (let timeS = 0; timeS < table.endS; ) {
    const nextS = Math.min(table.endS, table.nextCapacityChangeS(market, timeS));
    if (table.capacityAt(market, timeS) > 0) upS += nextS - timeS;
    timeS = nextS;
  }
  return upS / table.endS;
}

const sha256 = (parts: readonly unknown[]): string => createHash("sha256").update(JSON.stringify(parts)).digest("hex");
