import { mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { parseString } from "fast-csv";
import { describe, expect, it } from "vitest";
import { seriesOf } from "../../traces/columns.ts";
import { ByteKeys } from "../../traces/formats/byte-keys.ts";
import { priceArchive } from "../../traces/formats/price-archive.ts";
import type { SourceFile } from "../../traces/formats/source-file.ts";
import { type ImportOptions, importAny, openStudyTrace } from "../../traces/open.ts";

const folder = mkdtempSync(join(tmpdir(), "archive-"));
let written = 0;
const file = (bytes: Uint8Array | string) => {
  const path = join(folder, `m${written++}`);
  writeFileSync(path, bytes);
  return path;
};
const fresh = () => mkdtempSync(join(folder, "cache-"));
const open = (files: readonly string[], options: ImportOptions = {}, cache = fresh()) =>
  openStudyTrace({ files, ...options }, cache);
const row = (zone: string, usd: string, stamp: string, type = "g5.xlarge", product = "Linux/UNIX") =>
  `${zone}\t${type}\t${product}\t${usd}\t${stamp}\n`;
const january = (day: number, time = "00:00:00") => `2026-01-${String(day).padStart(2, "0")}T${time}+00:00`;

/** Rows as the splitter hands them on, and as fast-csv and Date read them. */
async function split(text: string, size: number): Promise<string[]> {
  const bytes = Buffer.from(text);
  const chunks = async function* () {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  };
  const names: string[] = [];
  const rows: string[] = [];
  const sink = {
    market: ({ zone, instanceType, product }: { zone: string; instanceType: string; product?: string }) =>
      names.push(`${zone} ${instanceType} ${product}`) - 1,
    add: (market: number, timeS: number, micro: number) => void rows.push(`${names[market]} ${micro} ${timeS}`),
    skip: () => {},
  };
  await priceArchive.stream({ path: "a", chunks } as unknown as SourceFile, {}, sink, () => {});
  return rows;
}
async function reference(text: string): Promise<string[]> {
  const rows: string[] = [];
  for await (const cells of parseString<string[], string[]>(text, { headers: false, delimiter: "\t", quote: null })) {
    const [zone, type, product, usd, stamp] = cells as string[];
    rows.push(`${zone} ${type} ${product} ${Math.round(Number(usd) * 1e6)} ${Date.parse(stamp!) / 1000}`);
  }
  return rows;
}

describe("the archive's splitter", () => {
  it("reads what fast-csv and Date read, wherever chunks end", async () => {
    const stamp = fc
      .date({ min: new Date("1971-01-01"), max: new Date("2099-12-31"), noInvalidDate: true })
      .chain((date) => {
        const text = date.toISOString().slice(0, 19);
        return fc.constantFrom(`${text}+00:00`, `${text}Z`, `${text}-07:00`, `${text}+0530`, `${text}.000Z`);
      });
    const usd = fc.oneof(
      fc.integer({ min: 0, max: 0xffffffff }).map((micro) => (micro / 1e6).toFixed(6)),
      fc.integer({ min: 0, max: 4000 }).map(String),
      fc.integer({ min: 0, max: 99999 }).map((each) => (each / 1e4).toFixed(4)),
      fc.constantFrom("1e-3", ".5", "4294.967295", "0"),
    );
    const zone = fc.constantFrom("use1-az1", "euc1-az2", "us-east-1a", "apne1-az4");
    const type = fc.constantFrom("g5.xlarge", "p4d.24xlarge", "c5-flex.large");
    const product = fc.constantFrom("Linux/UNIX", "Windows", "Red Hat Enterprise Linux", "Zürich");
    const rows = fc.array(fc.tuple(zone, type, product, usd, stamp), { minLength: 1, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(
        rows,
        fc.constantFrom("\n", "\r\n"),
        fc.boolean(),
        fc.integer({ min: 1, max: 97 }),
        async (list, end, whole, size) => {
          const text = list.map((cells) => cells.join("\t")).join(end) + (whole ? end : "");
          expect(await split(text, size)).toEqual(await reference(text));
        },
      ),
      { numRuns: 150 },
    );
  });

  it.each<[string, string, RegExp]>([
    ["a price that is none", row("use1-az1", "n/a", january(1)), /^a:1: price "n\/a" is not a number/],
    ["a price below 0", row("use1-az1", "-0.1", january(1)), /^a:1: price -0.1 is below 0/],
    [
      "a price finer than a micro-dollar",
      row("use1-az1", "0.1234567", january(1)),
      /^a:1: price 0.1234567 is finer than/,
    ],
    ["a price that is too large", row("use1-az1", "4294.967296", january(1)), /above 4,294 USD\/h; drop the row/],
    ["a day that no calendar has", row("use1-az1", "1", "2026-02-30T00:00:00+00:00"), /is no time stamp/],
    ["a time without its zone", row("use1-az1", "1", "2026-02-20T00:00:00"), /does not say its time zone/],
    ["half a second", row("use1-az1", "1", "2026-02-20T00:00:00.5Z"), /is no whole second of the years/],
    [
      "a column too few",
      `${row("use1-az1", "1", january(1))}use1-az1\tg5.xlarge\t0.4\n`,
      /^a:2: .* is no row of the price archive/,
    ],
    ["a column too many", row("use1-az1\tx", "1", january(1)), /^a:1: /],
    ["an empty zone", row("", "1", january(1)), /^a:1: .* is no row/],
    [
      "an endless line",
      `${row("use1-az1", "1", january(1))}${"x".repeat(100_000)}`,
      /^a:2: a line of more than 65536 bytes/,
    ],
  ])("refuses %s", async (_, text, message) => {
    await expect(split(text, 10_000)).rejects.toThrow(message);
  });

  it("tells keys apart by their bytes where their hashes are equal", () => {
    const keys = new ByteKeys();
    const known = new Map<string, number>();
    for (let i = 0; i < 70_000; i++) {
      const name = `key-${(i * 7919) % 40_000}${"-".repeat(i % 3 === 0 ? 70 : 0)}`;
      const data = Buffer.from(`..${name}`);
      const hash = ((i * 7919) % 40_000) & ~7; // eight keys share each
      const found = keys.find(hash, data, 2, data.length);
      expect(found).toBe(known.get(name) ?? -1);
      if (found === -1) known.set(name, keys.add(hash, data, 2, data.length));
    }
    expect(known.size).toBeGreaterThan(40_000);
  });
});

describe("the price archive", () => {
  const text =
    row("use1-az1", "0.440000", january(1)) +
    row("use1-az2", "0.500000", january(1)) +
    row("use1-az1", "9.000000", january(1), "g5.xlarge", "Windows") +
    row("use1-az1", "0.440000", january(3)) +
    row("use1-az1", "0.450000", january(5)) +
    row("use1-az3", "0.300000", january(6)) +
    row("use1-az2", "0.510000", january(11));

  it("by hand: products apart, equal neighbours collapsed, each market from its own first row", async () => {
    const trace = await open([file(zstdCompressSync(text))]);
    expect(trace.report).toMatchObject({
      format: "price-archive",
      rowsRead: 7,
      kept: 6,
      collapsed: 1,
      startsAt: "2026-01-01T00:00:00.000Z",
      hours: 240,
    });
    expect(trace.report.markets.map(({ name, fromH, toH, priceChanges }) => [name, fromH, toH, priceChanges])).toEqual(
      expect.arrayContaining([
        ["g5.xlarge use1-az1 Linux/UNIX", 0, 96, 1],
        ["g5.xlarge use1-az3 Linux/UNIX", 120, 120, 0],
      ]),
    );
    // 0.44 for 4 days, 0.45 for 6.
    expect(
      trace.report.markets.find(({ name }) => name.startsWith("g5.xlarge use1-az1 L"))!.meanUsdPerHour,
    ).toBeCloseTo(0.446, 9);
    const known = { product: "Linux/UNIX", zones: ["use1-az1", "use1-az2"] };
    const window = trace.window(0, 86_400, known);
    expect(window.markets.map(({ region, zoneId }) => [region, zoneId])).toEqual([
      ["us-east-1", "use1-az1"],
      ["us-east-1", "use1-az2"],
    ]);
    expect(() => trace.window(0, 86_400)).toThrow(/products Linux\/UNIX, Windows/);
    expect(() => trace.window(0, 86_400, { product: "Linux/UNIX" })).toThrow(
      "g5.xlarge use1-az3: its first row is at 120.00 h, the window begins at 0.00 h; leave it out under markets, or begin later",
    );
    expect(trace.window(5 * 86_400, 86_400, { product: "Linux/UNIX" }).markets).toHaveLength(3);
  });

  it("many frames, gzip and plain text are one and the same", async () => {
    const lines = text.split("\n").slice(0, -1);
    const frames = Buffer.concat(lines.map((line) => zstdCompressSync(`${line}\n`)));
    const table = async (bytes: Uint8Array | string) => {
      const trace = await open([file(bytes)], { product: "Linux/UNIX" });
      return [seriesOf(trace.window(5 * 86_400, 86_400)), { ...trace.report, files: [] }];
    };
    const plain = await table(text);
    for (const bytes of [frames, gzipSync(text), zstdCompressSync(text)]) expect(await table(bytes)).toEqual(plain);
  });

  it("months that overlap are merged, one product is taken where it is named", async () => {
    const next = row("use1-az2", "0.510000", january(11)) + row("use1-az2", "0.520000", january(20));
    const { report } = await open([file(text), file(next)], { product: "Linux/UNIX" });
    expect(report).toMatchObject({ rowsRead: 9, kept: 6, collapsed: 1, merged: 1 });
    expect(report.dropped).toEqual([{ why: "of another product than Linux/UNIX", rows: 1 }]);
    await expect(open([file(text)], { product: "SUSE" })).rejects.toThrow(/no rows at all of product SUSE/);
  });

  it("rows beyond what is kept in memory come back in order, against a naive reading", async () => {
    let state = 7;
    const random = (n: number) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * n);
    };
    const naive = new Map<string, [number, number][]>();
    const lines: string[] = [];
    const startS = Date.UTC(2026, 0, 1) / 1000;
    for (let i = 0; i < 60_000; i++) {
      const [zone, type] = [`use1-az${random(3)}`, `g${random(4)}.xlarge`];
      const timeS = i < 12 ? startS : startS + i;
      const micro = 100_000 + random(50);
      const key = `${type} ${zone}`;
      if (naive.get(key)?.at(-1)?.[0] === timeS) continue;
      naive.set(key, [...(naive.get(key) ?? []), [timeS, micro / 1e6]]);
      lines.push(
        row(zone, (micro / 1e6).toFixed(6), new Date(timeS * 1000).toISOString().replace(".000Z", "+00:00"), type),
      );
    }
    const trace = await open([file(zstdCompressSync(lines.join("")))]);
    const fromS = 1000;
    const table = trace.window(fromS, trace.endS - fromS);
    expect(table.markets).toHaveLength(naive.size);
    for (const [m, { instanceType, zone }] of table.markets.entries()) {
      const rows = naive.get(`${instanceType} ${zone}`)!;
      let usd = 0;
      for (const [i, [timeS, price]] of rows.entries()) {
        const from = Math.max(timeS, startS + fromS);
        const to = rows[i + 1]?.[0] ?? startS + trace.endS;
        if (to > from) usd += (price * (to - from)) / 3600;
      }
      expect(table.costUsd(m, 0, table.endS)).toBeCloseTo(usd, 8);
    }
  });

  it("a month that breaks off leaves nothing behind, neither table nor rows", async () => {
    const cache = fresh();
    const whole = zstdCompressSync(text.repeat(5_000));
    await expect(open([file(whole.subarray(0, whole.length - 5))], {}, cache)).rejects.toThrow(/breaks off/);
    await expect(open([file(`${text}x\ty\n`)], {}, cache)).rejects.toThrow(/:8: .* is no row/);
    expect(readdirSync(cache)).toEqual([]);
  });

  it("is not mixed with other formats, and stops at --max-bytes", async () => {
    const other = file('{"SpotPriceHistory":[]}');
    await expect(open([file(text), other])).rejects.toThrow(
      /not of the price archive as the others are; import those apart/,
    );
    await expect(open([file(zstdCompressSync(text.repeat(1000)))], { maxBytes: 1000 })).rejects.toThrow(
      /more than 1000 bytes/,
    );
  });

  it("tells how far it is", async () => {
    const shares: number[] = [];
    await importAny({ files: [file(zstdCompressSync(text))] }, fresh(), ({ share }) => void shares.push(share));
    expect(shares.at(-1)).toBe(1);
    expect(shares.every((share) => share > 0 && share <= 1)).toBe(true);
  });
});
