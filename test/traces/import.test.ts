import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openStudyTrace, type TraceRef } from "../../traces/open.ts";

const folder = mkdtempSync(join(tmpdir(), "traces-"));
const cache = join(folder, "cache");
let written = 0;
const file = (text: string, name = `f${written++}.json`) => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const open = (ref: TraceRef) => openStudyTrace(ref, cache);

const row = (minute: number, price: string, more: object = {}) => ({
  AvailabilityZone: "xx-east-1a",
  InstanceType: "g.x",
  ProductDescription: "Linux/UNIX",
  SpotPrice: price,
  Timestamp: `2026-01-01T00:${String(minute).padStart(2, "0")}:00.000Z`,
  ...more,
});
const answer = (rows: readonly object[], more: object = {}) => JSON.stringify({ ...more, SpotPriceHistory: rows });

describe("AWS price history", () => {
  it("newest first, strings for prices, repeats: sorted and collapsed, counted", async () => {
    const path = file(
      answer([row(30, "0.500000"), row(20, "0.400000"), row(10, "0.400000"), row(0, "0.300000")], { NextToken: "" }),
    );
    const trace = await open({ files: [path] });
    expect(trace.report).toMatchObject({
      rowsRead: 4,
      kept: 3,
      collapsed: 1,
      merged: 0,
      contradictions: 0,
      warnings: [],
    });
    const table = trace.window(0, trace.endS);
    expect([0, 599, 600, 1799].map((timeS) => table.priceUsdPerHourAt(0, timeS))).toEqual([0.3, 0.3, 0.4, 0.4]);
    expect(table.capacityAt(0, 0)).toBe(Infinity);
    expect(trace.markets).toEqual([
      { instanceType: "g.x", region: "xx-east-1", zone: "xx-east-1a", capacityType: "spot" },
    ]);
  });

  it("overlapping pulls are one history; CLI v2 stamps and a bare array are read as well", async () => {
    const first = file(answer([row(20, "0.4"), row(0, "0.3")]));
    const second = file(JSON.stringify([row(40, "0.6"), row(20, "0.4", { Timestamp: "2026-01-01T01:20:00+01:00" })]));
    const { report } = await open({ files: [first, second] });
    expect(report).toMatchObject({ rowsRead: 4, kept: 3, merged: 1 });
    expect(report.hours).toBeCloseTo(40 / 60, 9);
  });

  it("where pulls contradict one another the newest pull wins, and it is counted", async () => {
    const old = file(answer([row(20, "0.9"), row(0, "0.3")]));
    const newer = file(answer([row(40, "0.6"), row(20, "0.4")]));
    for (const files of [
      [old, newer],
      [newer, old],
    ]) {
      const trace = await open({ files });
      expect(trace.report.contradictions).toBe(1);
      expect(trace.window(0, 2400).priceUsdPerHourAt(0, 1300)).toBe(0.4);
    }
  });

  it("pulls that contradict one another again and again are two pools", async () => {
    const minutes = Array.from({ length: 30 }, (_, i) => i);
    const a = file(answer(minutes.map((minute) => row(minute, "0.3"))));
    const b = file(answer(minutes.map((minute) => row(minute, "0.8"))));
    await expect(open({ files: [a, b] })).rejects.toThrow(/two pools share this name/);
  });

  it("an empty list is valid and named; nothing but empty lists is an error", async () => {
    const { report } = await open({ files: [file(answer([])), file(answer([row(10, "0.4"), row(0, "0.3")]))] });
    expect(report.warnings).toEqual([expect.stringContaining("an empty list")]);
    await expect(open({ files: [file(answer([]))] })).rejects.toThrow(/every list is empty/);
  });

  it("warns of pages that are missing", async () => {
    const token = await open({ files: [file(answer([row(10, "0.4"), row(0, "0.3")], { NextToken: "more" }))] });
    expect(token.report.warnings[0]).toContain("NextToken is set");
    const page = Array.from({ length: 1000 }, (_, i) =>
      row(0, (0.3 + i / 1e4).toFixed(4), { Timestamp: new Date(Date.UTC(2026, 0, 1) + i * 60_000).toISOString() }),
    );
    expect((await open({ files: [file(answer(page))] })).report.warnings[0]).toContain("exactly 1,000 rows");
  });

  it.each([
    ["n/a", /row 1: price "n\/a" is not a number; drop the row/],
    ["NaN", /price "NaN" is not a number/],
    ["-0.1", /price -0.1 is below 0/],
    ["", /price "" is not a number/],
  ])("refuses a price of %j with the row and the remedy", async (price, message) => {
    await expect(open({ files: [file(answer([row(0, price)]))] })).rejects.toThrow(message);
  });

  it("refuses two products in one file, and a stamp without its zone", async () => {
    const windows = row(10, "0.9", { ProductDescription: "Windows" });
    await expect(open({ files: [file(answer([row(0, "0.3"), windows]))] })).rejects.toThrow(/Linux\/UNIX, Windows/);
    const local = row(0, "0.3", { Timestamp: "2026-01-01 00:00:00" });
    await expect(open({ files: [file(answer([local]))] })).rejects.toThrow(/is no time stamp; expected/);
  });
});

