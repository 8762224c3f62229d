import { appendFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DiskJournal, readJournal } from "../../orchestrator/journal.ts";
import { JournalError, type JournalRecord } from "../../orchestrator/journal-lines.ts";
import type { JournalEntry } from "../../orchestrator/records.ts";
import type { MarketId } from "../../policies/contract/units.ts";
import { resumed } from "../support/journals.ts";
import { oneMarket } from "./scripted-ports.ts";

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "journal-"));
  path = join(folder, "run.ndjson");
});
afterEach(() => rm(folder, { recursive: true }));

const price = (market: number, usdPerHour: number): JournalEntry => ({
  kind: "fact",
  name: "price",
  args: [market as MarketId, usdPerHour],
});
const foreign = (name: string): JournalEntry => ({ kind: "foreign", name, what: "notice" });
const some: readonly JournalEntry[] = [
  {
    kind: "start",
    format: 3,
    run: "r",
    fleet: oneMarket,
    scenario: { scheduling: "greedy", assignment: "earliest-node" },
    cadence: { onChange: true },
  },
  price(0, 0.1 + 0.2),
  { kind: "ask", actions: [], notes: [], unassigned: [] },
  foreign("i-0"),
];

async function written(entries: readonly JournalEntry[], durable = false): Promise<void> {
  const journal = await DiskJournal.create(path);
  for (const entry of entries) await journal.append([entry], { durable });
  await journal.close();
}

async function read(warnings: string[] = []): Promise<readonly JournalRecord[]> {
  const records: JournalRecord[] = [];
  for await (const record of readJournal(path, (warning) => warnings.push(warning))) records.push(record);
  return records;
}

const entries = async (warnings?: string[]) => (await read(warnings)).map(({ entry }) => entry);

describe("a journal", () => {
  it("gives back what was written, in order, numbered from 0", async () => {
    await written(some, true);
    expect(await read()).toEqual(some.map((entry, seq) => ({ seq, entry })));
  });

  it("gives back every finite number to the last bit", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 1 }), async (all) => {
        await rm(path, { force: true });
        await written(all.map((number) => price(0, number)));
        // 0 and -0 are one number to every comparison that a decision makes.
        expect(await entries()).toEqual(all.map((number) => price(0, number + 0)));
      }),
      { numRuns: 30 },
    );
  });

  it("refuses a number that JSON has no word for instead of writing null", async () => {
    const journal = await DiskJournal.create(path);
    for (const number of [Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => journal.append([price(0, number)], { durable: false })).toThrow(JournalError);
    }
    await journal.append([foreign("after")], { durable: false });
    await journal.close();
    expect(await entries()).toEqual([foreign("after")]);
  });

  it("keeps hostile text inside its line", async () => {
    const hostile = [
      '\n{"seq":9}',
      "\r\n",
      "\u2028\u2029\u0085",
      '"}\n{"',
      "\0",
      "\ud800",
      "</script>",
      "$(rm -rf .)",
      "=cmd|'/c'!A0",
      "\\",
      "\ufffd\ufeff",
    ];
    await written(hostile.map(foreign));
    expect((await readFile(path, "utf8")).split("\n")).toHaveLength(hostile.length + 1);
    expect(await entries()).toEqual(hostile.map(foreign));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string({ unit: "binary" }), { minLength: 1 }), async (names) => {
        await rm(path, { force: true });
        await written(names.map(foreign));
        expect(await entries()).toEqual(names.map(foreign));
      }),
      { numRuns: 30 },
    );
  });

  it("appends in the order of the calls, whoever waits for what", async () => {
    const journal = await DiskJournal.create(path);
    const all = Array.from({ length: 50 }, (_, i) => foreign(`i-${i}`));
    await Promise.all(all.map((entry, i) => journal.append([entry], { durable: i % 7 === 0 })));
    await journal.close();
    expect(await entries()).toEqual(all);
  });

  it("has one writer: a file that is there is not written over or continued", async () => {
    await written(some);
    await expect(DiskJournal.create(path)).rejects.toThrow(
      `${path}: the file is there already, and a journal has one writer; name a new file`,
    );
    await expect(DiskJournal.create(join(folder, "nowhere", "j"))).rejects.toThrow("no such file or folder");
  });
});

