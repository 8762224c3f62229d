import { isUtf8 } from "node:buffer";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, open, readFile, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import type { Seconds } from "../policies/contract/units.ts";
import type { Journal } from "./ports.ts";
import { JOURNAL_FORMAT, type JournalEntry, parseEntry } from "./records.ts";

/** A journal that cannot be read or written: names the file, the line, what is wrong, and what helps. */
export class JournalError extends Error {
  override readonly name = "JournalError";
}

/** An entry with its place in the journal, counted from 0. */
export interface JournalRecord {
  readonly seq: number;
  readonly entry: JournalEntry;
}

const BEFORE_THE_FIRST = "0".repeat(64);

/**
 * Entries as lines of a journal: one JSON object each, with its number and the sha256 of the hash before it and of the line's
 * own rest. So no line can be changed, dropped, doubled or moved without the chain breaking there. JSON escapes whatever could
 * end a line.
 */
export class JournalLines {
  #hash: string;
  #seq: number;

  /** After a line with this hash and number; absent: from the beginning. */
  constructor(hash = BEFORE_THE_FIRST, seq = 0) {
    this.#hash = hash;
    this.#seq = seq;
  }

  /** @throws JournalError for a number that JSON has no word for. */
  write(entry: JournalEntry): string {
    const rest = JSON.stringify(entry, finite).slice(1);
    const seq = this.#seq++;
    this.#hash = chained(this.#hash, rest);
    return `{"seq":${seq},"hash":"${this.#hash}",${rest}\n`;
  }
}

function finite(key: string, value: unknown): unknown {
  if (typeof value === "number" && !Number.isFinite(value)) {
    throw new JournalError(`${key} is ${value}, which no journal can hold; facts and actions have finite numbers only`);
  }
  return value;
}

const chained = (hash: string, rest: string): string => createHash("sha256").update(`${hash}\n${rest}`).digest("hex");

/** Outside the host, line by line as they are written. `JournalCopy` is one. */
export interface Copy {
  add(text: string, records: number): void;
  send(): void;
  complete(withinS: Seconds): Promise<boolean>;
}

/** A launch waits so long for the copy, and is then not made. */
const COPY_S: Seconds = 60;

/** A journal in a file of its own. One writer: a file that exists is refused, or gone on with by `resume`, under a lock. */
export class FileJournal implements Journal {
  readonly #file: FileHandle;
  readonly #unlock: () => Promise<void>;
  readonly #lines: JournalLines;
  readonly #copy: Copy | undefined;
  /** The append before this one: appends go one after another, in the order of the calls. */
  #last: Promise<void> = Promise.resolve();

  private constructor(file: FileHandle, unlock: () => Promise<void>, lines: JournalLines, copy: Copy | undefined) {
    this.#file = file;
    this.#unlock = unlock;
    this.#lines = lines;
    this.#copy = copy;
  }

  /** @throws JournalError when the file exists or cannot be made. */
  static async create(path: string, copy?: Copy): Promise<FileJournal> {
    const unlock = await lockJournal(path);
    try {
      const file = await open(path, "ax").catch(refusal(path, "name a new file in a folder you may write to"));
      await syncFolder(dirname(path));
      return new FileJournal(file, unlock, new JournalLines(), copy);
    } catch (error) {
      await unlock();
      throw error;
    }
  }

  /**
   * Goes on with a journal. A torn last line is cut off, since what it would have led to was never done.
   * @param copyOf is told how many records there are
   * @throws JournalError when the file is not as it was written, or another process writes to it
   */
  static async resume(
    path: string,
    warn: (message: string) => void,
    copyOf?: (records: number) => Copy,
  ): Promise<FileJournal> {
    const unlock = await lockJournal(path);
    try {
      let [hash, seq, bytes] = [BEFORE_THE_FIRST, 0, 0];
      for await (const line of checkedLines(path, warn)) [hash, seq, bytes] = [line.hash, line.seq + 1, line.endByte];
      const file = await open(path, "a");
      await file.truncate(bytes);
      return new FileJournal(file, unlock, new JournalLines(hash, seq), copyOf?.(seq));
    } catch (error) {
      await unlock();
      throw error;
    }
  }

  append(entries: readonly JournalEntry[], { durable }: { readonly durable: boolean }): Promise<void> {
    const text = entries.map((entry) => this.#lines.write(entry)).join("");
    this.#copy?.add(text, entries.length);
    this.#last = this.#last.then(async () => {
      if (text !== "") await this.#file.appendFile(text);
      if (!durable) return;
      await this.#file.datasync();
      this.#copy?.send();
    });
    return this.#last;
  }

  async copied(): Promise<boolean> {
    return (await this.#copy?.complete(COPY_S)) ?? true;
  }

  async close(): Promise<void> {
    await this.#last;
    await this.#file.close();
    await this.#unlock();
  }
}

