import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { canonicalJson } from "./digest.ts";
import { unwritable } from "./store.ts";

/** With the folders above it. @throws ResultsError for a folder that cannot be made or written. */
export function makeFolder(folder: string): void {
  try {
    makeWithParents(folder);
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw unwritable(folder, error);
  }
}

/** Not mkdir's own `recursive`, which tries without end where a file system has no room for folders, such as /proc. */
function makeWithParents(folder: string): void {
  if (existsSync(folder)) {
    readdirSync(folder); // throws for what is no folder
    return;
  }
  makeWithParents(dirname(resolve(folder)));
  mkdirSync(folder);
}

/** Writes a file of a results folder whole or not at all. @throws ResultsError */
export function writeResult(folder: string, file: string, parts: Iterable<string>): string {
  const path = join(folder, file);
  const beside = `${path}.${process.pid}.tmp`;
  try {
    const descriptor = openSync(beside, "w");
    try {
      for (const part of parts) writeFileSync(descriptor, part);
    } finally {
      closeSync(descriptor);
    }
    renameSync(beside, path);
  } catch (error) {
    rmSync(beside, { force: true });
    throw unwritable(path, error);
  }
  return path;
}

export const json = (value: unknown): readonly string[] => [`${JSON.stringify(value, null, 2)}\n`];

/** One record a line, with sorted keys: the same records are the same bytes. @param known texts of what many of them share. */
export function* lines(values: Iterable<unknown>, known?: WeakMap<object, string>): Generator<string> {
  for (const value of values) yield `${canonicalJson(value, known)}\n`;
}

/** Removes what an earlier run drew and this one may not come to draw, and what one that was killed left half-written. */
export function removeOutdated(folder: string): void {
  for (const file of readdirSync(folder)) {
    if (/^report\.html$|^timeline-.*\.json$|\.\d+\.tmp$/.test(file)) rmSync(join(folder, file));
  }
}
