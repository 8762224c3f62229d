import { resolveScenario } from "../policies/registry.ts";
import { simulate } from "../sim/simulate.ts";
import type { SimulationInput } from "../sim/simulation.ts";
import { withOnDemand } from "../traces/columns.ts";
import { generateTrace } from "../traces/generate.ts";
import { presets } from "../traces/presets.ts";
import { holdOurs } from "./event-queue.ts";
import { type Benchmark, interleaved, median, type Result } from "./harness.ts";

const HOUR_S = 3600;
const horizonS = 72 * HOUR_S;

/** The seed's benchmark with as many tasks as asked for: arrivals over 57.6 h, 1 to 20 h of work, reclaims at 0.05 an hour. */
export function seedScenario(tasks: number, slotsPerInstance: number): SimulationInput {
  const { model } = presets.find(({ name }) => name === "synkti-seed")!;
  return {
    table: withOnDemand(generateTrace(model, "bench", horizonS), () => 1),
    horizonS,
    seed: "bench",
    cadence: { onChange: true },
    workload: {
      model: "tasks",
      params: {
        tasks,
        arrivals: { kind: "uniform", spanH: 57.6 },
        workH: { kind: "uniform", min: 1, max: 20 },
        memoryMiB: "state",
        state: { perHourMiB: 200, maxMiB: 8000, grows: false },
        onReclaim: "restart",
      },
    },
    cloud: {
      profile: "aws",
      interruptions: { model: "hazard", perHour: 0.05 },
      visibility: "tried",
      depth: "observed",
      slotsPerInstance,
      instanceTypes: { [model.instanceType]: { gpuMemoryMiB: 24_000, networkMiBPerS: 1_192 } },
    },
  };
}

const decisions = resolveScenario({ scheduling: "greedy", assignment: "earliest-node" });

/** Nanoseconds an event of one whole run. */
function nsAnEvent(input: SimulationInput): { ns: number; events: number } {
  const start = process.hrtime.bigint();
  const { metrics } = simulate(input, decisions);
  const events = metrics.events!;
  return { ns: Number(process.hrtime.bigint() - start) / events, events };
}

export const engine: Benchmark = {
  name: "engine",
  run: ({ quick }) => {
    const sizes = quick ? [200, 2_000, 20_000] : [200, 2_000, 20_000, 200_000];
    const inputs = new Map(sizes.map((tasks) => [tasks, seedScenario(tasks, 1)]));
    // Small runs are repeated, so that every size is measured on compiled code and over many events.
    const measured = new Map(
      sizes.map((tasks) => {
        const repeats = Math.max(quick ? 2 : 3, Math.round((quick ? 40_000 : 400_000) / tasks));
        for (let i = 0; i < Math.min(20, repeats); i++) nsAnEvent(inputs.get(tasks)!);
        const runs = Array.from({ length: repeats }, () => nsAnEvent(inputs.get(tasks)!));
        return [tasks, { ns: median(runs.map(({ ns }) => ns)), events: runs[0]!.events }] as const;
      }),
    );
    // What is under way at a time: a task's completion and its instance's hazard, for 10.5 h of each task's 57.6 h.
    const pendingAt = (tasks: number) => Math.max(16, Math.round((2 * tasks * 10.5) / 57.6));
    const results: Result[] = sizes.map((tasks) => {
      const { ns, events } = measured.get(tasks)!;
      const { hold } = interleaved(3, { hold: () => holdOurs(pendingAt(tasks), 200_000, (u) => 1000 * u) });
      return {
        name: `engine, ${tasks} tasks: share of the bare hold rate`,
        value: hold / ns,
        unit: "x",
        target: { least: 0.4 },
        detail: `${(1000 / ns).toFixed(2)} M events/s over ${events} events; bare hold ${(1000 / hold).toFixed(2)} M/s at ${pendingAt(tasks)} pending`,
      };
    });
    const best = Math.max(...[...measured.values()].map(({ ns }) => 1000 / ns));
    results.push({ name: "engine: events a second, best size", value: best, unit: "M/s", target: { least: 3 } });
    const large = measured.get(sizes.at(-1)!)!;
    results.push({
      name: `engine: cost of an event at ${sizes.at(-1)} tasks / at 2000`,
      value: large.ns / measured.get(2_000)!.ns,
      unit: "x",
      target: { most: 2 },
    });
    const packed = seedScenario(2_000, 16);
    for (let i = 0; i < 10; i++) nsAnEvent(packed);
    const { ns } = nsAnEvent(packed);
    results.push({ name: "engine, 2000 tasks packed by memory", value: 1000 / ns, unit: "M/s" });
    return results;
  },
};
