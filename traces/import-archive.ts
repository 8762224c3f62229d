import { HOUR_S, type Seconds } from "../policies/contract/units.ts";
import { type MarketSeries, TraceError, tableFromSeries } from "./columns.ts";
import type { ReadOptions } from "./formats/index.ts";
import { priceArchive } from "./formats/price-archive.ts";
import type { SourceFile } from "./formats/source-file.ts";
import type { ImportReport } from "./import-report.ts";
import { iso, marketKey, marketName, mergeOne, noCounts, type Pull, warningsOf } from "./rows.ts";
import { Spill } from "./spill.ts";
import { marketStatistics } from "./statistics.ts";
import { TraceFileWriter } from "./trace-file.ts";
import type { TraceMarket } from "./trace-table.ts";

/** Told now and then, so that whoever waits knows for what. */
export type Progress = (what: { readonly doing: string; readonly rows: number; readonly share: number }) => void;

/** A report that lists more is not read; `inspect` shows any. */
const LISTED_MAX = 1000;

/**
 * Months of the price archive to a table file, in bounded memory whatever their size: rows are put aside by instance type, then
 * taken up type by type. The table begins with the first row of all; each market with its own.
 * @throws TraceError as the format does, for two pools of one name, and when nothing is left.
 */
export async function importArchive(
  files: readonly SourceFile[],
  options: ReadOptions,
  digest: string,
  path: string,
  progress: Progress,
): Promise<void> {
  const spill = new Spill(path);
  try {
    const read = await readInto(spill, files, options, progress);
    write(spill, read, files, digest, path, progress);
  } finally {
    spill.dispose();
  }
}

interface Read {
  readonly markets: readonly TraceMarket[];
  readonly rows: number;
  readonly ofOthers: number;
  readonly firstS: Seconds;
  readonly lastS: Seconds;
  readonly product: string | undefined;
}

async function readInto(
  spill: Spill,
  files: readonly SourceFile[],
  options: ReadOptions,
  progress: Progress,
): Promise<Read> {
  const markets: TraceMarket[] = [];
  const ids = new Map<string, number>();
  let [rows, ofOthers, firstS, lastS] = [0, 0, Infinity, -Infinity];
  const sink = {
    market(market: TraceMarket): number {
      const key = marketKey(market);
      const known = ids.get(key);
      if (known !== undefined) return known;
      ids.set(key, markets.push(market) - 1);
      return spill.market(market.instanceType);
    },
    add(market: number, timeS: number, microUsd: number): void {
      rows++;
      if (timeS < firstS) firstS = timeS;
      if (timeS > lastS) lastS = timeS;
      spill.add(market, timeS, microUsd);
    },
    skip(): void {
      ofOthers++;
    },
  };
  const totalBytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
  let doneBytes = 0;
  for (const file of files) {
    await priceArchive.stream(file, options, sink, () =>
      progress({ doing: "reading", rows: rows + ofOthers, share: (doneBytes + file.bytesRead()) / totalBytes }),
    );
    spill.nextFile();
    doneBytes += file.bytes;
  }
  const { product } = options;
  if (rows === 0) throw new TraceError(`no rows at all of product ${product}; check its name`);
  if (firstS === lastS) throw new TraceError("all rows are of one instant, a trace needs a beginning and an end");
  return { markets, rows, ofOthers, firstS, lastS, product };
}

function write(
  spill: Spill,
  { markets, rows, ofOthers, firstS, lastS, product }: Read,
  files: readonly SourceFile[],
  digest: string,
  path: string,
  progress: Progress,
): void {
  const counts = noCounts();
  const endS = lastS - firstS;
  const listed: ImportReport["markets"][number][] = [];
  let [done, late] = [0, 0];
  const several = new Set(markets.map((market) => market.product)).size > 1;
  const nameOf = several ? marketKey : marketName;
  const writer = new TraceFileWriter(path);
  try {
    for (const part of spill.parts()) {
      const inOrder = [...part]
        .map(([m, spilled]) => ({ market: markets[m]!, spilled, order: orderOf(markets[m]!) }))
        .sort((a, b) => (a.order < b.order ? -1 : 1));
      for (const { market, spilled } of inOrder) {
        const pulls = spilled.map(
          ({ timesS, usdPerHour: values }): Pull => ({ market, kind: "price", timesS, values, stamped: true, gapS: 0 }),
        );
        const merged = mergeOne(`${nameOf(market)}: price`, pulls, counts, "hold");
        const series: MarketSeries = {
          market,
          price: { timesS: fromStart(merged.timesS, firstS), usdPerHour: merged.values },
          depth: { kind: "unlimited", instances: 0 },
          gapS: 0,
        };
        writer.add(series, merged.firstS - firstS);
        if (merged.firstS > firstS) late++;
        if (markets.length <= LISTED_MAX) listed.push(lineOf(nameOf(market), series, merged.lastS - firstS, endS));
        done += pulls.reduce((sum, pull) => sum + pull.timesS.length, 0);
        progress({ doing: "sorting", rows: done, share: done / rows });
      }
    }
    const { collapsed, merged, contradicted, gaps } = counts;
    writer.finish({
      digest,
      endS,
      report: {
        format: priceArchive.name,
        files: files.map(({ name, bytes, sha256 }) => ({ name, bytes, sha256 })),
        rowsRead: rows + ofOthers,
        kept: rows - collapsed - merged - contradicted,
        collapsed,
        merged,
        dropped: ofOthers === 0 ? [] : [{ why: `of another product than ${product}`, rows: ofOthers }],
        contradictions: contradicted,
        gaps: { count: gaps, rule: "hold" },
        warnings: [
          ...(late === 0
            ? []
            : [`${late} of ${markets.length} markets begin later than the table: a window before is refused`]),
          ...(listed.length < markets.length ? [`${markets.length} markets: not listed one by one`] : []),
          ...warningsOf(counts, "hold"),
        ],
        startsAt: iso(firstS),
        hours: endS / HOUR_S,
        markets: listed,
      },
    });
  } finally {
    writer.discard();
  }
}

/** In place: a copy of every list was a tenth of the import. */
function fromStart(timesS: number[], startS: Seconds): number[] {
  for (let i = 0; i < timesS.length; i++) timesS[i]! -= startS;
  return timesS;
}

/** Markets of one type lie together, and always in the same order. */
const orderOf = ({ instanceType, zone, product }: TraceMarket): string => `${instanceType}\t${zone}\t${product}`;

function lineOf(name: string, { price, ...about }: MarketSeries, lastS: Seconds, endS: Seconds) {
  const firstS = price.timesS[0]!;
  const timesS = Array.from(price.timesS, (timeS) => timeS - firstS);
  const own = { ...about, price: { timesS, usdPerHour: price.usdPerHour } };
  const table = endS > firstS ? tableFromSeries([own], { digest: "", endS: endS - firstS }) : undefined;
  const { priceChanges, meanUsdPerHour } = table
    ? marketStatistics(table, 0)
    : { priceChanges: 0, meanUsdPerHour: null };
  return {
    name,
    fromH: firstS / HOUR_S,
    toH: lastS / HOUR_S,
    priceChanges,
    meanUsdPerHour,
    capacityChanges: 0,
    availability: null,
  };
}
