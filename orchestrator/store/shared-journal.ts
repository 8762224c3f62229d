import { DiskJournal } from "../journal.ts";
import { type CheckedLine, checkedLines } from "../journal-lines.ts";
import type { Clock, JournalDisk } from "../ports.ts";
import { JournalCopy } from "./journal-copy.ts";
import type { ObjectStore } from "./object-store.ts";

export interface SharedJournalOptions {
  readonly disk: JournalDisk;
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly alarm: (what: string) => void;
  /** Begins another run, whatever there is; that is kept, and not gone on with. */
  readonly anew: boolean;
  /** Somebody else continues it. */
  readonly onConflict: () => void;
}

const ALL = "journal/";
const prefixOf = (run: number): string => `${ALL}${String(run).padStart(6, "0")}/`;

/**
 * The journal of a fleet, wherever it was written last: this host's file where it goes on from the copy, else the copy, since who wrote
 * that held the lease later. Goes on after both are the same.
 */
export async function sharedJournal(options: SharedJournalOptions): Promise<DiskJournal> {
  const { disk, store, signal, anew } = options;
  const keys = await store.list(ALL, signal);
  const newest = Number(keys.at(-1)?.slice(ALL.length).split("/")[0] ?? 0);
  const run = newest + (anew || keys.length === 0 ? 1 : 0);
  if (anew) await disk.replace("");
  const ofRun = keys.filter((key) => key.startsWith(prefixOf(run)));
  const { copied, local } = await settled(options, ofRun);
  const copy = new JournalCopy({ ...options, prefix: prefixOf(run) }, copied);
  const ahead = local.slice(copied);
  if (ahead.length > 0) copy.add(ahead.map(({ text }) => `${text}\n`).join(""), ahead.length);
  return DiskJournal.resume(disk, local, copy);
}

/** @returns how many records the copy holds, and what the disk holds: those, and perhaps more */
async function settled(
  { disk, store, signal, alarm }: SharedJournalOptions,
  keys: readonly string[],
): Promise<{ readonly copied: number; readonly local: readonly CheckedLine[] }> {
  const local = await linesOf(disk);
  const last = keys.at(-1);
  if (last === undefined) return { copied: 0, local };
  const newest = (await store.read(last, signal))?.text ?? "";
  const copied = Number(last.split("/").at(-1)) + newest.split("\n").length - 1;
  // Each line has the hash of all before it: if one is the same, so are they.
  if (local[copied - 1]?.text === newest.split("\n").at(-2)) return { copied, local };
  let text = "";
  for (const key of keys) text += (await store.read(key, signal))?.text ?? "";
  const lines = text.split("\n");
  const common = local.findIndex(({ text: line }, n) => line !== lines[n]);
  if (common >= 0) {
    alarm(
      `another host went on without ${local.length - common} records of this host's journal, which had not been copied: set aside`,
    );
  }
  await disk.replace(text);
  return { copied, local: await linesOf(disk) };
}

/** @throws JournalError when it is not as it was written */
export async function linesOf(disk: JournalDisk): Promise<CheckedLine[]> {
  const lines: CheckedLine[] = [];
  for await (const line of checkedLines(disk.lines(), disk.path)) lines.push(line);
  return lines;
}
