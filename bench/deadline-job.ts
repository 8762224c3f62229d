import { resolveScenario } from "../policies/registry.ts";
import { optimalPlan } from "../policies/scheduling/optimal-plan.ts";
import { simulate } from "../sim/simulate.ts";
import type { SimulationInput } from "../sim/simulation.ts";
import { windowOf, withOnDemand } from "../traces/columns.ts";
import { generateTrace } from "../traces/generate.ts";
import { presets } from "../traces/presets.ts";
import { type Benchmark, median } from "./harness.ts";

const HOUR_S = 3600;
const [tickS, workH, deadlineH, restartOverheadS] = [195, 48, 60, 720];
const ticks = Math.floor((deadlineH * HOUR_S) / tickS);

/** A job of 48 h that is due after 60, in ticks of 195 s, on one zone whose spot comes and goes. */
function jobs(count: number): SimulationInput[] {
  const { model } = presets.find(({ name }) => name === "p3-2023")!;
  const { zone } = model.zones.find((each) => each.zone === "us-east-2a")!;
  const spanS = Math.ceil((deadlineH * HOUR_S) / tickS) * tickS;
  return Array.from({ length: count }, (_, i) => ({
    table: withOnDemand(windowOf(generateTrace(model, `bench ${i}`, spanS), 0, spanS, { zones: [zone] }), () => 3.06),
    horizonS: spanS,
    seed: "bench",
    cadence: { onChange: false, everyS: tickS },
    workload: { model: "deadline-job", params: { workH, deadlineH, restartOverheadS } },
    cloud: {
      profile: "cbl-tick-v1",
      interruptions: { model: "capacity" },
      visibility: "told",
      depth: "observed",
      slotsPerInstance: 1,
      instanceTypes: { [model.instanceType]: { gpuMemoryMiB: 16_384, networkMiBPerS: 298 } },
    },
  }));
}

/** Of this process, all threads: what others do on the machine does not count. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

export const deadlineJob: Benchmark = {
  name: "deadline-job",
  run: () => {
    const inputs = jobs(20);
    const decisions = resolveScenario({
      scheduling: "uniform-progress",
      wrappers: [{ name: "with-safety-net" }],
      assignment: "earliest-node",
    });
    const rounds = Array.from({ length: 30 }, () => {
      const startMs = cpuMs();
      for (const input of inputs) simulate(input, decisions);
      return (cpuMs() - startMs) / inputs.length;
    });
    const runMs = median(rounds);
    const market = inputs[0]!.table;
    const plans = Array.from({ length: 15 }, () => {
      const startMs = cpuMs();
      optimalPlan({
        workS: workH * HOUR_S,
        restartOverheadS,
        tickS,
        ticks,
        compositions: 2,
        tickUsd: (composition, tick) =>
          composition === 0 && market.capacityAt(0, tick * tickS) < 1
            ? Infinity
            : market.costUsd(composition, tick * tickS, (tick + 1) * tickS),
      });
      return cpuMs() - startMs;
    });
    return [
      {
        name: "deadline job: thousand runs of 1,108 ticks a minute",
        value: 60 / runMs,
        unit: "k",
        target: { least: 100 },
        detail: `${runMs.toFixed(3)} ms a run, uniform-progress in the safety net`,
      },
      { name: "deadline job: its optimum", value: median(plans), unit: "ms", target: { most: 50 } },
    ];
  },
};
