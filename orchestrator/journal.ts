import { isUtf8 } from "node:buffer";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
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
  #hash = BEFORE_THE_FIRST;
  #seq = 0;

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

/** A journal in a file of its own. One writer: a file that exists is refused. */
export class FileJournal implements Journal {
  readonly #file: FileHandle;
  readonly #lines = new JournalLines();
  /** The append before this one: appends go one after another, in the order of the calls. */
  #last: Promise<void> = Promise.resolve();

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** @throws JournalError when the file exists or cannot be made. */
  static async create(path: string): Promise<FileJournal> {
    const file = await open(path, "ax").catch(refusal(path, "name a new file in a folder you may write to"));
    await syncFolder(dirname(path));
    return new FileJournal(file);
  }

  append(entries: readonly JournalEntry[], { durable }: { readonly durable: boolean }): Promise<void> {
    const text = entries.map((entry) => this.#lines.write(entry)).join("");
    this.#last = this.#last.then(async () => {
      if (text !== "") await this.#file.appendFile(text);
      if (durable) await this.#file.datasync();
    });
    return this.#last;
  }

  async close(): Promise<void> {
    await this.#last;
    await this.#file.close();
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
  let hash = BEFORE_THE_FIRST;
  let seq = 0;
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
    yield { seq, entry: parsed(place, rest) };
    seq++;
  }
  if (seq === 0) throw new JournalError(`${path}: holds no record; name a journal that a run has begun to write`);
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
