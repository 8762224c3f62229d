import { createReadStream } from "node:fs";
import { type FileHandle, open, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { JournalError } from "./journal-lines.ts";
import type { JournalDisk } from "./ports.ts";

/** A journal's file, opened by this process alone: a file of its own, and beside it the lock of whoever writes to it. */
export class FileDisk implements JournalDisk {
  readonly path: string;
  #file: FileHandle;
  readonly #unlock: () => Promise<void>;
  readonly #warn: (message: string) => void;

  private constructor(path: string, file: FileHandle, unlock: () => Promise<void>, warn: (message: string) => void) {
    this.path = path;
    this.#file = file;
    this.#unlock = unlock;
    this.#warn = warn;
  }

  /**
   * @param flag "ax": only a new file; "a": one that is there too
   * @throws JournalError when it cannot be opened, or another process writes to it
   */
  static async open(path: string, flag: "ax" | "a", warn: (message: string) => void): Promise<FileDisk> {
    const unlock = await lockJournal(path);
    try {
      const file = await open(path, flag).catch(refusal(path, "name a new file in a folder you may write to"));
      await syncFolder(dirname(path));
      return new FileDisk(path, file, unlock, warn);
    } catch (error) {
      await unlock();
      throw error;
    }
  }

  async *lines(): AsyncGenerator<Buffer> {
    let bytes = 0;
    for await (const line of wholeLines(this.path, this.#warn)) {
      bytes += line.length + 1;
      yield line;
    }
    await this.#file.truncate(bytes);
  }

  async replace(text: string): Promise<void> {
    await this.#file.close();
    await rename(this.path, `${this.path}.superseded`);
    this.#file = await open(this.path, "ax");
    await this.append(text);
    await this.sync();
    await syncFolder(dirname(this.path));
  }

  async append(text: string): Promise<void> {
    await this.#file.appendFile(text);
  }

  async sync(): Promise<void> {
    await this.#file.datasync();
  }

  async close(): Promise<void> {
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
 * The lines of a file, without their ends. A last line without its end was torn when the writer died: it is dropped, and `warn` is told.
 * @throws JournalError when it cannot be read
 */
export async function* wholeLines(path: string, warn: (message: string) => void): AsyncGenerator<Buffer> {
  let seq = 0;
  for await (const { line, ended } of linesOf(path)) {
    seq++;
    if (ended) yield line;
    else
      warn(
        `${path}:${seq}: the last line is torn, as by a crash in the middle of writing; ${line.length} bytes dropped`,
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