/**
 * Makes this process the only one that writes to a journal; the lock of a process that is dead is taken over. Another host's is the
 * lease's business.
 */
async function lockJournal(path: string): Promise<() => Promise<void>> {
  const lock = `${path}.lock`;
  for (let attempt = 0; ; attempt++) {
    try {
      await writeFile(lock, String(process.pid), { flag: "wx" });
      return () => rm(lock, { force: true });
    } catch (error) {
      const holder = Number(await readFile(lock, "utf8").catch(() => ""));
      if ((error as NodeJS.ErrnoException).code !== "EEXIST")
        return refusal(lock, "name a folder you may write to")(error as Error);
      if (attempt > 0 || (holder > 0 && isAlive(holder))) {
        throw new JournalError(
          `${path}: process ${holder} is writing to it; end that process, or name another journal`,
        );
      }
      await rm(lock, { force: true });
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** The file's name lies in its folder: without this, a power cut could undo the file itself. Windows knows no such call. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const folder = await open(path, "r");
  await folder.sync();
  await folder.close();
}

/**
 * The records of a journal file, in order. A last line without its end was torn when the writer died: it is dropped, and
 * `warn` is told. Anything else that is not as it was written is refused.
 *
 * @throws JournalError, naming file and line
 */
export async function* readJournal(path: string, warn: (message: string) => void): AsyncGenerator<JournalRecord> {
  let seq = 0;
  for await (const line of checkedLines(path, warn)) {
    yield { seq, entry: parsed(`${path}:${seq + 1}`, line.rest) };
    seq++;
  }
  if (seq === 0) throw new JournalError(`${path}: holds no record; name a journal that a run has begun to write`);
}

/** A line whose place in the chain is as it was written. */
interface CheckedLine {
  readonly seq: number;
  readonly hash: string;
  readonly rest: string;
  /** Where the next line begins. */
  readonly endByte: number;
}

async function* checkedLines(path: string, warn: (message: string) => void): AsyncGenerator<CheckedLine> {
  let hash = BEFORE_THE_FIRST;
  let seq = 0;
  let endByte = 0;
  for await (const { line, ended } of linesOf(path)) {
    const place = `${path}:${seq + 1}`;
    if (!ended) {
      warn(`${place}: the last line is torn, as by a crash in the middle of writing; ${line.length} bytes dropped`);
      break;
    }
    const [, number, written, rest] = (isUtf8(line) && LINE.exec(line.toString("utf8"))) || [];
    if (rest === undefined) throw new JournalError(`${place}: this is no line of a journal; ${COPY}`);
    hash = chained(hash, rest);
    if (Number(number) !== seq || written !== hash) {
      throw new JournalError(
        `${place}: this line, or the one before it, is not as it was written (hash chain); ${COPY}`,
      );
    }
    endByte += line.length + 1;
    yield { seq, hash, rest, endByte };
    seq++;
  }
}

const LINE = /^\{"seq":(\d+),"hash":"([0-9a-f]{64})",(.*\})$/su;
const COPY = "use an unspoilt copy";

function parsed(place: string, rest: string): JournalEntry {
  try {
    return parseEntry(JSON.parse(`{${rest}`));
  } catch (error) {
    const [issue] = error instanceof z.ZodError ? error.issues : [];
    const what = issue === undefined ? String(error) : `${issue.path.join(".")}: ${issue.message}`;
    throw new JournalError(
      `${place}: ${what}; this program reads format ${JOURNAL_FORMAT}, use the version that wrote it`,
    );
  }
}

/** Split at line feeds and nothing else: a note may hold other characters that some readers take for the end of a line. */
async function* linesOf(path: string): AsyncGenerator<{ readonly line: Buffer; readonly ended: boolean }> {
  const file = await open(path, "r").catch(refusal(path, "name a journal that is there"));
  let parts: Buffer[] = [];
  try {
    for await (const chunk of createReadStream(path, { fd: file }) as AsyncIterable<Buffer>) {
      let from = 0;
      for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
        yield { line: Buffer.concat([...parts, chunk.subarray(from, end)]), ended: true };
        parts = [];
        from = end + 1;
      }
      if (from < chunk.length) parts.push(chunk.subarray(from));
    }
  } catch (error) {
    return refusal(path, "name a journal file")(error as Error);
  }
  if (parts.length > 0) yield { line: Buffer.concat(parts), ended: false };
}

const refusal =
  (path: string, remedy: string) =>
  (error: Error): never => {
    const { code } = error as NodeJS.ErrnoException;
    throw new JournalError(`${path}: ${WHAT[code ?? ""] ?? error.message}; ${remedy}`, { cause: error });
  };
const WHAT: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file or folder",
  EEXIST: "the file is there already, and a journal has one writer",
  EISDIR: "is a folder",
  EACCES: "may not be opened",
};