describe("a journal that is gone on with", () => {
  it("continues numbers and chain, and has one writer at a time", async () => {
    await written(some.slice(0, 2));
    const journal = await resumed(path);
    await expect(resumed(path)).rejects.toThrow(
      `${path}: process ${process.pid} is writing to it; end that process, or name another journal`,
    );
    await journal.append(some.slice(2), { durable: true });
    await journal.close();
    expect(await read()).toEqual(some.map((entry, seq) => ({ seq, entry })));
  });

  it("loses a torn last line for good", async () => {
    await written(some);
    await appendFile(path, '{"seq":4,"hash":"');
    const journal = await resumed(path);
    await journal.append([foreign("after")], { durable: true });
    await journal.close();
    const warnings: string[] = [];
    expect(await entries(warnings)).toEqual([...some, foreign("after")]);
    expect(warnings).toEqual([]);
  });

  it("is not held up by the lock of a process that is dead", async () => {
    await written(some);
    await writeFile(`${path}.lock`, String(2 ** 22 + 1));
    await (await resumed(path)).close();
  });

  it("is not gone on with when it is spoilt, and is free for the next then", async () => {
    await written(some);
    await writeFile(path, (await readFile(path, "utf8")).replace("i-0", "i-1"));
    for (let n = 0; n < 2; n++) {
      await expect(resumed(path)).rejects.toThrow("is not as it was written");
    }
  });
});

describe("reading finds", () => {
  it("a last line that was torn, drops it and says so", async () => {
    await written(some);
    const whole = await readFile(path);
    const lastLine = whole.lastIndexOf(10, -2) + 1;
    for (const end of [lastLine + 1, lastLine + 40, whole.length - 1]) {
      await writeFile(path, whole.subarray(0, end));
      const warnings: string[] = [];
      expect(await entries(warnings)).toEqual(some.slice(0, -1));
      expect(warnings).toEqual([
        `${path}:4: the last line is torn, as by a crash in the middle of writing; ${end - lastLine} bytes dropped`,
      ]);
    }
  });

  it("any byte that was changed, wherever it is, and names the line", async () => {
    await written(some);
    const whole = await readFile(path);
    let line = 1;
    for (const [at, byte] of whole.entries()) {
      const spoilt = Buffer.from(whole);
      spoilt[at] = byte ^ 1;
      await writeFile(path, spoilt);
      // The very last line end, changed, makes a torn line; any other change breaks the chain.
      if (at === whole.length - 1) expect(await entries([])).toEqual(some.slice(0, -1));
      else await expect(read(), `byte ${at}`).rejects.toThrow(`${path}:${line}: `);
      if (byte === 10) line++;
    }
  });

  it("a line that was dropped, doubled, moved or brought from elsewhere", async () => {
    await written(some);
    const [a, b, c, d] = (await readFile(path, "utf8")).split(/(?<=\n)/);
    await rm(path);
    await written([{ ...some[0]!, run: "another" } as JournalEntry, ...some.slice(1)]);
    const [, , strange] = (await readFile(path, "utf8")).split(/(?<=\n)/);
    for (const [lines, at] of [
      [[a, c, d], 2],
      [[a, b, b, c, d], 3],
      [[a, c, b, d], 2],
      [[b, c, d], 1],
      [[a, b, strange, d], 3],
    ] as const) {
      await writeFile(path, lines.join(""));
      await expect(read()).rejects.toThrow(`${path}:${at}: this line, or the one before it, is not as it was written`);
    }
  });

  it("a file that is no journal, or one of another format, and says what helps", async () => {
    for (const [text, message] of [
      ["", "holds no record; name a journal that a run has begun to write"],
      ["{}\n", ":1: this is no line of a journal; use an unspoilt copy"],
      [Buffer.from([0xff, 0xfe, 10]), ":1: this is no line of a journal"],
    ] as const) {
      await writeFile(path, text);
      await expect(read()).rejects.toThrow(message);
    }
    await rm(path);
    await written([{ ...some[0]!, format: 2 } as JournalEntry]);
    await expect(read()).rejects.toThrow(
      `${path}:1: format: Invalid input: expected 3; this program reads format 3, use the version that wrote it`,
    );
    await rm(path);
    await written([{ kind: "fact", name: "constructor", args: [] } as unknown as JournalEntry]);
    await expect(read()).rejects.toThrow(`${path}:1: name: `);
  });

  it("what a dying machine may leave at the end of a file, and drops it", async () => {
    await written(some);
    await appendFile(path, Buffer.alloc(4096));
    expect(await entries([])).toEqual(some);
  });
});
