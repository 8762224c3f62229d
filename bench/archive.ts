import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openTraceFile } from "../traces/trace-file.ts";
import { writeMonth } from "./archive-month.ts";
import { type Benchmark, median, nsEach, type Result } from "./harness.ts";

/** What one process needed: unpacking alone, unpacking and splitting, or the whole import. */
function needed(path: string, cache: string, what: "unpack" | "split" | "csv" | "import") {
  const script = new URL("./archive-import.ts", import.meta.url).pathname;
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, path, cache, what], { encoding: "utf8" });
  if (status !== 0) throw new Error(`${what} of ${path}: ${stderr}`);
  return JSON.parse(stdout) as { readonly cpuS: number; readonly maxRssMiB: number };
}

/** Microseconds to open a table and cut a day of one market out of it. */
function openUs(path: string): number {
  const { instanceTypes, zones } = { instanceTypes: ["c1.large"], zones: ["use1-az1"] };
  const times = Array.from({ length: 60 }, () =>
    nsEach(1, () => void openTraceFile(path).window(86_400, 86_400, { instanceTypes, zones, product: "Linux/UNIX" })),
  );
  return median(times.slice(10)) / 1000;
}

/** A synthetic month of the price archive: a tenth of all AWS; the whole with --full; a hundredth with --quick. */
export const archive: Benchmark = {
  name: "archive",
  run: ({ quick, full }): readonly Result[] => {
    const rows = full ? 45_000_000 : quick ? 450_000 : 4_500_000;
    const small = Math.min(1_000_000, rows / 10);
    const folder = mkdtempSync(join(tmpdir(), "bench-archive-"));
    try {
      const [large, little] = [join(folder, "large.tsv.zst"), join(folder, "little.tsv.zst")];
      const bytes = writeMonth(large, rows);
      const littleBytes = writeMonth(little, small);
      const caches = [join(folder, "a"), join(folder, "b")] as const;
      const unpack = needed(large, caches[0], "unpack");
      const split = needed(large, caches[0], "split");
      const whole = needed(large, caches[0], "import");
      const csv = needed(little, caches[1], "csv");
      needed(little, caches[1], "import");
      const [inLarge, inLittle] = caches.map((cache) => openUs(join(cache, readdirSync(cache)[0]!))) as [
        number,
        number,
      ];
      const detail = `${(rows / 1e6).toFixed(2)} million rows, ${(bytes / 1e6).toFixed(0)} MB of text`;
      const rate = (cpuS: number) => bytes / 1e6 / cpuS;
      return [
        {
          name: "archive: text unpacked and split",
          value: rate(split.cpuS),
          unit: "MB/s",
          target: { least: 100 },
          detail,
        },
        {
          name: "archive: text to table, all in all",
          value: rate(whole.cpuS),
          unit: "MB/s",
          detail: "of processor time",
        },
        {
          name: "archive: splitting against fast-csv, each with unpacking",
          value: csv.cpuS / littleBytes / (split.cpuS / bytes),
          unit: "x",
          target: { least: 5 },
          detail: `fast-csv ${(littleBytes / 1e6 / csv.cpuS).toFixed(1)} MB/s`,
        },
        {
          name: "archive: whole import, in times of unpacking alone",
          value: whole.cpuS / unpack.cpuS,
          unit: "x",
          detail: `${unpack.cpuS.toFixed(2)} s unpack, ${split.cpuS.toFixed(2)} s split, ${whole.cpuS.toFixed(2)} s import`,
        },
        { name: "archive: memory at most", value: whole.maxRssMiB / 1024, unit: "GiB", target: { most: 1.5 }, detail },
        {
          name: `archive: opening one market's day among ${rows / small} times as many rows`,
          value: inLarge / inLittle,
          unit: "x",
          target: { most: 1.5 },
          detail: `${inLittle.toFixed(0)} us among ${(small / 1e6).toFixed(2)} million rows, ${inLarge.toFixed(0)} us among ${(rows / 1e6).toFixed(2)}`,
        },
      ];
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};
