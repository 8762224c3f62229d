import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { tableHandle } from "../../traces/columns.ts";
import { openStudyTrace, type TraceRef } from "../../traces/open.ts";
import { writeTraceFile } from "../../traces/trace-file.ts";
import { convertedRoot, describeReal, dimeRoot, skynomadRoot, skypilotRoot } from "./real-data.ts";

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
    expect(trace.markets()).toEqual([
      { instanceType: "g.x", region: "xx-east-1", zone: "xx-east-1a", capacityType: "spot", product: "Linux/UNIX" },
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

  it("takes one product: the one that is named, or the only one; over all files", async () => {
    const linux = row(0, "0.3");
    const windows = row(10, "0.9", { ProductDescription: "Windows" });
    const apart = { files: [file(answer([linux, row(20, "0.5")])), file(answer([windows]))] };
    const both = await open(apart);
    expect(both.report.markets.map(({ name }) => name)).toEqual([
      "g.x xx-east-1a Linux/UNIX",
      "g.x xx-east-1a Windows",
    ]);
    expect(() => both.window(0, 60)).toThrow(
      /products Linux\/UNIX, Windows .* say which is meant: product: Linux\/UNIX/,
    );
    expect(both.window(0, 60, { product: "Windows" }).priceUsdPerHourAt(0, 0)).toBe(0.9);
    expect((await open({ files: [both.path], product: "Windows" })).window(0, 60).markets).toHaveLength(1);
    const { report } = await open({ ...apart, product: "Linux/UNIX" });
    expect(report).toMatchObject({
      rowsRead: 3,
      kept: 2,
      dropped: [{ why: "of another product than Linux/UNIX", rows: 1 }],
    });
    await expect(open({ ...apart, product: "SUSE" })).rejects.toThrow(/no rows at all/);
  });

  it("refuses a stamp without its zone", async () => {
    const local = row(0, "0.3", { Timestamp: "2026-01-01 00:00:00" });
    await expect(open({ files: [file(answer([local]))] })).rejects.toThrow(/does not say its time zone; add tz: UTC/);
  });

  it("starts when every market has a price, and says what it cut and why", async () => {
    const late = (minute: number, price: string) => row(minute, price, { AvailabilityZone: "xx-east-1b" });
    const trace = await open({
      files: [file(answer([row(0, "0.1"), row(5, "0.2"), row(20, "0.3"), row(40, "0.4"), late(30, "0.9")]))],
    });
    // At 30 min zone a stands at 0.3, its third row: two rows went.
    expect(trace.report).toMatchObject({ rowsRead: 5, kept: 3, startsAt: "2026-01-01T00:30:00.000Z" });
    expect(trace.report.dropped).toEqual([
      { why: "before every market has a value (g.x xx-east-1b is the last)", rows: 2 },
    ]);
    expect(trace.report.markets[0]).toMatchObject({ fromH: -0.5, toH: 1 / 6 });
    expect(trace.window(0, 600).priceUsdPerHourAt(0, 0)).toBe(0.3);
  });

  it("names a market that falls silent: AWS repeats an unchanged price about daily", async () => {
    const day = (d: number, zone: string) =>
      row(0, "0.3", { AvailabilityZone: zone, Timestamp: `2026-01-0${d}T00:00:00Z` });
    const { report } = await open({
      files: [file(answer([day(1, "xx-east-1a"), day(1, "xx-east-1b"), day(5, "xx-east-1b")]))],
    });
    expect(report.warnings.slice(0, 1)).toEqual([
      expect.stringMatching(/the last price is held: g.x xx-east-1a for 96 h/),
    ]);
    expect(report.warnings[1]).toContain(
      "a gap, the last value is held over it: g.x xx-east-1b: price: no row for 96.0 h",
    );
    expect(report.gaps).toEqual({ count: 1, rule: "hold" });
  });

  it("a history of one instant is none", async () => {
    await expect(open({ files: [file(answer([row(0, "0.3")]))] })).rejects.toThrow(/all rows are of one instant/);
  });

  it("within a pull the last row in time order stands; read from its end where it comes newest first", async () => {
    const priceOf = async (rows: readonly object[]) => {
      const trace = await open({ files: [file(answer(rows))] });
      expect(trace.report.contradictions).toBe(1);
      expect(trace.report.warnings).toEqual([expect.stringContaining("at 2026-01-01T00:10:00.000Z")]);
      return trace.window(0, 1200).priceUsdPerHourAt(0, 600);
    };
    expect(await priceOf([row(0, "0.3"), row(10, "0.4"), row(10, "0.5"), row(20, "0.6")])).toBe(0.5);
    expect(await priceOf([row(20, "0.6"), row(10, "0.5"), row(10, "0.4"), row(0, "0.3")])).toBe(0.5);
  });

  it("one pull that holds two pools under one name is refused with the first two rows that differ", async () => {
    const minutes = Array.from({ length: 30 }, (_, i) => i);
    const both = minutes.flatMap((minute) => [row(minute, "0.3"), row(minute, "0.8")]);
    await expect(open({ files: [file(answer(both))] })).rejects.toThrow(
      /g.x xx-east-1a: price: 0.3 and 0.8 at 2026-01-01T00:00:00.000Z, 0.3 and 0.8 at 2026-01-01T00:01:00.000Z/,
    );
  });

  it("reads what PowerShell redirects: UTF-16 with its mark", async () => {
    const path = file("");
    writeFileSync(path, Buffer.from(`\uFEFF${answer([row(10, "0.4"), row(0, "0.3")])}`, "utf16le"));
    expect((await open({ files: [path] })).report.rowsRead).toBe(2);
  });

  it.each([
    ["us-east-1a", "us-east-1"],
    ["us-gov-west-1b", "us-gov-west-1"],
    ["us-west-2-lax-1a", "us-west-2"],
    ["us-central1-a", "us-central1"],
    ["use1-az6", "us-east-1"],
    ["usgw1-az1", "us-gov-west-1"],
    ["usw2-lax1-az2", "us-west-2"],
    ["apne1-az4", "ap-northeast-1"],
  ])("zone %s lies in region %s", async (zone, region) => {
    const at = { AvailabilityZone: zone };
    const trace = await open({ files: [file(answer([row(10, "0.4", at), row(0, "0.3", at)]))] });
    expect(trace.markets()[0]!.region).toBe(region);
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
      /add polarity: available to the study, or --polarity available to npm run traces -- import, or preempted/,
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
    ["no prices", probes([1]), /there is capacity but no price; .*state a constant one: add usdPerHour/],
    ["a short price list", probes([1, 1], [1]), /2 values in data but 1 in prices/],
    ["half a count", probes([0.5], [1]), /data\[0\]: 0.5 is no count/],
    ["a text for a price", probes([1], ["n/a"]), /prices\[0\]: price "n\/a" is not a number/],
    ["no gap", '{"metadata":{"gap_seconds":0},"data":[1]}', /metadata.gap_seconds/],
  ])("refuses %s", async (_, text, message) => {
    await expect(open({ files: [file(text)], polarity: "available", zone: "z", ...identity })).rejects.toThrow(message);
  });

  it("counts every value once: read is kept, collapsed, merged, contradicted and dropped together", async () => {
    const path = file(probes([1, 1, 1, 1], [0.5, 0.5, 0.5, 0.5]), `c-${named}`);
    const { report } = await open({ files: [path], polarity: "available", zone: "z", ...identity });
    expect(report).toMatchObject({ rowsRead: 8, kept: 2, collapsed: 6, merged: 0, dropped: [] });
  });

  it("ends when the first market is no longer watched: nothing is made up for it", async () => {
    const files = [
      file(probes([1, 1, 0, 1, 0], [1, 1, 1, 1, 2]), "xx-west-2a_x.json"),
      file(probes([0, 1], [3, 3]), "xx-west-2b_x.json"),
    ];
    const trace = await open({ files, polarity: "available", ...identity });
    expect(trace.endS).toBe(200);
    expect(trace.report.dropped).toEqual([{ why: "after v.x xx-west-2b is no longer watched", rows: 3 }]);
    expect(trace.report.warnings).toEqual([
      expect.stringContaining("100 s apart, as the files declare"),
      expect.stringContaining("nothing says that they began together"),
    ]);
  });

  it("equal bytes in the names of two zones are two traces", async () => {
    const text = probes([1, 0], [1, 1]);
    const [a, b] = [file(text, "xx-west-3a_x.json"), file(text, "xx-west-3b_x.json")];
    const inA = await open({ files: [a], polarity: "available", ...identity });
    const inB = await open({ files: [b], polarity: "available", ...identity });
    expect([inA, inB].map((trace) => trace.markets()[0]!.zone)).toEqual(["xx-west-3a", "xx-west-3b"]);
    expect(inA.digest).not.toBe(inB.digest);
  });

  it("the zone may stand in the folder's name; files of one name are told apart", async () => {
    const files = ["xx-west-2a_v100_1", "xx-west-2b_v100_1"].map((zone) => {
      mkdirSync(join(folder, zone), { recursive: true });
      return file(probes([1, 0], [1, 1]), join(zone, "full.json"));
    });
    const trace = await open({ files, polarity: "preempted", ...identity });
    expect(trace.markets().map(({ zone }) => zone)).toEqual(["xx-west-2a", "xx-west-2b"]);
    expect(trace.report.files.map(({ name }) => name)).toEqual([
      "xx-west-2a_v100_1/full.json",
      "xx-west-2b_v100_1/full.json",
    ]);
  });

  it("a stated price stands where the file has none, and is named", async () => {
    const trace = await open({
      files: [file(probes([1, 0, 1]))],
      polarity: "available",
      zone: "z",
      usdPerHour: 0.9,
      ...identity,
    });
    expect(trace.window(0, 300).costUsd(0, 0, 300)).toBeCloseTo(0.075, 12);
    expect(trace.report).toMatchObject({ rowsRead: 3, kept: 3 });
    expect(trace.report.warnings[0]).toBe("usdPerHour: 0.9 stands for every market without prices");
  });

  it("a source without stamps cannot lie beside one that has them", async () => {
    const stamped = JSON.stringify({
      metadata: { gap_seconds: 100, start_time: "2026-01-01T00:00:00.002281+00:00", zone: "xx-west-2b" },
      data: [1, 0],
      prices: [1, 1],
    });
    expect((await open({ files: [file(stamped)], polarity: "available", ...identity })).report.startsAt).toBe(
      "2026-01-01T00:00:00.002Z",
    );
    const files = [file(stamped), file(probes([1, 0], [1, 1]), `d/${named}`.replace("d/", "xx-west-2a_d_"))];
    await expect(open({ files, polarity: "available", ...identity })).rejects.toThrow(
      /v.x xx-west-2a has no time stamps and/,
    );
    const local = stamped.replace("+00:00", "");
    await expect(open({ files: [file(local)], polarity: "available", ...identity })).rejects.toThrow(
      /metadata.start_time: .* does not say its time zone/,
    );
  });

  it("refuses to guess zone and type", async () => {
    const path = file(probes([1], [1]));
    await expect(open({ files: [path], polarity: "available", ...identity })).rejects.toThrow(/add zone: NAME/);
    await expect(open({ files: [path], polarity: "available", zone: "z" })).rejects.toThrow(/add instanceType: NAME/);
  });
});

