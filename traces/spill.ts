import { randomBytes } from "node:crypto";
import { closeSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { TraceError } from "./columns.ts";

/** market, seconds since 1970, micro-dollars. */
const FIELDS = 3;
/** Of each part in memory: 256 parts x 4,096 rows x 12 bytes are 12 MiB. */
const ROWS = 4096;
const PARTS = 256;

/** A run of rows of one part and one file, where they were put aside. */
interface Run {
  readonly at: number;
  readonly rows: number;
  readonly file: number;
}

/** Prices of one market, in the order of one file. */
export interface FilePull {
  readonly file: number;
  readonly timesS: number[];
  readonly usdPerHour: number[];
}

/**
 * Rows of prices that are too many for memory: put aside on disk in parts, a part holding all rows of its markets, so that they
 * can be taken up again a part at a time.
 */
export class Spill {
  readonly #path: string;
  readonly #disk: number;
  #end = 0;
  #file = 0;
  readonly #partOf: number[] = []; // [market]
  readonly #buffers = Array.from({ length: PARTS }, () => new Uint32Array(FIELDS * ROWS));
  readonly #used = new Uint32Array(PARTS); // [part] fields
  readonly #runs: Run[][] = Array.from({ length: PARTS }, () => []);

  /** `besides`: a path on the disk that is to hold the rows. @throws TraceError when it cannot be written. */
  constructor(besides: string) {
    this.#path = `${besides}.${randomBytes(6).toString("hex")}.rows`;
    this.#disk = this.#try(() => openSync(this.#path, "wx+"));
    // Where the system allows it the file has no name from now on: whatever happens, nothing is left behind.
    if (process.platform !== "win32") rmSync(this.#path);
  }

  /** A number for a market whose rows lie with those of the same key. */
  market(key: string): number {
    let hash = 0;
    for (let i = 0; i < key.length; i++) hash = (Math.imul(hash, 31) + key.charCodeAt(i)) | 0;
    return this.#partOf.push((hash >>> 0) % PARTS) - 1;
  }

  add(market: number, timeS: number, microUsd: number): void {
    const part = this.#partOf[market]!;
    const buffer = this.#buffers[part]!;
    const at = this.#used[part]!;
    buffer[at] = market;
    buffer[at + 1] = timeS;
    buffer[at + 2] = microUsd;
    this.#used[part] = at + FIELDS;
    if (at + FIELDS === buffer.length) this.#flush(part);
  }

  /** What comes from here on is of another file. */
  nextFile(): void {
    for (let part = 0; part < PARTS; part++) this.#flush(part);
    this.#file++;
  }

  /** Part by part: the markets in it, each with a pull for every file that has rows of it. */
  *parts(): Generator<Map<number, FilePull[]>> {
    this.nextFile();
    for (const runs of this.#runs) {
      const markets = new Map<number, FilePull[]>();
      for (const { at, rows, file } of runs) {
        const run = this.#read(at, rows);
        for (let i = 0; i < run.length; i += FIELDS) {
          const market = run[i]!;
          let pulls = markets.get(market);
          if (pulls === undefined) {
            pulls = [];
            markets.set(market, pulls);
          }
          let pull = pulls.at(-1);
          if (pull?.file !== file) {
            pull = { file, timesS: [], usdPerHour: [] };
            pulls.push(pull);
          }
          pull.timesS.push(run[i + 1]!);
          pull.usdPerHour.push(run[i + 2]! / 1e6);
        }
      }
      yield markets;
    }
  }

  dispose(): void {
    closeSync(this.#disk);
    rmSync(this.#path, { force: true });
  }

  #flush(part: number): void {
    const used = this.#used[part]!;
    if (used === 0) return;
    const bytes = new Uint8Array(this.#buffers[part]!.buffer, 0, 4 * used);
    this.#try(() => {
      for (let done = 0; done < bytes.length; ) {
        done += writeSync(this.#disk, bytes, done, bytes.length - done, this.#end + done);
      }
    });
    this.#runs[part]!.push({ at: this.#end, rows: used / FIELDS, file: this.#file });
    this.#end += bytes.length;
    this.#used[part] = 0;
  }

  #read(at: number, rows: number): Uint32Array {
    const run = new Uint32Array(FIELDS * rows);
    const bytes = new Uint8Array(run.buffer);
    for (let done = 0; done < bytes.length; ) {
      const read = readSync(this.#disk, bytes, done, bytes.length - done, at + done);
      if (read === 0) throw new TraceError(`${this.#path}: rows that were put aside are gone; import again`);
      done += read;
    }
    return run;
  }

  #try<T>(write: () => T): T {
    try {
      return write();
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === undefined) throw error;
      throw new TraceError(`${this.#path}: cannot be written (${code}); free space there, or use another folder`);
    }
  }
}
