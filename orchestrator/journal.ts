import type { Seconds } from "../policies/contract/units.ts";
import { FileDisk, wholeLines } from "./journal-disk.ts";
import { type CheckedLine, JournalError, JournalLines, type JournalRecord, recordsOf } from "./journal-lines.ts";
import type { Journal, JournalDisk } from "./ports.ts";
import type { JournalEntry } from "./records.ts";

/** Outside the host, line by line as they are written. `JournalCopy` is one. */
export interface Copy {
  add(text: string, records: number): void;
  send(): void;
  complete(withinS: Seconds): Promise<boolean>;
}

/** A launch waits so long for the copy, and is then not made. */
const COPY_S: Seconds = 60;

/** A journal on a disk that is opened for it alone. An intent is on the disk before it counts, and then on its way to the copy. */
export class DiskJournal implements Journal {
  readonly #disk: JournalDisk;
  readonly #lines: JournalLines;
  readonly #copy: Copy | undefined;
  /** The append before this one: appends go one after another, in the order of the calls. */
  #last: Promise<void> = Promise.resolve();

  constructor(disk: JournalDisk, lines = new JournalLines(), copy?: Copy) {
    this.#disk = disk;
    this.#lines = lines;
    this.#copy = copy;
  }

  /** In a new file. @throws JournalError when the file exists or cannot be made */
  static async create(path: string, copy?: Copy): Promise<DiskJournal> {
    return new DiskJournal(await FileDisk.open(path, "ax", () => {}), new JournalLines(), copy);
  }

  /** Goes on after all the lines that the disk holds. */
  static resume(disk: JournalDisk, lines: readonly CheckedLine[], copy?: Copy): DiskJournal {
    return new DiskJournal(disk, new JournalLines(lines.at(-1)?.hash, lines.length), copy);
  }

  append(entries: readonly JournalEntry[], { durable }: { readonly durable: boolean }): Promise<void> {
    const text = entries.map((entry) => this.#lines.write(entry)).join("");
    this.#copy?.add(text, entries.length);
    this.#last = this.#last.then(async () => {
      if (text !== "") await this.#disk.append(text);
      if (!durable) return;
      await this.#disk.sync();
      this.#copy?.send();
    });
    return this.#last;
  }

  async copied(): Promise<boolean> {
    return (await this.#copy?.complete(COPY_S)) ?? true;
  }

  async close(): Promise<void> {
    await this.#last.catch(() => {}); // whoever appended was told
    await this.#disk.close();
  }
}

/**
 * The records of a journal file, in order. A last line without its end was torn when the writer died: it is dropped, and
 * `warn` is told. Anything else that is not as it was written is refused.
 *
 * @throws JournalError, naming file and line
 */
export async function* readJournal(path: string, warn: (message: string) => void): AsyncGenerator<JournalRecord> {
  let seen = false;
  for await (const record of recordsOf(wholeLines(path, warn), path)) {
    yield record;
    seen = true;
  }
  if (!seen) throw new JournalError(`${path}: holds no record; name a journal that a run has begun to write`);
}
