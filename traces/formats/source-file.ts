import { isUtf8 } from "node:buffer";
import { createHash, randomBytes } from "node:crypto";
import {
  closeSync,
  createReadStream,
  createWriteStream,
  openSync,
  readdirSync,
  readSync,
  realpathSync,
  rmSync,
  type Stats,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { TraceError } from "../columns.ts";
import { bytesOf } from "./compressed.ts";

/** A file as formats see it: unpacked, decoded, and known to be text. */
export interface SourceFile {
  /** As the user named it; `stdin` for standard input. */
  readonly path: string;
  /** What reports and warnings call it: its name, with its folder's where files of one import share names. */
  readonly name: string;
  /** The folder that was named in its place. */
  readonly folder: string | undefined;
  /** Its first 64 KiB. */
  readonly head: string;
  /** All of it; of a file that is read in a stream the head only. */
  readonly text: string;
  /** As it lies there, packed or not. */
  readonly bytes: number;
  /** Of those bytes. */
  readonly sha256: string;
  /** Its bytes, unpacked, from the beginning. @throws TraceError where they are damaged, or more than allowed. */
  chunks(): AsyncGenerator<Buffer>;
  /** How much of `bytes` its chunks have come to. */
  bytesRead(): number;
  /** Removes what was stored while reading standard input. */
  dispose(): void;
}

export interface SourceLimits {
  /** Unpacked, of one file. */
  readonly maxBytes?: number | undefined;
}

/** What the command line makes of `-`, which its parser drops. */
export const STDIN = "stdin:";
/** Four times the largest month of the price archive. */
const BYTES_MAX = 16 * 2 ** 30;
/** Of a file that is read whole: what a JavaScript string can hold. */
const WHOLE_BYTES_MAX = 0x1fff_ffe8;
const HEAD_BYTES = 1 << 16;

/**
 * Files and folders, with whatever lies in these, in the order of their names.
 * @throws TraceError when one is missing, empty, no text, too large, or the pointer of a file that was never fetched.
 */
export async function readSources(
  paths: readonly string[],
  isStreamed: (file: Pick<SourceFile, "head" | "text">) => boolean,
  limits: SourceLimits = {},
): Promise<SourceFile[]> {
  const files = paths.flatMap((path) =>
    filesIn(path, []).map((each) => ({ path: each, folder: each === path ? undefined : path })),
  );
  const names = files.map(({ path }) => basename(path));
  const seen = new Set<string>();
  const shared = new Set(names.filter((name) => seen.size === seen.add(name).size));
  const read: SourceFile[] = [];
  try {
    for (const [i, { path, folder }] of files.entries()) {
      const own = names[i]!;
      const name = path === STDIN ? "stdin" : shared.has(own) ? join(basename(dirname(resolve(path))), own) : own;
      read.push({ ...(await readSource(path, name, isStreamed, limits.maxBytes ?? BYTES_MAX)), folder });
    }
    return read;
  } catch (error) {
    for (const file of read) file.dispose();
    throw error;
  }
}

/** A folder stands for the files in it, hidden ones apart. `above`: the real folders it lies in. */
function filesIn(path: string, above: readonly string[]): string[] {
  if (path === STDIN || !readable(path, statOf).isDirectory()) return [path];
  const real = readable(path, (folder) => realpathSync(folder));
  if (above.includes(real)) {
    throw new TraceError(`${path}: a symbolic link back to ${real}, which it lies in; name the files themselves`);
  }
  const names = readable(path, (folder) => readdirSync(folder))
    .filter((name) => !name.startsWith("."))
    .sort();
  const files = names.flatMap((name) => filesIn(join(path, name), [...above, real]));
  if (files.length === 0) throw new TraceError(`${path}: a folder without files; name the files themselves`);
  return files;
}

const statOf = (path: string): Stats => statSync(path);

function readable<T>(path: string, read: (path: string) => T): T {
  try {
    return read(path);
  } catch (error) {
    throw unreadable(path, error);
  }
}

const unreadable = (path: string, error: unknown) => {
  const { code } = error as NodeJS.ErrnoException;
  const remedy =
    code === "ELOOP"
      ? "its symbolic links go in a circle, name the file itself"
      : "check the path; of a data set, the folder after --set traces.root= or --root";
  return new TraceError(`${path}: cannot be read (${code}); ${remedy}`);
};

async function readSource(
  given: string,
  name: string,
  isStreamed: (file: Pick<SourceFile, "head" | "text">) => boolean,
  maxBytes: number,
): Promise<Omit<SourceFile, "folder">> {
  const spooled = given === STDIN || !readable(given, statOf).isFile();
  const path = spooled ? await spool(given, maxBytes) : given;
  const shown = given === STDIN ? "stdin" : given;
  const dispose = () => {
    if (spooled) rmSync(path, { force: true });
  };
  try {
    const { size } = readable(path, statOf);
    if (size === 0) {
      throw new TraceError(
        `${shown}: the file is empty; the download failed, an empty history would hold an empty list`,
      );
    }
    const magic = firstBytes(path, 4);
    const seen = { bytes: 0 };
    const chunks = () => renamed(bytesOf(path, magic, maxBytes, seen), path, shown);
    const parts: Buffer[] = [];
    let length = 0;
    let head: string | undefined;
    for await (const chunk of chunks()) {
      parts.push(chunk);
      length += chunk.length;
      if (head === undefined && length >= HEAD_BYTES) {
        head = headOf(Buffer.concat(parts), shown);
        if (isStreamed({ head, text: head })) break;
      }
      if (length > WHOLE_BYTES_MAX) {
        throw new TraceError(
          `${shown}: more than ${WHOLE_BYTES_MAX} bytes once unpacked, too large to be read whole; only the price archive's form may be longer: split it, by market or month`,
        );
      }
    }
    const all = Buffer.concat(parts);
    parts.length = 0;
    head ??= headOf(all, shown);
    return {
      path: shown,
      name,
      head,
      text: isStreamed({ head, text: head }) ? head : decoded(all, shown),
      bytes: size,
      sha256: await sha256Of(path),
      chunks,
      bytesRead: () => seen.bytes,
      dispose,
    };
  } catch (error) {
    dispose();
    throw error;
  }
}

/** Stores what comes through a pipe, since it is read twice: for its digest, and for what it holds. */
async function spool(given: string, maxBytes: number): Promise<string> {
  const path = join(tmpdir(), `traces-${randomBytes(8).toString("hex")}`);
  let total = 0;
  const bounded = async function* (chunks: AsyncIterable<Buffer>) {
    for await (const chunk of chunks) {
      total += chunk.length;
      if (total > maxBytes) {
        throw new TraceError(
          `${given}: more than ${maxBytes} bytes; if that is meant, import it with a larger --max-bytes`,
        );
      }
      yield chunk;
    }
  };
  try {
    await pipeline(
      given === STDIN ? process.stdin : createReadStream(given),
      bounded,
      createWriteStream(path, { flags: "wx" }),
    );
    return path;
  } catch (error) {
    rmSync(path, { force: true });
    throw error instanceof TraceError ? error : unreadable(given, error);
  }
}

/** Errors call a stored pipe by the name that the user knows. */
async function* renamed(chunks: AsyncGenerator<Buffer>, path: string, shown: string): AsyncGenerator<Buffer> {
  try {
    yield* chunks;
  } catch (error) {
    throw error instanceof TraceError ? new TraceError(error.message.replace(path, shown)) : error;
  }
}

function firstBytes(path: string, count: number): Buffer {
  const file = readable(path, (name) => openSync(name, "r"));
  try {
    const bytes = Buffer.alloc(count);
    return bytes.subarray(0, readSync(file, bytes, 0, count, 0));
  } finally {
    closeSync(file);
  }
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

/** What users name instead of the data in it, by its first bytes (a tar archive: by its 257th). */
const wrappings: readonly (readonly [magic: string, what: string])[] = [
  ["version https://git-lfs", "a Git LFS pointer, not the data; fetch the file itself (git lfs pull)"],
  ["PK", "a zip archive (or a spreadsheet); unpack it, or export it as CSV, and name that file"],
  ["PAR1", "a Parquet file; export it as CSV and name that file"],
  ["SYNKTI-TRACE", "a table file in a wrapping; unpack it and name it alone"],
];

function headOf(bytes: Buffer, path: string): string {
  const text = bytes.toString("latin1", 0, 1024);
  const wrapping = wrappings.find(([magic]) => text.startsWith(magic))?.[1];
  if (wrapping !== undefined) throw new TraceError(`${path}: this is ${wrapping}`);
  if (text.startsWith("ustar", 257)) {
    throw new TraceError(`${path}: this is a tar archive; unpack it and name the files in it`);
  }
  if (!isUtf16(bytes) && bytes.subarray(0, HEAD_BYTES).includes(0)) {
    throw new TraceError(`${path}: binary data, not text; is this the right file?`);
  }
  return decode(bytes.subarray(0, HEAD_BYTES));
}

function decoded(bytes: Buffer, path: string): string {
  if (isUtf16(bytes) || isUtf8(bytes)) return decode(bytes);
  throw new TraceError(
    `${path}: neither UTF-8 nor UTF-16 text; is this the right file? Otherwise convert it: iconv -t UTF-8`,
  );
}

/** A redirect in PowerShell writes UTF-16. */
const isUtf16 = (bytes: Buffer) => bytes[0] === 0xff && bytes[1] === 0xfe;
const decode = (bytes: Buffer) => bytes.toString(isUtf16(bytes) ? "utf16le" : "utf8").replace(/^\uFEFF/, "");
