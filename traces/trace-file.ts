import { randomBytes } from "node:crypto";
import {
  closeSync,
  constants,
  copyFileSync,
  fstatSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { crc32 } from "node:zlib";
import { HOUR_S, type Seconds } from "../policies/contract/units.ts";
import {
  checkWindow,
  chosenFrom,
  type MarketSeries,
  missingName,
  type StepList,
  seriesOf,
  stretch,
  TraceError,
  tableFromSeries,
} from "./columns.ts";
import type { ImportReport } from "./import-report.ts";
import type { Depth, MarketFilter, TraceMarket, TraceTable } from "./trace-table.ts";
import { writeWhole, writing } from "./write-whole.ts";

/** A trace ready to be replayed. */
export interface OpenTrace {
  /** Where its table file lies. */
  readonly path: string;
  /** Over the source bytes and what was said about them. */
  readonly digest: string;
  readonly report: ImportReport;
  /**
   * The markets of the filter's instance types, read without the others; all there are where a name of it is no market's, so
   * that the error knows them.
   */
  markets(filter?: MarketFilter): readonly TraceMarket[];
  readonly endS: Seconds;
  /**
   * The stretch [fromS, fromS + lengthS) of the markets that the filter leaves; time 0 is its start.
   * @throws TraceError when the trace is shorter, when no market is left, or several products are.
   */
  window(fromS: Seconds, lengthS: Seconds, filter?: MarketFilter): TraceTable;
}

/** A trace and what its import came to. */
export interface Parsed {
  readonly table: TraceTable;
  readonly report: ImportReport;
}

/*
 * A table file, little-endian:
 *
 *     magic 12 bytes | u32 version | f64 where the index starts | u32 its bytes | u32 its CRC-32
 *     columns        each a directory (f64 first time, u32 CRC-32 of the block; a row per block), then its blocks
 *     groups         JSON: markets of one instance type, each with where its columns are
 *     directory      a line per group: instance type in JSON, where it is, its bytes, its CRC-32, between tabs
 *     index          JSON: digest, end, report, and where the directory is
 *
 * A window reads the index, the groups of the types it names, and of their columns the blocks of its time: what it costs does
 * not depend on how much else the file holds.
 * A block holds up to 4,096 steps and stands alone: times as u32 seconds since the step before (the first since the block's
 * first time), then values as u32: micro-dollars, or counts. A column with a time that is no whole second, or a value finer or
 * larger than that, holds doubles instead: nothing is rounded. Prefix sums are built when a window is opened.
 */
const MAGIC = "SYNKTI-TRACE";
const VERSION = 5;
const HEAD_BYTES = 32;
const BLOCK_STEPS = 4096;
const ROW_BYTES = 12;

type Coding = "micro-dollars" | "counts" | "doubles";
const unit = { "micro-dollars": 1e6, counts: 1 } as const;

interface Column {
  readonly at: number;
  readonly steps: number;
  readonly coding: Coding;
  readonly directoryCrc: number;
}

interface Entry {
  readonly market: TraceMarket;
  /** Its first row, where that is after time 0: nothing is known of it before. */
  readonly beginsS?: Seconds;
  readonly depth: Depth;
  readonly gapS: Seconds;
  readonly price: Column;
  readonly capacity?: Column;
}

interface Part {
  readonly at: number;
  readonly bytes: number;
  readonly crc: number;
}

interface Index {
  readonly digest: string;
  readonly endS: Seconds;
  readonly report: ImportReport;
  readonly directory: Part;
}

/** A table file: how each market's prices are stored, beside what every trace has. */
export interface TraceFile extends OpenTrace {
  readonly codings: readonly Coding[];
}

/**
 * Opens a table file by its index; a window then reads the blocks of its markets and times only.
 * @throws TraceError for a file that is none, is cut short, damaged, or of another version.
 */
export function openTraceFile(path: string): TraceFile {
  const { digest, endS, report, directory } = reading(path, (file) => readIndex(file, path));
  const entriesOf = (types: readonly string[] | undefined) =>
    reading(path, (file) =>
      groupsIn(readPart(file, path, directory), types).flatMap(
        (part) => JSON.parse(readPart(file, path, part).toString("utf8")) as Entry[],
      ),
    );
  const knownTo = (filter: MarketFilter) => {
    const entries = entriesOf(filter.instanceTypes);
    return missingName(entries, filter) === undefined ? entries : entriesOf(undefined);
  };
  return {
    path,
    digest,
    report,
    endS,
    markets: (filter = {}) => knownTo(filter).map(({ market }) => market),
    get codings() {
      return entriesOf(undefined).map(({ price }) => price.coding);
    },
    window(fromS, lengthS, filter = {}) {
      checkWindow(endS, fromS, lengthS);
      const chosen = chosenFrom(knownTo(filter), filter);
      const series = reading(path, (file) =>
        chosen.map(({ market, beginsS, depth, gapS, price, capacity }): MarketSeries => {
          if (beginsS !== undefined && beginsS > fromS) throw tooEarly(market, beginsS, fromS);
          const steps = (column: Column) =>
            stretch(readColumn(file, path, column, fromS, fromS + lengthS), fromS, lengthS);
          const prices = steps(price);
          const counts = capacity && steps(capacity);
          return {
            market,
            price: { timesS: prices.timesS, usdPerHour: prices.values },
            ...(counts && { capacity: { timesS: counts.timesS, counts: counts.values } }),
            depth,
            gapS,
          };
        }),
      );
      return tableFromSeries(series, { digest, endS: lengthS });
    },
  };
}

const tooEarly = ({ instanceType, zone }: TraceMarket, beginsS: Seconds, fromS: Seconds) =>
  new TraceError(
    `${instanceType} ${zone}: its first row is at ${(beginsS / HOUR_S).toFixed(2)} h, the window begins at ${(fromS / HOUR_S).toFixed(2)} h; leave it out under markets, or begin later`,
  );

/** By its first bytes; false for what cannot be read. */
export function isTraceFile(path: string): boolean {
  try {
    return reading(path, (file) => readExactly(file, path, 0, MAGIC.length).toString("latin1") === MAGIC);
  } catch {
    return false;
  }
}

/**
 * Writes a table file beside its name and renames it, so that a partial one is never found under that name.
 * @throws TraceError when the folder is not there or cannot be written.
 */
export function writeTraceFile(path: string, { table, report }: Parsed): void {
  const writer = new TraceFileWriter(path);
  try {
    for (const series of seriesOf(table)) writer.add(series);
    writer.finish({ digest: table.digest, endS: table.endS, report });
  } finally {
    writer.discard();
  }
}

/** Writes a table file market by market, so that none needs to be in memory as a whole. Markets of one type come together. */
export class TraceFileWriter {
  readonly #path: string;
  readonly #draft: string;
  #file: number | undefined;
  #at = HEAD_BYTES;
  #directory = "\n";
  #type = "";
  #entries: Entry[] = [];

  /** @throws TraceError when the folder is not there or cannot be written. */
  constructor(path: string) {
    this.#path = path;
    this.#draft = `${path}.${randomBytes(6).toString("hex")}`;
    this.#file = writing(path, () => openSync(this.#draft, "wx"));
  }

  /** `beginsS`: the first row, where that is after time 0. */
  add({ market, price, capacity, depth, gapS }: MarketSeries, beginsS = 0): void {
    if (market.instanceType !== this.#type) this.#endGroup();
    this.#type = market.instanceType;
    this.#entries.push({
      market,
      ...(beginsS > 0 && { beginsS }),
      depth,
      gapS,
      price: this.#column({ timesS: price.timesS, values: price.usdPerHour }, "micro-dollars"),
      ...(capacity && { capacity: this.#column({ timesS: capacity.timesS, values: capacity.counts }, "counts") }),
    });
  }

  /** Gives the file its name. Nothing can be added after. */
  finish(about: Omit<Index, "directory">): void {
    this.#endGroup();
    const directory = this.#put(Buffer.from(this.#directory, "utf8"));
    const at = this.#at;
    const index: Index = { ...about, directory };
    const { bytes, crc } = this.#put(Buffer.from(JSON.stringify(index), "utf8"));
    const head = Buffer.alloc(HEAD_BYTES);
    head.write(MAGIC, "latin1");
    head.writeUInt32LE(VERSION, 12);
    head.writeDoubleLE(at, 16);
    head.writeUInt32LE(bytes, 24);
    head.writeUInt32LE(crc, 28);
    writing(this.#path, () => {
      writeAll(this.#file!, head, 0);
      closeSync(this.#file!);
      this.#file = undefined;
      renameSync(this.#draft, this.#path);
    });
  }

  /** Removes what was written, unless it has its name. */
  discard(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
    rmSync(this.#draft, { force: true });
  }

  #column(steps: StepList, wished: Exclude<Coding, "doubles">): Column {
    const { bytes, ...column } = coded(steps, wished);
    return { ...column, at: this.#put(bytes).at };
  }

  #endGroup(): void {
    if (this.#entries.length === 0) return;
    const { at, bytes, crc } = this.#put(Buffer.from(JSON.stringify(this.#entries), "utf8"));
    this.#directory += `${[JSON.stringify(this.#type), at, bytes, crc].join("\t")}\n`;
    this.#entries = [];
  }

  #put(bytes: Uint8Array): Part {
    const at = this.#at;
    writing(this.#path, () => writeAll(this.#file!, bytes, at));
    this.#at += bytes.length;
    return { at, bytes: bytes.length, crc: crc32(bytes) };
  }
}

/** Copies a table file, by way of a draft beside the copy. @throws TraceError when it cannot be written. */
export function copyTraceFile(from: string, to: string): void {
  writeWhole(to, (draft) => copyFileSync(from, draft, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL));
}

/** Whole seconds and whole units where that loses nothing, else doubles. */
function coded(steps: StepList, wished: Exclude<Coding, "doubles">): Omit<Column, "at"> & { readonly bytes: Buffer } {
  const { timesS, values } = steps;
  const coding = fits(steps, unit[wished]) ? wished : "doubles";
  const stride = coding === "doubles" ? 16 : 8;
  const blocks = Math.ceil(timesS.length / BLOCK_STEPS);
  const bytes = Buffer.alloc(blocks * ROW_BYTES + timesS.length * stride);
  for (let block = 0; block < blocks; block++) {
    const first = block * BLOCK_STEPS;
    const length = Math.min(BLOCK_STEPS, timesS.length - first);
    const at = blocks * ROW_BYTES + first * stride;
    for (let i = 0; i < length; i++) {
      const timeS = timesS[first + i]!;
      const value = values[first + i]!;
      if (coding === "doubles") {
        bytes.writeDoubleLE(timeS, at + 8 * i);
        bytes.writeDoubleLE(value, at + 8 * (length + i));
      } else {
        bytes.writeUInt32LE(i === 0 ? 0 : timeS - timesS[first + i - 1]!, at + 4 * i);
        bytes.writeUInt32LE(Math.round(value * unit[coding]), at + 4 * (length + i));
      }
    }
    bytes.writeDoubleLE(timesS[first]!, block * ROW_BYTES);
    bytes.writeUInt32LE(crc32(bytes.subarray(at, at + length * stride)), block * ROW_BYTES + 8);
  }
  return { steps: timesS.length, coding, directoryCrc: crc32(bytes.subarray(0, blocks * ROW_BYTES)), bytes };
}

function fits({ timesS, values }: StepList, perUnit: number): boolean {
  for (let i = 0; i < timesS.length; i++) {
    const whole = Math.round(values[i]! * perUnit);
    if (!Number.isInteger(timesS[i]!) || whole / perUnit !== values[i] || whole > 0xffffffff) return false;
    if (i > 0 && timesS[i]! - timesS[i - 1]! > 0xffffffff) return false;
  }
  return true;
}

/** The blocks from the one in effect at fromS to the last that starts before toS. */
function readColumn(file: number, path: string, column: Column, fromS: Seconds, toS: Seconds): StepList {
  const { at, steps, coding } = column;
  const blocks = Math.ceil(steps / BLOCK_STEPS);
  const directory = readExactly(file, path, at, blocks * ROW_BYTES);
  if (crc32(directory) !== column.directoryCrc) throw damaged(path);
  const firstS = (block: number) => directory.readDoubleLE(block * ROW_BYTES);
  let from = 0;
  let end = blocks;
  // The last block that starts at or before fromS: everything before it is over by then.
  for (let high = blocks - 1; from < high; ) {
    const middle = (from + high + 1) >>> 1;
    if (firstS(middle) <= fromS) from = middle;
    else high = middle - 1;
  }
  for (let low = from; low < end; ) {
    const middle = (low + end) >>> 1;
    if (firstS(middle) < toS) low = middle + 1;
    else end = middle;
  }
  const stride = coding === "doubles" ? 16 : 8;
  const first = from * BLOCK_STEPS;
  const length = Math.min(end * BLOCK_STEPS, steps) - first;
  const bytes = readExactly(file, path, at + blocks * ROW_BYTES + first * stride, length * stride);
  const timesS = new Float64Array(length);
  const values = new Float64Array(length);
  for (let block = from; block < end; block++) {
    const start = (block - from) * BLOCK_STEPS;
    const inBlock = Math.min(BLOCK_STEPS, length - start);
    const part = bytes.subarray(start * stride, (start + inBlock) * stride);
    if (crc32(part) !== directory.readUInt32LE(block * ROW_BYTES + 8)) throw damaged(path);
    let timeS = firstS(block);
    for (let i = 0; i < inBlock; i++) {
      timeS = coding === "doubles" ? part.readDoubleLE(8 * i) : timeS + part.readUInt32LE(4 * i);
      timesS[start + i] = timeS;
      values[start + i] =
        coding === "doubles"
          ? part.readDoubleLE(8 * (inBlock + i))
          : part.readUInt32LE(4 * (inBlock + i)) / unit[coding];
    }
  }
  return { timesS, values };
}

function readIndex(file: number, path: string): Index {
  const size = fstatSync(file).size;
  const head = Buffer.alloc(HEAD_BYTES);
  const read = readSync(file, head, 0, HEAD_BYTES, 0);
  if (head.toString("latin1", 0, MAGIC.length) !== MAGIC) {
    throw new TraceError(`${path}: not a table file; write one with \`traces import --out\``);
  }
  const version = head.readUInt32LE(12);
  // Version 1 had text there.
  if (read < HEAD_BYTES || version !== VERSION) {
    throw new TraceError(
      `${path}: a table file of another version, this workbench reads ${VERSION}; import the source again`,
    );
  }
  const at = head.readDoubleLE(16);
  const bytes = head.readUInt32LE(24);
  if (at + bytes !== size) {
    throw new TraceError(`${path}: cut short, ${size} of ${at + bytes} bytes; import the source again`);
  }
  const text = readExactly(file, path, at, bytes);
  if (crc32(text) !== head.readUInt32LE(28)) throw damaged(path);
  return JSON.parse(text.toString("utf8")) as Index;
}

function readPart(file: number, path: string, { at, bytes, crc }: Part): Buffer {
  const part = readExactly(file, path, at, bytes);
  if (crc32(part) !== crc) throw damaged(path);
  return part;
}

/** Where the groups of these types are, all where none are named. Found by a search for the name: a month of AWS has a thousand. */
function groupsIn(directory: Buffer, types: readonly string[] | undefined): Part[] {
  const parts: Part[] = [];
  const names = types === undefined ? ["\n"] : [...new Set(types)].map((type) => `\n${JSON.stringify(type)}\t`);
  for (const name of names) {
    for (
      let from = directory.indexOf(name);
      from >= 0 && from + 1 < directory.length;
      from = directory.indexOf(name, from + 1)
    ) {
      const line = directory.toString("utf8", from + 1, directory.indexOf(10, from + 1));
      const [at, bytes, crc] = line.split("\t").slice(-3).map(Number) as [number, number, number];
      parts.push({ at, bytes, crc });
    }
  }
  return parts.sort((a, b) => a.at - b.at);
}

const damaged = (path: string) =>
  new TraceError(`${path}: damaged, a checksum does not match; delete it and import the source again`);

function reading<T>(path: string, read: (file: number) => T): T {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (error) {
    throw new TraceError(`${path}: cannot be read (${(error as NodeJS.ErrnoException).code}); check the path`);
  }
  try {
    if (!fstatSync(file).isFile()) throw new TraceError(`${path}: not a file; name the table file itself`);
    return read(file);
  } finally {
    closeSync(file);
  }
}

function readExactly(file: number, path: string, at: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let done = 0; done < length; ) {
    const read = readSync(file, bytes, done, length - done, at + done);
    if (read === 0) throw damaged(path);
    done += read;
  }
  return bytes;
}

function writeAll(file: number, bytes: Uint8Array, at: number): number {
  for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done, bytes.length - done, at + done);
  return bytes.length;
}