describe("availability CSV and the prices on its ticks", () => {
  const csv = (rows: readonly string[], end = "\n") => ["date,availability", ...rows].join(end);
  const zoneA = "xx-west-2a_v100_1.csv";
  const rows = ["2026-01-01 00:00:00,0", "2026-01-01 00:03:15,1", "2026-01-01 00:06:30,1", "2026-01-01 00:10:00,0"];
  const identity = { instanceType: "v.x" };

  it("are one table; the gap between probes is the median, the cadence that of the stamps", async () => {
    const prices = file(
      JSON.stringify({ "xx-west-2a_v100_1": [0.5, 0.5, 0.6, 0.6], "xx-west-2b_v100_1": [1, 1, 1, 1] }),
    );
    for (const end of ["\n", "\r\n"]) {
      // Prices named first: the order of the files does not matter.
      const trace = await open({ files: [prices, file(csv(rows, end), zoneA)], ...identity });
      const table = trace.window(0, trace.endS);
      expect([0, 194, 195, 599, 600].map((timeS) => table.capacityAt(0, timeS))).toEqual([0, 0, 1, 1, 0]);
      expect(table.nextPriceChangeS(0, 0)).toBe(390);
      expect([table.gapS(0), trace.endS]).toEqual([195, 795]);
      expect(trace.report).toMatchObject({ rowsRead: 12, kept: 5, collapsed: 3, startsAt: "2026-01-01T00:00:00.000Z" });
      expect(trace.report.dropped).toEqual([
        { why: "prices of zones without availability: xx-west-2b_v100_1", rows: 4 },
      ]);
    }
  });

  it("1 is available by the column's name; another polarity can be said", async () => {
    const path = file(csv(rows), zoneA);
    const share = async (polarity?: "preempted") =>
      (await open({ files: [path], usdPerHour: 1, ...identity, ...(polarity && { polarity }) })).report.markets[0]!
        .availability;
    expect(await share()).toBeCloseTo(405 / 795, 12);
    expect(await share("preempted")).toBeCloseTo(390 / 795, 12);
  });

  it.each<[string, string[], RegExp]>([
    ["a count that is none", ["2026-01-01 00:00:00,n/a"], /csv:2: availability: "n\/a" is no count/],
    ["half a count", ["2026-01-01 00:00:00,1", "2026-01-01 00:03:00,0.5"], /csv:3: availability: "0.5" is no count/],
    ["a stamp of another shape", ["01.01.2026,1"], /csv:2: "01.01.2026" is no time stamp; expected/],
    ["a row that breaks off", ["2026-01-01 00:00:00,1", "2026-01-01"], /csv:3: /],
    ["a row too long", ["2026-01-01 00:00:00,1,7"], /csv:2: expected the columns date,availability/],
    ["an open quote", ['"2026-01-01 00:00:00,1'], /csv:2: no CSV \(Parse Error.*mend the row/],
    ["a header without rows", [], /no rows under the header/],
  ])("refuses %s", async (_, lines, message) => {
    await expect(open({ files: [file(csv(lines), zoneA)], usdPerHour: 1, ...identity })).rejects.toThrow(message);
  });

  it.each<[string, string, RegExp]>([
    ["prices of other zones only", '{"yy_1":[1,1,1,1]}', /no prices for zone xx-west-2a; it has yy_1/],
    [
      "too few prices",
      '{"xx-west-2a_1":[1]}',
      /1 prices for 4 ticks of availability; the files do not belong together/,
    ],
    [
      "NaN as Python writes it",
      '{"xx-west-2a_1":[1,\n1,\nNaN,1]}',
      /json:3: NaN is not a number; drop the row or mend it/,
    ],
    ["a price below 0", '{"xx-west-2a_1":[1,1,-1,1]}', /xx-west-2a_1\[2\]: price -1 is below 0/],
    ["a hexadecimal price", '{"xx-west-2a_1":[1,1,"0x10",1]}', /price "0x10" is not a number/],
  ])("refuses %s", async (_, text, message) => {
    await expect(open({ files: [file(csv(rows), zoneA), file(text)], ...identity })).rejects.toThrow(message);
  });

  it("refuses prices without their ticks", async () => {
    await expect(open({ files: [file('{"xx-west-2a_1":[1]}')] })).rejects.toThrow(
      /prices without ticks; name the availability files/,
    );
  });
});

describe("files that are no trace", () => {
  it.each<[string, string, RegExp]>([
    ["zero bytes", "", /the file is empty; the download failed/],
    ...[10, 40, 60, 133, 160, 180].map((length): [string, string, RegExp] => [
      `the first ${length} bytes of a JSON file`,
      answer([row(0, "0.3")], { NextToken: "" }).slice(0, length),
      /the JSON breaks off, the download is incomplete; get it again/,
    ]),
    ["a Git LFS pointer", "version https://git-lfs.github.com/spec/v1\noid sha256:0", /Git LFS pointer/],
    ["something else", "hello", /no known trace format; known are/],
  ])("%s", async (_, text, message) => {
    await expect(open({ files: [file(text)] })).rejects.toThrow(message);
  });

  it("a file that is not there, a data set without its folder, a data set that does not exist", async () => {
    await expect(open({ files: [join(folder, "none.json")] })).rejects.toThrow(/cannot be read \(ENOENT\)/);
    vi.stubEnv("XDG_CACHE_HOME", "nowhere");
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

describe("a table file as a trace", () => {
  it("opens with the digest and report of its source, by itself only", async () => {
    const source = file(answer([row(30, "0.5"), row(0, "0.3")]));
    const trace = await open({ files: [source] });
    const path = join(folder, "own.trace");
    writeTraceFile(path, { table: trace.window(0, trace.endS), report: trace.report });
    const again = await open({ files: [path] });
    expect([again.digest, again.report]).toEqual([trace.digest, trace.report]);
    expect(again.window(0, 900).costUsd(0, 0, 900)).toBe(trace.window(0, 900).costUsd(0, 0, 900));
    await expect(open({ files: [path, source] })).rejects.toThrow(/a table file is a whole trace; name it alone/);
  });
});

describeReal("the real p3 traces", () => {
  it("agree with a naive reading of the same files, tick by tick in all nine zones", async () => {
    const trace = await open({ dataset: "skynomad-p3", root: skynomadRoot });
    const { rowsRead, kept, collapsed, merged, dropped } = trace.report;
    expect(rowsRead).toBe(2 * 9 * 20_158);
    expect([merged, dropped]).toEqual([0, []]);
    expect(kept + collapsed).toBe(rowsRead);
    const table = trace.window(0, trace.endS);
    expect(trace.markets()).toHaveLength(9);
    const priceFile = readFileSync(join(skynomadRoot, "data/v100_spot_prices.json"), "utf8");
    const prices = JSON.parse(priceFile) as Record<string, number[]>;
    const changes = { price: 0, capacity: 0 };
    for (const [m, { zone }] of trace.markets().entries()) {
      const path = join(skynomadRoot, `data/real/availability/2023-02-15/processed/${zone}_v100_1.csv`);
      const lines = readFileSync(path, "utf8").trim().split("\n").slice(1);
      const usd = prices[`${zone}_v100_1`]!;
      const startS = Date.parse(`${lines[0]!.split(",")[0]!.replace(" ", "T")}Z`) / 1000;
      for (const [i, line] of lines.entries()) {
        const [stamp, available] = line.split(",");
        const timeS = Date.parse(`${stamp!.replace(" ", "T")}Z`) / 1000 - startS;
        if (i === 0 || usd[i] !== usd[i - 1]) changes.price++;
        if (i === 0 || available !== lines[i - 1]!.split(",")[1]) changes.capacity++;
        if (table.capacityAt(m, timeS) !== Number(available) || table.priceUsdPerHourAt(m, timeS) !== usd[i]) {
          throw new Error(
            `${zone} tick ${i}: ${table.capacityAt(m, timeS)} at ${table.priceUsdPerHourAt(m, timeS)}, the file says ${line} at ${usd[i]}`,
          );
        }
      }
    }
    expect(kept).toBe(changes.price + changes.capacity);
  });

  it("say the same from the cache as from the files", async () => {
    const [first, cached] = [
      await open({ dataset: "skynomad-p3", root: skynomadRoot }),
      await open({ dataset: "skynomad-p3", root: skynomadRoot }),
    ];
    const fresh = await openStudyTrace(
      { dataset: "skynomad-p3", root: skynomadRoot },
      mkdtempSync(join(tmpdir(), "traces-")),
    );
    for (const trace of [first, cached]) {
      expect(trace.report).toEqual(fresh.report);
      const [a, b] = [trace.window(7 * 86_400, 86_400), fresh.window(7 * 86_400, 86_400)];
      expect(Buffer.from(tableHandle(a).buffer).equals(Buffer.from(tableHandle(b).buffer))).toBe(true);
    }
  });
});

describeReal("real AWS pulls, 270 files", () => {
  it("agree with a naive reading: rows, what is merged and collapsed, and the mean price of every pool", async () => {
    const files = readdirSync(dimeRoot).flatMap((region) =>
      readdirSync(join(dimeRoot, region)).map((name) => join(dimeRoot, region, name)),
    );
    const pools = new Map<string, Map<number, number>>();
    let rows = 0;
    let distinct = 0;
    for (const path of files) {
      const { SpotPriceHistory } = JSON.parse(readFileSync(path, "utf8")) as {
        SpotPriceHistory: Record<string, string>[];
      };
      for (const { InstanceType, AvailabilityZone, SpotPrice, Timestamp } of SpotPriceHistory) {
        rows++;
        const name = `${InstanceType} ${AvailabilityZone}`;
        const pool = pools.get(name) ?? new Map<number, number>();
        pools.set(name, pool);
        if (!pool.has(Date.parse(Timestamp!))) distinct++;
        pool.set(Date.parse(Timestamp!), Number(SpotPrice));
      }
    }
    expect([rows, distinct, pools.size]).toEqual([16_973, 16_560, 98]); // its SOURCE.md says so
    const trace = await open({ files });
    const { report } = trace;
    expect(report).toMatchObject({ rowsRead: rows, merged: rows - distinct, contradictions: 0 });
    expect(report.warnings.filter((each) => each.includes("an empty list"))).toHaveLength(110);
    expect(report.warnings.filter((each) => each.includes("NextToken"))).toHaveLength(1);

    const startMs = Math.max(...[...pools.values()].map((pool) => Math.min(...pool.keys())));
    const endMs = Math.max(...[...pools.values()].flatMap((pool) => [...pool.keys()]));
    expect(report.startsAt).toBe(new Date(startMs).toISOString());
    expect(trace.endS).toBe((endMs - startMs) / 1000);
    const table = trace.window(0, trace.endS);
    let collapsed = 0;
    for (const [m, { instanceType, zone }] of trace.markets().entries()) {
      const pool = [...pools.get(`${instanceType} ${zone}`)!].sort((a, b) => a[0] - b[0]);
      let usd = 0;
      for (const [i, [timeMs, price]] of pool.entries()) {
        if (i > 0 && price === pool[i - 1]![1]) collapsed++;
        const [fromMs, toMs] = [Math.max(startMs, timeMs), pool[i + 1]?.[0] ?? endMs];
        if (toMs > fromMs) usd += (price * (toMs - fromMs)) / 3_600_000;
      }
      expect(table.costUsd(m, 0, trace.endS)).toBeCloseTo(usd, 8);
    }
    expect(report.collapsed).toBe(collapsed);
    const dropped = report.dropped.reduce((sum, each) => sum + each.rows, 0);
    expect(report.kept).toBe(distinct - collapsed - dropped);
  });
});

describeReal("real probe series", () => {
  it("keep counts, prices finer than a micro-dollar and their declared gap", async () => {
    const zones = ["us-east-1f", "us-east-2a", "us-west-2c"];
    const files = zones.map((zone) => join(convertedRoot, `${zone}_v100_1`, "full.json"));
    const trace = await open({ files, polarity: "preempted", instanceType: "p3.2xlarge" });
    for (const [m, path] of files.entries()) {
      const { data, prices } = JSON.parse(readFileSync(path, "utf8")) as { data: number[]; prices: number[] };
      const table = trace.window(0, trace.endS);
      expect(trace.endS).toBe(600 * data.length);
      for (const [i, value] of data.entries()) {
        if (table.capacityAt(m, 600 * i) !== 1 - value || table.priceUsdPerHourAt(m, 600 * i) !== prices[i]) {
          throw new Error(`${path}: data[${i}]`);
        }
      }
    }
    const fourNodes = join(skypilotRoot, "preemption/4-node/aws-08-03-2023/us-east-2a_v100_1.json");
    const counted = await open({
      files: [fourNodes],
      polarity: "available",
      instanceType: "p3.2xlarge",
      usdPerHour: 1,
    });
    expect(counted.window(0, 300).depth(0)).toEqual({ kind: "observed", instances: 4 });
  });
});
