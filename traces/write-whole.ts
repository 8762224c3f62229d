import { randomBytes } from "node:crypto";
import { renameSync, rmSync } from "node:fs";
import { TraceError } from "./columns.ts";

/**
 * Writes a file by way of a draft beside it, so that it is there whole or not at all.
 * @param write writes the draft, whose path it is given. @throws TraceError when the file cannot be written.
 */
export function writeWhole(path: string, write: (draft: string) => void): void {
  const draft = `${path}.${randomBytes(6).toString("hex")}`;
  try {
    writing(path, () => {
      write(draft);
      renameSync(draft, path);
    });
  } finally {
    rmSync(draft, { force: true });
  }
}

/** @throws TraceError, with the remedy, for what the system refuses to write. */
export function writing<T>(path: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new TraceError(`${path}: cannot be written (${code}); name a file in a folder that is there and writable`);
  }
}
