import { isUtf8 } from "node:buffer";
import { hash as hashOf } from "node:crypto";
import { z } from "zod";
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

const chained = (hash: string, rest: string): string => hashOf("sha256", `${hash}\n${rest}`);

/** A line whose place in the chain is as it was written. */
export interface CheckedLine {
  readonly seq: number;
  readonly hash: string;
  /** Without the end. */
  readonly text: string;
  readonly rest: string;
}

/** @param path for the messages @throws JournalError, naming file and line */
export async function* checkedLines(lines: AsyncIterable<Buffer>, path: string): AsyncGenerator<CheckedLine> {
  let hash = BEFORE_THE_FIRST;
  let seq = 0;
  for await (const line of lines) {
    const place = `${path}:${seq + 1}`;
    const [text, number, written, rest] = (isUtf8(line) && LINE.exec(line.toString("utf8"))) || [];
    if (text === undefined || rest === undefined)
      throw new JournalError(`${place}: this is no line of a journal; ${COPY}`);
    hash = chained(hash, rest);
    if (Number(number) !== seq || written !== hash) {
      throw new JournalError(
        `${place}: this line, or the one before it, is not as it was written (hash chain); ${COPY}`,
      );
    }
    yield { seq, hash, text, rest };
    seq++;
  }
}

const LINE = /^\{"seq":(\d+),"hash":"([0-9a-f]{64})",(.*\})$/su;
const COPY = "use an unspoilt copy";

/** The records of a journal's whole lines. @param path for the messages @throws JournalError, naming file and line */
export async function* recordsOf(lines: AsyncIterable<Buffer>, path: string): AsyncGenerator<JournalRecord> {
  for await (const { seq, rest } of checkedLines(lines, path)) {
    yield { seq, entry: parsed(`${path}:${seq + 1}`, rest) };
  }
}

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
