import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DiskJournal } from "../../../orchestrator/journal.ts";
import { JournalLines } from "../../../orchestrator/journal-lines.ts";
import type { JournalEntry } from "../../../orchestrator/records.ts";
import { JournalCopy } from "../../../orchestrator/store/journal-copy.ts";
import { MemoryDisk } from "../../doubles/memory-disk.ts";
import { MemoryStore } from "../../doubles/memory-store.ts";
import { VirtualClock } from "../../doubles/virtual-clock.ts";

let store: MemoryStore;
let clock: VirtualClock;
let alarms: string[];
let conflicts: number;
let over: AbortController;
beforeEach(() => {
  store = new MemoryStore();
  clock = new VirtualClock();
  alarms = [];
  conflicts = 0;
  over = new AbortController();
});
afterEach(() => over.abort());

const copy = () =>
  new JournalCopy({
    store,
    clock,
    signal: over.signal,
    alarm: (what) => alarms.push(what),
    prefix: "journal/000001/",
    onConflict: () => conflicts++,
  });
const journal = () => new DiskJournal(new MemoryDisk().open(), new JournalLines(), copy());
const entry = (name: string): JournalEntry => ({ kind: "foreign", name, what: "notice" });

describe("the copy of a journal", () => {
  it("bears a store that fails and answers that are lost, and says how far it is behind", async () => {
    store.faults.push("before", "after", "before");
    const copied = journal();
    await copied.append([entry("a"), entry("b")], { durable: true });
    expect(await clock.until(copied.copied())).toBe(true);
    expect(alarms[0]).toContain("2 records behind: the store does not answer");
    expect([...store.objects.keys()]).toEqual(["journal/000001/000000000000"]);
  });

  it("that cannot be made in a minute holds up a launch and no append", async () => {
    store.faults.push(...Array(100).fill("before"));
    const copied = journal();
    await copied.append([entry("a")], { durable: true });
    expect(await clock.until(copied.copied())).toBe(false);
    expect(clock.nowS()).toBe(60);
    await copied.append([entry("b")], { durable: true });
  });

  it("stops a second controller that continues the same journal", async () => {
    const first = copy();
    first.add("one\n", 1);
    expect(await clock.until(first.complete(60))).toBe(true);
    const second = copy();
    second.add("another\n", 1);
    expect(await clock.until(second.complete(60))).toBe(false);
    expect(conflicts).toBe(1);
    expect(alarms.join()).toContain("two controllers continue one journal");
    expect(store.objects.get("journal/000001/000000000000")?.text).toBe("one\n");
  });
});
