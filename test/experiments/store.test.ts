import { appendFileSync, readFileSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { lockFolder } from "../../experiments/lock.ts";
import { makeFolder, writeResult } from "../../experiments/results.ts";
import { assertResultsFolder, CellLog, readCells, type StoredCell } from "../../experiments/store.ts";
import { scratchFolder } from "./support/studies.ts";

const cell = (key: string, costUsd = 1): StoredCell => ({
  key,
  place: `place of ${key}`,
  parts: { engine: "e" },
  wallMs: 2.5,
  result: { metrics: { costUsd }, assumptions: ['says "this",\nand that'], fingerprint: "f" },
});

function write(folder: string, cells: readonly StoredCell[], fresh = false): void {
  const log = new CellLog(folder, { fresh });
  for (const each of cells) log.add(each);
  log.close();
}

describe("the store", () => {
  test("gives back what was added, over several runs; a cell that comes twice is the later one", async () => {
    const folder = scratchFolder();
    write(folder, [cell("a"), cell("b")]);
    write(folder, [cell("c"), cell("a", 7)]);
    expect([...(await readCells(folder)).values()]).toEqual([cell("a", 7), cell("b"), cell("c")]);
  });

  test("cut off at any byte, it loses the cell that was being written and no other, and takes new ones", async () => {
    const cells = [cell("a"), cell("b"), cell("c")];
    const whole = scratchFolder();
    write(whole, cells);
    const bytes = readFileSync(join(whole, "cells.ndjson"));
    const lineEnds = [...bytes.entries()].filter(([, byte]) => byte === 10).map(([at]) => at);
    const header = lineEnds[0]! + 1;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: header, max: bytes.length }), async (length) => {
        const folder = scratchFolder();
        writeFileSync(join(folder, "cells.ndjson"), bytes);
        truncateSync(join(folder, "cells.ndjson"), length);
        // A line that lacks nothing but its end is whole.
        const kept = cells.filter((_, i) => length >= lineEnds[i + 1]!);
        expect([...(await readCells(folder)).values()]).toEqual(kept);
        write(folder, [cell("d")]);
        expect([...(await readCells(folder)).values()]).toEqual([...kept, cell("d")]);
      }),
      { numRuns: 40 },
    );
  });

  test("passes over a line whose bytes have changed", async () => {
    const folder = scratchFolder();
    write(folder, [cell("a"), cell("b"), cell("c")]);
    const path = join(folder, "cells.ndjson");
    writeFileSync(path, readFileSync(path, "utf8").replace("place of b", "place of B"));
    expect([...(await readCells(folder)).keys()]).toEqual(["a", "c"]);
  });

  test("of another version is refused, with what to do about it, and starts over when told to", async () => {
    const folder = scratchFolder();
    writeFileSync(join(folder, "cells.ndjson"), "workbench-cells 0\n{}\n");
    await expect(readCells(folder)).rejects.toThrow(
      /of another version .*name another --out, or start over with --fresh/,
    );
    write(folder, [cell("a")], true);
    expect([...(await readCells(folder)).keys()]).toEqual(["a"]);
  });

  test("is never made of a folder that holds something else", async () => {
    const folder = scratchFolder();
    await assertResultsFolder(folder);
    await assertResultsFolder(join(folder, "not there"));
    writeFileSync(join(folder, "thesis.tex"), "");
    await expect(assertResultsFolder(folder)).rejects.toThrow(/not empty, and no results folder/);
    await expect(assertResultsFolder(join(folder, "thesis.tex"))).rejects.toThrow(
      /cannot be read as a folder \(ENOTDIR\)/,
    );
    appendFileSync(join(folder, "cells.ndjson"), "");
    await assertResultsFolder(folder);
  });
});

describe("results", () => {
  test("a folder is made with those above it; where none can be, that is said", () => {
    const folder = scratchFolder();
    makeFolder(join(folder, "a", "b"));
    expect(writeResult(join(folder, "a", "b"), "x.json", ["1", "2"])).toBe(join(folder, "a", "b", "x.json"));
    expect(readFileSync(join(folder, "a", "b", "x.json"), "utf8")).toBe("12");
    writeFileSync(join(folder, "file"), "");
    expect(() => makeFolder(join(folder, "file", "c"))).toThrow(/cannot be written \(ENOTDIR\)/);
  });

  test.skipIf(process.platform !== "linux")("a file system without room for folders is an error, not a wait", () => {
    expect(() => makeFolder("/proc/results/x")).toThrow(/cannot be written \(ENOENT\)/);
  });

  test("a file that fails half-way leaves the one before it", () => {
    const folder = scratchFolder();
    writeResult(folder, "x", ["old"]);
    const broken = function* () {
      yield "new";
      throw new Error("no more");
    };
    expect(() => writeResult(folder, "x", broken())).toThrow(/x: cannot be written \(no more\)/);
    expect(readFileSync(join(folder, "x"), "utf8")).toBe("old");
  });
});

describe("the lock of a folder", () => {
  test("keeps others out until it is given back", () => {
    const folder = scratchFolder();
    writeFileSync(join(folder, "lock"), `${process.ppid} ${hostname()} 0\n`);
    expect(() => lockFolder(folder)).toThrow(new RegExp(`process ${process.ppid} is writing here; wait for it`));
    // What a power cut may leave is nobody's.
    writeFileSync(join(folder, "lock"), "");
    const unlock = lockFolder(folder);
    expect(readFileSync(join(folder, "lock"), "utf8")).toMatch(new RegExp(`^${process.pid} `));
    unlock();
    expect(() => readFileSync(join(folder, "lock"))).toThrow();
  });

  test("of a process that is dead is taken over; of one on another machine, once it has not been touched for 90 s", () => {
    const folder = scratchFolder();
    writeFileSync(join(folder, "lock"), `999999999 ${hostname()} 0\n`);
    lockFolder(folder)();
    writeFileSync(join(folder, "lock"), "1 elsewhere 0\n");
    expect(() => lockFolder(folder)).toThrow(/process 1 on elsewhere is writing here; .*try again in 90 s/);
    const agoS = (seconds: number) => new Date(Date.now() - seconds * 1000);
    utimesSync(join(folder, "lock"), agoS(60), agoS(60));
    expect(() => lockFolder(folder)).toThrow(/process 1 on elsewhere/);
    utimesSync(join(folder, "lock"), agoS(120), agoS(120));
    lockFolder(folder)();
    expect(() => readFileSync(join(folder, "lock"))).toThrow();
  });
});
