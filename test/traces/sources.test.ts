import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { constants, crc32, gzipSync, zstdCompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { TraceError } from "../../traces/columns.ts";
import { readSources } from "../../traces/formats/source-file.ts";
import { openStudyTrace } from "../../traces/open.ts";

const folder = mkdtempSync(join(tmpdir(), "sources-"));
let written = 0;
const file = (bytes: Uint8Array | string, name = `f${written++}`) => {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
};
const textOf = async (bytes: Uint8Array | string) => {
  const [read] = await readSources([file(bytes)], () => false);
  return read!.text;
};
const answer = (prices: readonly string[]) =>
  JSON.stringify({
    SpotPriceHistory: prices.map((SpotPrice, i) => ({
      AvailabilityZone: "xx-east-1a",
      InstanceType: "g.x",
      ProductDescription: "Linux/UNIX",
      SpotPrice,
      Timestamp: `2026-01-01T0${i}:00:00Z`,
    })),
  });
const long = Array.from({ length: 200_000 }, (_, i) => `row ${(i * 7919) % 10_007}\n`).join("");

describe("a file is what it holds, whatever it is called and however it is packed", () => {
  it("gzip, with members after one another", async () => {
    expect(await textOf(Buffer.concat([gzipSync("a\n"), gzipSync("b\n")]))).toBe("a\nb\n");
    expect(crc32(await textOf(gzipSync(long)))).toBe(crc32(long));
  });

  it("Zstandard, with frames after one another: none is lost, small, large, with checksums, skippable or empty", async () => {
    const checked = { params: { [constants.ZSTD_c_checksumFlag]: 1 } };
    const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4]);
    expect(await textOf(Buffer.concat([zstdCompressSync("a\n"), zstdCompressSync("b\n")]))).toBe("a\nb\n");
    const frames = [
      skippable,
      zstdCompressSync(long),
      zstdCompressSync(""),
      zstdCompressSync(long, checked),
      skippable,
    ];
    expect(crc32(await textOf(Buffer.concat(frames)))).toBe(crc32(long + long));
  });

  it("UTF-8 with a byte order mark, UTF-16 as PowerShell writes it", async () => {
    expect(await textOf("\uFEFFa")).toBe("a");
    expect(await textOf(Buffer.from("\uFEFFaé", "utf16le"))).toBe("aé");
  });

  it("is named by the digest of its bytes as they lie there", async () => {
    const [plain, packed] = await readSources([file("a"), file(gzipSync("a"))], () => false);
    expect(plain!.sha256).not.toBe(packed!.sha256);
    expect([plain!.text, packed!.text]).toEqual(["a", "a"]);
  });

  it("imports from standard input as from a file", () => {
    const main = new URL("../../experiments/traces.ts", import.meta.url).pathname;
    const input = gzipSync(answer(["0.3", "0.4"]));
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, "import", "-"], { cwd: folder, input });
    expect([status, String(stderr)]).toEqual([0, ""]);
    expect(String(stdout)).toContain("  stdin  ");
    expect(String(stdout)).toContain("rows read 2, kept 2");
  });

  it("a folder stands for the files in it, and for no hidden one", async () => {
    const month = mkdtempSync(join(folder, "month-"));
    mkdirSync(join(month, "a"));
    writeFileSync(join(month, "a", "1.json.gz"), gzipSync(answer(["0.3", "0.4"])));
    writeFileSync(join(month, "2.json"), answer(["0.3", "0.4", "0.5"]));
    writeFileSync(join(month, ".DS_Store"), "x");
    const { report } = await openStudyTrace({ files: [month] }, join(folder, "cache"));
    expect(report).toMatchObject({
      rowsRead: 5,
      kept: 3,
      merged: 2,
      files: [{ name: "2.json" }, { name: "1.json.gz" }],
    });
  });
});

