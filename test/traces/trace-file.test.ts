import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type MarketSeries, seriesOf, TraceError, tableFromSeries, windowOf } from "../../traces/columns.ts";
import type { ImportReport } from "../../traces/import-report.ts";
import { isTraceFile, openTraceFile, writeTraceFile } from "../../traces/trace-file.ts";
import type { TraceTable } from "../../traces/trace-table.ts";

const folder = mkdtempSync(join(tmpdir(), "trace-file-"));
const report: ImportReport = {
  format: "invented",
  files: [],
  rowsRead: 0,
  kept: 0,
  collapsed: 0,
  merged: 0,
  dropped: [],
  contradictions: 0,
  gaps: { count: 0, rule: "hold" },
  warnings: ["zône"],
  startsAt: "time 0",
  hours: 1,
  markets: [],
};
let written = 0;
const fileOf = (table: TraceTable): string => {
  const path = join(folder, `${written++}.trace`);
  writeTraceFile(path, { table, report });
  return path;
};
const series = (zone: string, price: MarketSeries["price"], capacity?: MarketSeries["capacity"]): MarketSeries => ({
  market: { instanceType: "g.x", region: "r", zone, capacityType: "spot" },
  price,
  ...(capacity && { capacity }),
  depth: { kind: "observed", instances: 3 },
  gapS: 7,
});
const plain = (table: TraceTable) =>
  seriesOf(table).map(({ market, price, capacity, depth, gapS }) => ({
    market,
    depth,
    gapS,
    timesS: [...(price.timesS as Float64Array)],
    usdPerHour: [...(price.usdPerHour as Float64Array)],
    countTimesS: capacity && [...(capacity.timesS as Float64Array)],
    counts: capacity && [...(capacity.counts as Float64Array)],
  }));

/** Three blocks and a bit of whole seconds and micro-dollars. */
const long = (n = 13_000) =>
  series(
    "long",
    {
      timesS: Array.from({ length: n }, (_, i) => 60 * i),
      usdPerHour: Array.from({ length: n }, (_, i) => (300_000 + ((i * 7919) % 100_000)) / 1e6),
    },
    { timesS: Array.from({ length: n }, (_, i) => 60 * i), counts: Array.from({ length: n }, (_, i) => i % 4) },
  );