describe("probe series", () => {
  const probes = (data: unknown[], prices?: unknown[]) =>
    JSON.stringify({ metadata: { gap_seconds: 100 }, data, ...(prices && { prices }) });
  const named = "xx-west-2a_v100_1.json";
  const identity = { instanceType: "v.x" };

  it("available: 1 is capacity; preempted: 1 is none; never guessed", async () => {
    const path = file(probes([1, 1, 0, 1], [0.5, 0.5, 0.5, 0.6]), named);
    const available = await open({ files: [path], polarity: "available", ...identity });
    const preempted = await open({ files: [path], polarity: "preempted", ...identity });
    expect(available.report.markets[0]).toMatchObject({
      name: "v.x xx-west-2a",
      availability: 0.75,
      priceChanges: 1,
      capacityChanges: 2,
    });
    expect(preempted.report.markets[0]).toMatchObject({ availability: 0.25 });
    expect(available.digest).not.toBe(preempted.digest);
    await expect(open({ files: [path], ...identity })).rejects.toThrow(
      /add polarity: available or polarity: preempted/,
    );
  });

  it("keeps counts and the gap between probes", async () => {
    const path = file(probes([0, 4, 2], [1, 1, 1]), `b-${named}`);
    const trace = await open({ files: [path], polarity: "available", zone: "z", ...identity });
    const table = trace.window(0, trace.endS);
    expect([0, 100, 200].map((timeS) => table.capacityAt(0, timeS))).toEqual([0, 4, 2]);
    expect(table.depth(0)).toEqual({ kind: "observed", instances: 4 });
    expect(table.gapS(0)).toBe(100);
    expect(trace.endS).toBe(300);
  });

  it.each<[string, string, RegExp]>([
    ["no prices", probes([1]), /there is capacity but no price; .*state a constant one: usdPerHour/],
    ["a short price list", probes([1, 1], [1]), /2 values in data but 1 in prices/],
    ["half a count", probes([0.5], [1]), /data\[0\]: 0.5 is no count/],
    ["a text for a price", probes([1], ["n/a"]), /prices\[0\]: price "n\/a" is not a number/],
    ["no gap", '{"metadata":{"gap_seconds":0},"data":[1]}', /metadata.gap_seconds/],
  ])("refuses %s", async (_, text, message) => {
    await expect(open({ files: [file(text)], polarity: "available", zone: "z", ...identity })).rejects.toThrow(message);
  });

  it("refuses to guess zone and type", async () => {
    const path = file(probes([1], [1]));
    await expect(open({ files: [path], polarity: "available", ...identity })).rejects.toThrow(/add zone: NAME/);
    await expect(open({ files: [path], polarity: "available", zone: "z" })).rejects.toThrow(/add instanceType: NAME/);
  });
});

