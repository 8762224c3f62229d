import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FileJournal, readJournal } from "../../../orchestrator/journal.ts";
import type { JournalEntry } from "../../../orchestrator/records.ts";
import { JournalCopy, restoreJournal } from "../../../orchestrator/store/journal-copy.ts";
import { MemoryStore } from "../../doubles/memory-store.ts";
import { VirtualClock } from "../../doubles/virtual-clock.ts";

let folder: string;
let path: string;
let store: MemoryStore;
let clock: VirtualClock;
let alarms: string[];
let over: AbortController;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "copy-"));
  path = join(folder, "run.ndjson");
  store = new MemoryStore();
  clock = new VirtualClock();
  alarms = [];
  over = new AbortController();
});
afterEach(async () => {
  over.abort();
  await rm(folder, { recursive: true });
});

const copy = (from = 0) =>
  new JournalCopy({ store, clock, signal: over.signal, alarm: (what) => alarms.push(what) }, from);
const entry = (name: string): JournalEntry => ({ kind: "foreign", name, what: "notice" });

describe("the copy of a journal", () => {
  it("is complete up to the last intent, and gives the same file on another host", async () => {
    const journal = await FileJournal.create(path, copy());
    for (let n = 0; n < 20; n++) await journal.append([entry(`i-${n}`)], { durable: n % 4 === 3 });
    expect(await clock.until(journal.copied())).toBe(true);
    await journal.close();
    const elsewhere = join(folder, "elsewhere.ndjson");
    expect(await restoreJournal(store, elsewhere, over.signal)).toBe(true);
    expect(await readFile(elsewhere, "utf8")).toBe(await readFile(path, "utf8"));
    // And is gone on with there.
    const next = await FileJournal.resume(elsewhere, () => {}, copy);
    await next.append([entry("after")], { durable: true });
    expect(await clock.until(next.copied())).toBe(true);
    await next.close();
    const third = join(folder, "third.ndjson");
    await restoreJournal(store, third, over.signal);
    const names: string[] = [];
    for await (const record of readJournal(third, () => {})) names.push((record.entry as { name: string }).name);
    expect(names).toEqual([...Array.from({ length: 20 }, (_, n) => `i-${n}`), "after"]);
  });

  it("bears a store that fails and answers that are lost, and says how far it is behind", async () => {
    store.faults.push("before", "after", "before");
    const journal = await FileJournal.create(path, copy());
    await journal.append([entry("a"), entry("b")], { durable: true });
    expect(await clock.until(journal.copied())).toBe(true);
    await journal.close();
    expect(alarms[0]).toContain("2 records behind: the store does not answer");
    expect([...store.objects.keys()]).toEqual(["journal/000000000000"]);
  });

  it("that cannot be made in a minute holds up a launch and no append", async () => {
    store.faults.push(...Array(100).fill("before"));
    const journal = await FileJournal.create(path, copy());
    await journal.append([entry("a")], { durable: true });
    expect(await clock.until(journal.copied())).toBe(false);
    expect(clock.nowS()).toBe(60);
    await journal.append([entry("b")], { durable: true });
    await journal.close();
  });

  it("stops a second controller that continues the same journal", async () => {
    const first = copy();
    first.add("one\n", 1);
    expect(await clock.until(first.complete(60))).toBe(true);
    const second = copy();
    second.add("another\n", 1);
    expect(await clock.until(second.complete(60))).toBe(false);
    expect(alarms.join()).toContain("two controllers continue one journal");
    expect(store.objects.get("journal/000000000000")?.text).toBe("one\n");
  });

  it("of nothing restores nothing", async () => {
    expect(await restoreJournal(store, path, over.signal)).toBe(false);
  });
});