describe("a table file", () => {
  it("gives back any window of any table, to the last bit", () => {
    const times = (value: fc.Arbitrary<number>) =>
      fc
        .uniqueArray(fc.oneof(fc.integer({ min: 1, max: 9_999 }), fc.double({ min: 0.1, max: 9_999, noNaN: true })), {
          maxLength: 40,
        })
        .chain((later) => {
          const timesS = [0, ...later.sort((a, b) => a - b)];
          return fc.array(value, { minLength: timesS.length, maxLength: timesS.length }).map((values) => ({
            timesS,
            values,
          }));
        });
    const price = times(
      fc.oneof(
        fc.nat(5_000_000).map((micro) => micro / 1e6),
        fc.double({ min: 0, max: 1e6, noNaN: true }),
      ),
    );
    fc.assert(
      fc.property(
        price,
        times(fc.nat(20)),
        fc.nat(9_000),
        fc.integer({ min: 1, max: 999 }),
        (prices, counts, fromS, lengthS) => {
          const table = tableFromSeries(
            [
              series(
                "a",
                { timesS: prices.timesS, usdPerHour: prices.values },
                { timesS: counts.timesS, counts: counts.values },
              ),
              series("b", { timesS: [0], usdPerHour: [1] }),
            ],
            { digest: "d", endS: 10_000 },
          );
          const file = openTraceFile(fileOf(table));
          expect(plain(file.window(fromS, lengthS))).toEqual(plain(windowOf(table, fromS, lengthS)));
          expect({ ...file, path: 0, window: 0, codings: 0, markets: file.markets() }).toEqual({
            path: 0,
            digest: "d",
            endS: 10_000,
            report,
            markets: table.markets,
            window: 0,
            codings: 0,
          });
        },
      ),
      { numRuns: 40 },
    );
  });

  it("gives back windows within, across and at the edges of its blocks of 4,096 steps", () => {
    const table = tableFromSeries([long()], { digest: "d", endS: 60 * 13_000 });
    const file = openTraceFile(fileOf(table));
    expect(file.codings).toEqual(["micro-dollars"]);
    for (const step of [0, 1, 4_095, 4_096, 4_097, 8_191, 8_192, 12_287, 12_288, 12_989]) {
      for (const fromS of [60 * step, 60 * step + 30]) {
        for (const lengthS of [1, 60, 61, 600]) {
          expect(plain(file.window(fromS, lengthS))).toEqual(plain(windowOf(table, fromS, lengthS)));
        }
      }
    }
    expect(plain(file.window(0, table.endS))).toEqual(plain(table));
  });

  it("holds whole seconds and micro-dollars in 8 bytes a step, anything finer or larger as doubles, never rounded", () => {
    const { price } = long();
    const codingOf = (timesS: ArrayLike<number>, usdPerHour: ArrayLike<number>) => {
      const table = tableFromSeries([series("a", { timesS, usdPerHour })], { digest: "d", endS: 1e9 });
      const path = fileOf(table);
      expect(plain(openTraceFile(path).window(0, 1e9))).toEqual(plain(table));
      return openTraceFile(path).codings[0];
    };
    expect(codingOf([0, 1], [4294.967295, 0.000001])).toBe("micro-dollars");
    expect(codingOf([0, 1], [4294.967296, 1])).toBe("doubles");
    expect(codingOf([0, 1], [1.2648906835995635, 1])).toBe("doubles");
    expect(codingOf([0, 0.5], [1, 2])).toBe("doubles");
    const table = tableFromSeries([series("a", price)], { digest: "d", endS: 60 * 13_000 });
    expect(readFileSync(fileOf(table)).length).toBeLessThan(8 * 13_000 + 2_000);
  });

  it("reads only the markets and times that are named: damage elsewhere does no harm, damage there is refused", () => {
    const table = tableFromSeries([long(), series("other", { timesS: [0, 50], usdPerHour: [0.123456, 0.2] })], {
      digest: "d",
      endS: 60 * 13_000,
    });
    const path = fileOf(table);
    const bytes = readFileSync(path);
    const head = 32;
    const directory = 4 * 12;
    const secondBlock = head + directory + 4_096 * 8;
    bytes[secondBlock + 100]! ^= 1;
    writeFileSync(path, bytes);
    const file = openTraceFile(path);
    const only = (zone: string) => ({ zones: [zone] });
    expect(plain(file.window(0, 1_000, only("long")))).toEqual(plain(windowOf(table, 0, 1_000, only("long"))));
    expect(plain(file.window(0, 60 * 13_000, only("other")))).toEqual(
      plain(windowOf(table, 0, 60 * 13_000, only("other"))),
    );
    expect(() => file.window(60 * 5_000, 60)).toThrow(/damaged, a checksum does not match; delete it/);
  });

  it("is refused when it is cut short, damaged, of another version, or no table file", () => {
    const path = fileOf(tableFromSeries([long(10)], { digest: "d", endS: 600 }));
    const bytes = readFileSync(path);
    const spoilt = (name: string, content: Uint8Array) => {
      const at = join(folder, name);
      writeFileSync(at, content);
      return at;
    };
    for (const length of [33, 100, bytes.length - 1]) {
      expect(() => openTraceFile(spoilt("cut", bytes.subarray(0, length)))).toThrow(/cut short/);
    }
    const index = Buffer.from(bytes);
    index[index.length - 3]! ^= 1;
    expect(() => openTraceFile(spoilt("index", index))).toThrow(/damaged/);
    const version = Buffer.from(bytes);
    version.writeUInt32LE(3, 12);
    expect(() => openTraceFile(spoilt("version", version))).toThrow(
      /another version, this workbench reads 5; import the source again/,
    );
    expect(() => openTraceFile(spoilt("old", Buffer.from("SYNKTI-TRACE 1\n{}\n")))).toThrow(/another version/);
    for (const content of [Buffer.alloc(0), Buffer.from("hello")]) {
      const at = spoilt("none", content);
      expect(isTraceFile(at)).toBe(false);
      expect(() => openTraceFile(at)).toThrow(/not a table file/);
    }
    expect(() => openTraceFile(join(folder, "absent"))).toThrow(/cannot be read \(ENOENT\)/);
    expect(() => openTraceFile(folder)).toThrow(/not a file/);
    expect(isTraceFile(path)).toBe(true);
  });

  it("names both lengths when the trace is shorter than the window, and never wraps around", () => {
    const file = openTraceFile(fileOf(tableFromSeries([long(61)], { digest: "d", endS: 3_600 })));
    expect(() => file.window(1_800, 3_600)).toThrow(
      "the trace is 1 h long, the window needs it from 0.5 h to 1.5 h; shorten the window or use a longer trace",
    );
    for (const [fromS, lengthS] of [
      [-1, 10],
      [0, 0],
      [0, Number.NaN],
      [Number.NaN, 1],
    ] as const) {
      expect(() => file.window(fromS, lengthS)).toThrow(TraceError);
    }
    expect(() => file.window(0, 10, { zones: ["none"] })).toThrow(/no zone is called "none"; did you mean "/);
    const { instanceType, zone } = file.markets()[0]!;
    // One slip beside a name that is there would leave a market out in silence.
    expect(() => file.window(0, 10, { zones: [zone, "none"] })).toThrow(/no zone is called "none"; did you mean "/);
    expect(() => file.window(0, 10, { instanceTypes: [instanceType, "none"] })).toThrow(
      /no instance type is called "none"; did you mean "/,
    );
    expect(() => file.window(0, 10, { instanceTypes: ["none"] })).toThrow(
      /no instance type is called "none"; did you mean "/,
    );
  });

  it("finds markets by their type whatever it is called, one named twice once, and one that is part of another's name not", () => {
    const named = (instanceType: string): MarketSeries => {
      const { market, ...rest } = long(3);
      return { ...rest, market: { ...market, instanceType } };
    };
    const types = ["g5.xlarge", "g5.xlarge.metal", 'a "b"\tc\nd', "ü.1"];
    const file = openTraceFile(fileOf(tableFromSeries(types.map(named), { digest: "d", endS: 600 })));
    expect(file.markets().map(({ instanceType }) => instanceType)).toEqual(types);
    for (const type of types) {
      const { markets } = file.window(0, 60, { instanceTypes: [type, type] });
      expect(markets.map(({ instanceType }) => instanceType)).toEqual([type]);
    }
  });

  it("is there whole or not at all: what cannot be written leaves nothing behind", () => {
    const table = tableFromSeries([long(10)], { digest: "d", endS: 600 });
    expect(() => writeTraceFile(join(folder, "no", "such.trace"), { table, report })).toThrow(
      /cannot be written \(ENOENT\); name a file/,
    );
    const inTheWay = mkdtempSync(join(folder, "in-the-way-"));
    const before = readdirSync(folder);
    expect(() => writeTraceFile(inTheWay, { table, report })).toThrow(
      /cannot be written \((EISDIR|ENOTEMPTY|EPERM|EEXIST)\)/,
    );
    expect(readdirSync(folder)).toEqual(before);
  });
});
