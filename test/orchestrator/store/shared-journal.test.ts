import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { recordsOf } from "../../../orchestrator/journal-lines.ts";
import type { JournalDisk } from "../../../orchestrator/ports.ts";
import { sharedJournal } from "../../../orchestrator/store/shared-journal.ts";
import { MemoryDisk } from "../../doubles/memory-disk.ts";
import { MemoryStore } from "../../doubles/memory-store.ts";
import { VirtualClock } from "../../doubles/virtual-clock.ts";

let store: MemoryStore;
let clock: VirtualClock;
let alarms: string[];
let over: AbortController;
beforeEach(() => {
  store = new MemoryStore();
  clock = new VirtualClock();
  alarms = [];
  over = new AbortController();
});
afterEach(() => over.abort());

/** Opens the journal of a host, writes these, and lets go of it: with the copy complete, or with none of it made. */
async function write(disk: MemoryDisk, names: readonly string[], how: "copied" | "uncopied" = "copied", anew = false) {
  const opened = disk.open();
  const term = new AbortController();
  const journal = await sharedJournal({
    disk: opened,
    store,
    clock,
    signal: term.signal,
    alarm: (what) => alarms.push(what),
    anew,
    onConflict: () => expect.unreachable("one writer"),
  });
  for (const name of names) await journal.append([{ kind: "foreign", name, what: "notice" }], { durable: false });
  if (how === "copied") expect(await clock.until(journal.copied())).toBe(true);
  term.abort();
  await journal.close();
}

async function namesOn(disk: MemoryDisk): Promise<string[]> {
  const opened: JournalDisk = disk.open();
  const names: string[] = [];
  for await (const { entry } of recordsOf(opened.lines(), disk.path)) {
    if (entry.kind === "foreign") names.push(entry.name);
  }
  await opened.close();
  return names;
}

describe("a journal that hosts share", () => {
  it("is gone on with on another host, which has all that was copied, to the byte", async () => {
    const [here, there] = [new MemoryDisk(), new MemoryDisk()];
    await write(here, ["a", "b"]);
    await write(here, ["c"]);
    await write(there, ["d"]);
    expect(await namesOn(there)).toEqual(["a", "b", "c", "d"]);
    expect(there.text.startsWith(here.text)).toBe(true);
    // And back.
    await write(here, ["e"]);
    expect(await namesOn(here)).toEqual(["a", "b", "c", "d", "e"]);
    expect(alarms).toEqual([]);
  });

  it("is gone on with on its own host with what was not copied yet, and that is copied first", async () => {
    const [here, there] = [new MemoryDisk(), new MemoryDisk()];
    await write(here, ["a"]);
    await write(here, ["b", "c"], "uncopied");
    await write(here, ["d"]);
    await write(there, []);
    expect(await namesOn(there)).toEqual(["a", "b", "c", "d"]);
  });

  it("is the copy's where both went on: who wrote that held the lease later; the rest is set aside, and said", async () => {
    const [here, there] = [new MemoryDisk(), new MemoryDisk()];
    await write(here, ["a"]);
    await write(here, ["b", "c"], "uncopied");
    const aside = here.text;
    await write(there, ["x"]);
    await write(here, ["y"]);
    expect(await namesOn(here)).toEqual(["a", "x", "y"]);
    expect(here.superseded).toEqual([aside]);
    expect(alarms).toEqual([
      "another host went on without 2 records of this host's journal, which had not been copied: set aside",
    ]);
  });

  it("of another run begins empty and is copied to a place of its own", async () => {
    const [here, there] = [new MemoryDisk(), new MemoryDisk()];
    await write(here, ["a", "b"]);
    await write(here, ["c"], "copied", true);
    await write(there, []);
    expect(await namesOn(there)).toEqual(["c"]);
    expect([...store.objects.keys()]).toEqual(["journal/000001/000000000000", "journal/000002/000000000000"]);
  });
});