describe("files that are no trace", () => {
  it.each<[string, string, RegExp]>([
    ["zero bytes", "", /the file is empty; the download failed/],
    ["half a JSON file", answer([row(0, "0.3")]).slice(0, -20), /the JSON breaks off/],
    ["a Git LFS pointer", "version https://git-lfs.github.com/spec/v1\noid sha256:0", /Git LFS pointer/],
    ["something else", "hello", /no known trace format; known are/],
  ])("%s", async (_, text, message) => {
    await expect(open({ files: [file(text)] })).rejects.toThrow(message);
  });

  it("a file that is not there, a data set without its folder, a data set that does not exist", async () => {
    await expect(open({ files: [join(folder, "none.json")] })).rejects.toThrow(/cannot be read \(ENOENT\)/);
    await expect(open({ dataset: "skynomad-p3" })).rejects.toThrow(/--set traces.root=FOLDER/);
    await expect(open({ dataset: "skynomad-p4", root: "." })).rejects.toThrow(/did you mean "skynomad-p3"/);
  });
});

describe("the cache of parsed traces", () => {
  it("gives the same trace; a partial or foreign one is as good as none", async () => {
    const own = mkdtempSync(join(tmpdir(), "cache-"));
    const ref = { files: [file(answer([row(30, "0.5"), row(0, "0.3")]))] };
    const parsed = await openStudyTrace(ref, own);
    const [name] = readdirSync(own);
    const bytes = readFileSync(join(own, name!));
    const cached = await openStudyTrace(ref, own);
    expect(cached.report).toEqual(parsed.report);
    expect(cached.window(0, 1800).costUsd(0, 0, 1800)).toBe(parsed.window(0, 1800).costUsd(0, 0, 1800));
    for (const spoilt of [bytes.subarray(0, bytes.length - 8), Buffer.from("SYNKTI-TRACE 0\n{}\n"), Buffer.alloc(0)]) {
      writeFileSync(join(own, name!), spoilt);
      expect((await openStudyTrace(ref, own)).report).toEqual(parsed.report);
    }
  });
});

const root = new URL("../../../shared/data/skynomad", import.meta.url).pathname;
const missing = !existsSync(root) && process.env.REQUIRE_ALL !== "1";
if (missing) console.warn("SKIPPED: the real p3 traces, ../shared/data/skynomad is not there");

describe.skipIf(missing)("the real p3 traces", () => {
  it("agree with a naive reading of the same files, tick by tick", async () => {
    const trace = await open({ dataset: "skynomad-p3", root });
    expect(trace.report.rowsRead).toBe(2 * 9 * 20_158);
    const table = trace.window(0, trace.endS);
    const zone = "us-east-2b";
    const m = trace.markets.findIndex((each) => each.zone === zone);
    const lines = readFileSync(join(root, `data/real/availability/2023-02-15/processed/${zone}_v100_1.csv`), "utf8")
      .trim()
      .split("\n")
      .slice(1);
    const prices = (
      JSON.parse(readFileSync(join(root, "data/v100_spot_prices.json"), "utf8")) as Record<string, number[]>
    )[`${zone}_v100_1`]!;
    const startS = Date.parse(`${lines[0]!.split(",")[0]!.replace(" ", "T")}Z`) / 1000;
    for (const [i, line] of lines.entries()) {
      const [stamp, available] = line.split(",");
      const timeS = Date.parse(`${stamp!.replace(" ", "T")}Z`) / 1000 - startS;
      if (table.capacityAt(m, timeS) !== Number(available) || table.priceUsdPerHourAt(m, timeS) !== prices[i]) {
        throw new Error(
          `${zone} tick ${i}: ${table.capacityAt(m, timeS)} at ${table.priceUsdPerHourAt(m, timeS)}, the file says ${line} at ${prices[i]}`,
        );
      }
    }
    expect(trace.report.markets[m]!.availability).toBeCloseTo(0.682, 3);
  });
});
