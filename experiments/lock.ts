import { linkSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";

/** Another process is writing to the folder. */
export class LockError extends Error {
  override readonly name = "LockError";
}

/** A living process touches its lock so often; */
const TOUCH_S = 10;
/** one on another machine that has not for so long, by the clock of the file system, is dead. */
const DEAD_S = 90;

/**
 * Makes this process the only one that writes to a folder; the lock of a process that is dead is taken over. Assumes that machines
 * that share a folder have names of their own.
 * @returns what gives the folder back.
 * @throws LockError naming the process that holds it.
 */
export function lockFolder(folder: string): () => void {
  const path = join(folder, "lock");
  const own = `${process.pid} ${hostname()} ${Date.now()}\n`;
  // Written beside and then linked, so that nobody reads half a lock.
  const beside = `${path}.${process.pid}`;
  writeFileSync(beside, own);
  try {
    for (let attempt = 0; attempt < 10; attempt++) {
      if (linked(beside, path)) return kept(path, own);
      const found = contents(path);
      if (found !== undefined) takeOver(path, found, beside);
    }
  } finally {
    rmSync(beside, { force: true });
  }
  throw new LockError(`${folder}: several processes want this folder at once; start one of them`);
}

function takeOver(path: string, found: string, beside: string): void {
  const [, pid, host] = /^(\d+) (\S+) \d+\n$/.exec(found) ?? [];
  const isElsewhere = host !== undefined && host !== hostname();
  if (isElsewhere && secondsBetween(path, beside) < DEAD_S) {
    throw new LockError(
      `${path}: process ${pid} on ${host} is writing here; wait for it, name another --out, or, if that process is gone, try again in ${DEAD_S} s`,
    );
  }
  // What is no lock of ours, such as an empty file after a power cut, is nobody's.
  if (!isElsewhere && pid !== undefined && Number(pid) !== process.pid && isAlive(Number(pid))) {
    throw new LockError(`${path}: process ${pid} is writing here; wait for it, end it, or name another --out`);
  }
  // Another process may do the same at this moment: whoever moves the dead lock away may try again, and a living one that was
  // moved by mistake is put back.
  const aside = `${beside}.stale`;
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  if (contents(aside) !== found) linked(aside, path);
  rmSync(aside, { force: true });
}

/** @returns what gives it back. */
function kept(path: string, own: string): () => void {
  const timer = setInterval(() => {
    try {
      const now = new Date();
      if (contents(path) === own) utimesSync(path, now, now);
    } catch {
      // Without a file there is nothing to keep alive.
    }
  }, TOUCH_S * 1000).unref();
  return () => {
    clearInterval(timer);
    if (contents(path) === own) rmSync(path, { force: true });
  };
}

/** How much older a file is than another that has just been written; none where it has gone. */
function secondsBetween(path: string, newer: string): number {
  try {
    return (statSync(newer).mtimeMs - statSync(path).mtimeMs) / 1000;
  } catch {
    return 0;
  }
}

function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

function contents(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
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
