import { spawnSync } from "node:child_process";
import { platform } from "node:os";
import { type Benchmark, interleaved, type Result } from "./harness.ts";

/** What a sweep came to; its first third is left out of all but the peak. */
export interface SweepEnd {
  readonly runs: number;
  readonly wallS: number;
  /** Of all processes. */
  readonly cpuS: number;
  readonly peakMiB: number;
  readonly eventsEach: number;
  /** To plan the sweep, by the cells: specifications, keys, and the digests of the code. */
  readonly planUsEach: number;
}

function sweep(cells: number, threads: number, rows: number): SweepEnd {
  const script = new URL("./pool-sweep.ts", import.meta.url).pathname;
  const args = [script, cells, threads, rows].map(String);
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`a sweep of ${cells} cells on ${threads} threads: ${stderr}`);
  return JSON.parse(stdout) as SweepEnd;
}

/** Runs of a thousand events through the pool and into the store, beside the same runs in one thread without a pool. */
export const pool: Benchmark = {
  name: "pool",
  run: ({ quick }): readonly Result[] => {
    if (platform() !== "linux") return [];
    const cells = quick ? 3_000 : 12_000;
    const last = new Map<number, SweepEnd>();
    const rate = (threads: number) => () => {
      const end = sweep(cells, threads, 0);
      last.set(threads, end);
      return end.runs / end.wallS;
    };
    const { direct, one, two } = interleaved(quick ? 1 : 3, { direct: rate(0), one: rate(1), two: rate(2) });
    const cpuMs = (threads: number) => {
      const { cpuS, runs } = last.get(threads)!;
      return (1000 * cpuS) / runs;
    };
    const { eventsEach, planUsEach } = last.get(2)!;
    const large = sweep(10_000, 2, 1_000_000);
    return [
      {
        name: "pool: short runs a second on 2 threads",
        value: two,
        unit: "/s",
        target: { least: 5_000 },
        detail: `${eventsEach.toFixed(0)} events each; processor time of a run ${cpuMs(2).toFixed(2)} ms, without pool and store ${cpuMs(0).toFixed(2)} ms; without a pool ${direct.toFixed(0)}/s`,
      },
      { name: "pool: two workers / one", value: two / one, unit: "x", target: { least: 1.8 } },
      {
        name: "pool: processor time of a run, through the pool / in one thread",
        value: cpuMs(2) / cpuMs(0),
        unit: "x",
        detail: `planning takes ${planUsEach.toFixed(0)} us a cell, the digests of all code included`,
      },
      {
        name: "pool: memory of 10,000 cells on one trace of 1e6 rows",
        value: large.peakMiB / 1024,
        unit: "GiB",
        target: { most: 1 },
        detail: `all processes; ${(large.runs / large.wallS).toFixed(0)} runs/s`,
      },
    ];
  },
};