describe("bad input is refused with the file, what is wrong and the remedy", () => {
  const refused = (bytes: Uint8Array | string, message: RegExp, limits = {}) =>
    expect(readSources([file(bytes)], () => false, limits)).rejects.toThrow(message);

  it("0 bytes, packed or not", async () => {
    await refused("", /the file is empty; the download failed/);
    await expect(openStudyTrace({ files: [file(gzipSync(""))] })).rejects.toThrow(/no known trace format/);
  });

  it("a packed file that breaks off, wherever", async () => {
    for (const packed of [
      gzipSync(long),
      zstdCompressSync(long),
      Buffer.concat([zstdCompressSync(long), zstdCompressSync(long)]),
    ]) {
      for (const share of [0.3, 0.6, 0.99]) {
        await refused(
          packed.subarray(0, Math.floor(packed.length * share)),
          /the compressed file breaks off.*get it again/,
        );
      }
    }
  });

  it("a packed file that is damaged or goes on with something else", async () => {
    const packed = gzipSync(long);
    packed[packed.length >> 1]! ^= 0xff;
    await refused(packed, /compressed (data is damaged|file breaks off)/);
    await refused(
      Buffer.concat([zstdCompressSync("a"), Buffer.from("junk")]),
      /is damaged \(what follows a frame is none\)/,
    );
    await refused(Buffer.concat([gzipSync("a"), Buffer.from("junk")]), /is damaged/);
  });

  it("a zip bomb stops at --max-bytes, however small it is", async () => {
    const bomb = gzipSync(Buffer.alloc(100_000_000, "a"));
    expect(bomb.length).toBeLessThan(100_000);
    await refused(
      bomb,
      /more than 1000000 bytes once unpacked; if that is meant, import it with a larger --max-bytes/,
      {
        maxBytes: 1_000_000,
      },
    );
    await refused(zstdCompressSync(Buffer.alloc(100_000_000, "a")), /more than 1000000 bytes/, { maxBytes: 1_000_000 });
  });

  it.each<[string, Uint8Array | string, RegExp]>([
    ["binary junk", Buffer.from([1, 2, 0, 3, 255]), /binary data, not text; is this the right file/],
    ["bytes that are no UTF-8", Buffer.from([65, 0xe9, 65]), /neither UTF-8 nor UTF-16 text/],
    ["a Git LFS pointer", "version https://git-lfs.github.com/spec/v1\noid sha256:0", /Git LFS pointer/],
    ["a spreadsheet", "PK\u0003\u0004x", /a zip archive \(or a spreadsheet\); unpack it/],
    ["a Parquet file", "PAR1x", /a Parquet file; export it as CSV/],
    ["a tar archive", gzipSync(`${"x".repeat(257)}ustar`), /a tar archive; unpack it/],
  ])("%s", async (_, bytes, message) => refused(bytes, message));

  it("symbolic links that go in a circle, as a file and as a folder", async () => {
    const ring = mkdtempSync(join(folder, "ring-"));
    symlinkSync(join(ring, "b"), join(ring, "a"));
    symlinkSync(join(ring, "a"), join(ring, "b"));
    await expect(readSources([join(ring, "a")], () => false)).rejects.toThrow(/ELOOP.*go in a circle/);
    const loop = mkdtempSync(join(folder, "loop-"));
    symlinkSync(loop, join(loop, "self"));
    await expect(readSources([loop], () => false)).rejects.toThrow(/a symbolic link back to .*, which it lies in/);
  });

  it("an empty folder, and a folder of several formats", async () => {
    const mixed = mkdtempSync(join(folder, "mixed-"));
    await expect(readSources([mixed], () => false)).rejects.toThrow(/a folder without files/);
    writeFileSync(join(mixed, "a.json"), answer(["0.3", "0.4"]));
    writeFileSync(join(mixed, "xx-a-1a_v_1.csv"), "date,availability\n2026-01-01 00:00:00,1\n");
    await expect(openStudyTrace({ files: [mixed] })).rejects.toThrow(
      /holds aws-price-history \(a.json\) and availability-csv \(xx-a-1a_v_1.csv\); name the files that belong together/,
    );
  });

  it.each(["\n", " ", "#", "#\n", "|", "|\n", "[", "[1,", "{", '{"a":', ",", '"', "0,", "-", "\t", "a,b\n"])(
    "a megabyte of %j, at once",
    async (text) => {
      const started = performance.now();
      await expect(openStudyTrace({ files: [file(text.repeat(1_000_000 / text.length))] })).rejects.toThrow(TraceError);
      expect(performance.now() - started).toBeLessThan(5_000);
    },
    20_000,
  );

  it("an endless line, with the line it is", async () => {
    const text = `time,price,zone,type\n2026-01-01T00:00:00Z,1,us-east-1a,g\n${"x".repeat(1_100_000)}`;
    await expect(openStudyTrace({ files: [file(text)] })).rejects.toThrow(
      /:3: a line of more than 1048576 characters; is this a CSV/,
    );
  });

  it("leaves no trace of what it stored on the way", async () => {
    const own = mkdtempSync(join(folder, "own-"));
    const main = new URL("../../experiments/traces.ts", import.meta.url).pathname;
    const env = { ...process.env, TMPDIR: own };
    const { status, stderr } = spawnSync(process.execPath, [main, "import", "-"], { cwd: own, input: "junk", env });
    expect([status, String(stderr)]).toEqual([2, expect.stringContaining("stdin: no known trace format")]);
    expect(readdirSync(own)).toEqual([]);
    rmSync(own, { recursive: true });
  });
});
