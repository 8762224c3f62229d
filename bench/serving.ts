import { spawnSync } from "node:child_process";
import { Requests } from "../sim/workloads/serving/requests.ts";
import { holdOurs } from "./event-queue.ts";
import { type Benchmark, median, type Result } from "./harness.ts";
import { PER_S, REPLICAS, serve } from "./serving-run.ts";

/** A run in a process of its own, so that its memory is its own. */
function apart(requests: number): { readonly cpuS: number; readonly maxRssMiB: number } {
  const script = new URL("./serving-run.ts", import.meta.url).pathname;
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, String(requests)], { encoding: "utf8" });
  if (status !== 0) throw new Error(`${requests} requests: ${stderr}`);
  return JSON.parse(stdout) as { readonly cpuS: number; readonly maxRssMiB: number };
}

/** What a million requests in flight hold, each once in the columns and once in a replica's heap. */
function bytesInFlight(): number {
  const count = 1_000_000;
  const before = process.memoryUsage().arrayBuffers;
  const requests = new Requests();
  for (let i = 0; i < count; i++) requests.add(i, 1, 1, i);
  const columns = process.memoryUsage().arrayBuffers - before;
  return columns / requests.inFlight + HEAP_BYTES;
}
/** Of a replica's heap: an end of 8 bytes, a slot of 4, twice that after it has doubled. */
const HEAP_BYTES = 2 * 12;

/** A hundred replicas, a hundred requests a second: a week of them with --full. */
export const serving: Benchmark = {
  name: "serving",
  run: ({ quick, full }): readonly Result[] => {
    const [small, large] = [10_000, quick ? 300_000 : 3_000_000];
    for (let i = 0; i < 5; i++) serve(small);
    const inSmall = median(Array.from({ length: quick ? 20 : 60 }, () => serve(small).cpuS / small));
    const inLarge = median(Array.from({ length: 3 }, () => serve(large).cpuS / large));
    const hold = median(Array.from({ length: 5 }, () => holdOurs(2 * REPLICAS, 200_000, (u) => 1000 * u)));
    const weekOf = full ? 7 * 86_400 * PER_S : large;
    const week = apart(weekOf);
    const detail = `${(inLarge * 1e9).toFixed(0)} ns a request, ${REPLICAS} replicas; bare hold of an event ${hold.toFixed(0)} ns`;
    return [
      {
        name: "serving: million requests a second",
        value: 1e-6 / inLarge,
        unit: "M/s",
        target: { least: 0.3 },
        detail,
      },
      { name: "serving: a request in bare events", value: (inLarge * 1e9) / hold, unit: "x" },
      {
        name: `serving: a request among ${large.toExponential(0)} / among ${small.toExponential(0)}`,
        value: inLarge / inSmall,
        unit: "x",
        target: { most: 1.3 },
      },
      { name: "serving: bytes a request in flight", value: bytesInFlight(), unit: "B", target: { most: 150 } },
      {
        name: `serving: memory of ${(weekOf / 1e6).toFixed(1)} million requests`,
        value: week.maxRssMiB / 1024,
        unit: "GiB",
        target: { most: 1 },
        detail: `${week.cpuS.toFixed(1)} s of processor time, the process and its modules included`,
      },
    ];
  },
};
