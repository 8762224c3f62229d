import { resolveScenario } from "../policies/registry.ts";
import { optimalPlan } from "../policies/scheduling/optimal-plan.ts";
import { regionPlan } from "../policies/scheduling/region-plan.ts";
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

const timesMs = (rounds: number, body: () => void): number[] =>
  Array.from({ length: rounds }, () => {
    const startMs = cpuMs();
    body();
    return cpuMs() - startMs;
  });

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
    const tables = inputs.slice(0, 3).map(({ table }) => table);
    const tickUsd = (table: SimulationInput["table"]) => (composition: number, tick: number) =>
      composition === 0 && table.capacityAt(0, tick * tickS) < 1
        ? Infinity
        : table.costUsd(composition, tick * tickS, (tick + 1) * tickS);
    const job = { workS: workH * HOUR_S, restartOverheadS, tickS, ticks };
    const plans = timesMs(15, () => optimalPlan({ ...job, compositions: 2, tickUsd: tickUsd(tables[0]!) }));
    // Spot and on-demand in each of three regions, as if each drawn trace were one of them.
    const perRegion = tables.map(tickUsd);
    const regionPlans = timesMs(5, () =>
      regionPlan({
        ...job,
        compositions: 6,
        places: 3,
        placeOf: [0, 0, 1, 1, 2, 2],
        tickUsd: (composition, tick) => perRegion[composition >> 1]!(composition & 1, tick),
        move: () => ({ usd: 1, moveS: tickS }),
      }),
    );
    return [
      {
        name: "deadline job: thousand runs of 1,108 ticks a minute",
        value: 60 / runMs,
        unit: "k",
        target: { least: 100 },
        detail: `${runMs.toFixed(3)} ms a run, uniform-progress in the safety net`,
      },
      { name: "deadline job: its optimum", value: median(plans), unit: "ms", target: { most: 50 } },
      { name: "deadline job: its optimum over three regions", value: median(regionPlans), unit: "ms" },
    ];
  },
};
