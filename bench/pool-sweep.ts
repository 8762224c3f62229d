import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CellOutcome } from "../experiments/cell-task.ts";
import { CodeDigests } from "../experiments/closure.ts";
import { computeCells } from "../experiments/compute.ts";
import { type Cell, gridOf } from "../experiments/grid.ts";
import { runCell } from "../experiments/run-cell.ts";
import { CellLog } from "../experiments/store.ts";
import { loadStudy } from "../experiments/study.ts";
import { type TableSource, tableOf } from "../experiments/tables.ts";
import { tableFromSeries, tableHandle, withOnDemand } from "../traces/columns.ts";
import type { SweepEnd } from "./pool.ts";

// A process of its own, so that what it needs is what one sweep needs: CELLS THREADS ROWS. THREADS 0: no pool, all in this thread.
// ROWS 0: a small trace. Linux only: other systems do not say what the processes beside this one need.
const [cells, threads, rows] = process.argv.slice(2).map(Number) as [number, number, number];
const HOUR_S = 3600;

/** The seed's benchmark with as many tasks as make a thousand events. */
const study = `
question: How many short runs a second?
traces:
  - name: seed
    generate: { preset: synkti-seed }
    windows: { lengthH: 72, seeds: 1 }
onDemandUsdPerHour: 1
workload:
  model: tasks
  params:
    tasks: 135
    arrivals: { kind: uniform, spanH: 57.6 }
    workH: { kind: uniform, min: 1, max: 20 }
    memoryMiB: state
    state: { perHourMiB: 200, maxMiB: 8000, grows: false }
    onReclaim: restart
cloud:
  profile: aws
  interruptions: { model: hazard, perHour: 0.05 }
  visibility: tried
  depth: observed
  slotsPerInstance: 1
  instanceTypes: { seed.24gb: { gpuMemoryMiB: 24000, networkMiBPerS: 1192 } }
policies:
  - { id: greedy, scheduling: greedy, assignment: earliest-node }
  - { id: on-demand, scheduling: on-demand-only, assignment: earliest-node }
replicates: ${cells / 2}
baseline: on-demand
primary: { metric: costUsd, comparisons: [[greedy, on-demand]] }
`;

/** One market of as many price steps as asked for, in shared columns. */
function largeSource(): TableSource {
  const timesS = Float64Array.from({ length: rows }, (_, i) => (i * 72 * HOUR_S) / rows);
  const usdPerHour = timesS.map((_, i) => 0.3 + ((i * 7919) % 1000) / 10_000);
  const market = { instanceType: "seed.24gb", region: "r", zone: "z", capacityType: "spot" } as const;
  const depth = { kind: "unlimited", instances: 0 } as const;
  const series = [{ market, price: { timesS, usdPerHour }, depth, gapS: 0 }];
  const spot = tableFromSeries(series, { digest: "bench", endS: 72 * HOUR_S });
  return { kind: "columns", handle: tableHandle(withOnDemand(spot, () => 1)) };
}

/** What this process and those started by it have needed so far, each at its own worst moment. */
function needed(): { readonly cpuS: number; readonly peakMiB: number } {
  const children = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, "utf8").trim();
  let cpuS = 0;
  let peakMiB = 0;
  for (const pid of [process.pid, ...children.split(" ").filter((each) => each !== "")]) {
    const [, user, system] = /\) (?:\S+ ){11}(\d+) (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))!;
    cpuS += (Number(user) + Number(system)) / 100;
    peakMiB += Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]) / 1024;
  }
  return { cpuS, peakMiB };
}

const folder = mkdtempSync(join(tmpdir(), "bench-pool-"));
try {
  const path = join(folder, "study.yaml");
  writeFileSync(path, study);
  const loaded = loadStudy(path);
  const root = new URL("..", import.meta.url).pathname;
  const planned = performance.now();
  const grid = await gridOf(loaded, new CodeDigests(root, folder), { engine: "bench", node: process.versions.node });
  const planMs = performance.now() - planned;
  const tables = rows === 0 ? grid.tables : new Map([...grid.tables.keys()].map((name) => [name, largeSource()]));
  const log = new CellLog(folder, { fresh: true });
  const limits = { timeoutS: 60, memoryMiB: 1024, signal: new AbortController().signal };
  let done = 0;
  let events = 0;
  let fromMs = 0;
  let before = 0;
  // What comes before is for the threads to start and for their code to be compiled.
  const warm = Math.floor(cells / 3);
  let end: SweepEnd | undefined;
  const told = (cell: Cell, outcome: CellOutcome, wallMs: number): void => {
    if (!outcome.ok) throw new Error(outcome.error);
    const { key, place, parts } = cell;
    log.add({ key, place, parts, wallMs, result: outcome.result });
    events += outcome.result.metrics.events!;
    done++;
    if (done === warm) {
      fromMs = performance.now();
      before = needed().cpuS;
    } else if (done === cells) {
      const wallS = (performance.now() - fromMs) / 1000;
      const { cpuS, peakMiB } = needed();
      const runs = cells - warm;
      end = {
        runs,
        wallS,
        cpuS: cpuS - before,
        peakMiB,
        eventsEach: events / cells,
        planUsEach: (1000 * planMs) / cells,
      };
    }
  };
  if (threads > 0) await computeCells(grid.cells, tables, { studyFolder: folder, jobs: threads, ...limits }, told);
  else {
    const table = tableOf([...tables.values()][0]!);
    for (const cell of grid.cells) told(cell, { ok: true, result: runCell(cell.spec, table) }, 0);
  }
  log.close();
  process.stdout.write(JSON.stringify(end));
} finally {
  rmSync(folder, { recursive: true });
}
