import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadStudy } from "../../experiments/study.ts";
import { type OnDemandPrices, tableOf } from "../../experiments/tables.ts";
import { assignmentStrategies } from "../../policies/assignment/index.ts";
import type { AssignmentStrategy } from "../../policies/contract/assignment.ts";
import { resolveScenario } from "../../policies/registry.ts";
import { simulate } from "../../sim/simulate.ts";
import type { SimulationInput } from "../../sim/simulation.ts";
import { marketModel } from "../../traces/generate.ts";
import { presets } from "../../traces/presets.ts";
import { root } from "../rules/project-files.ts";

const HOUR = 3600;

/** What the shipped study runs at a point of its sweep, for one of its seeds. */
function inputOf(name: string, axes: Readonly<Record<string, unknown>>, seed: number): SimulationInput {
  const { points } = loadStudy(join(root, "experiments", "configs", `${name}.yaml`));
  const point = points.find((point) => JSON.stringify(point.axes) === JSON.stringify(axes))!;
  const { traces, workload, cloud, cadence, onDemandUsdPerHour, drainH } = point.study;
  const [trace] = traces;
  if (!trace || !("generate" in trace) || drainH !== 0)
    throw new Error(`${name} is another study than this test knows`);
  const { preset, ...own } = trace.generate;
  const model = marketModel.parse({ ...presets.find(({ name }) => name === preset)?.model, ...own });
  const horizonS = trace.windows.lengthH * HOUR;
  const table = tableOf({
    kind: "generated",
    model,
    seed: `${trace.name}/seed ${seed}`,
    endS: horizonS,
    markets: {},
    onDemandUsdPerHour: onDemandUsdPerHour as OnDemandPrices,
  });
  return {
    table,
    horizonS,
    workload,
    cloud: cloud as SimulationInput["cloud"],
    cadence,
    seed: `${trace.name}/seed ${seed}/0`,
  };
}

describe("seed-200x72, each task alone, on-demand", () => {
  // Independent of the engine: a task runs min(work, 72 h - arrival), arrival on [0, 57.6] h, work on [1, 20] h, at 1 USD/h.
  const steps = 2000;
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < steps; i++) {
    for (let k = 0; k < steps; k++) {
      const hours = Math.min(1 + (19 * (k + 0.5)) / steps, 72 - (57.6 * (i + 0.5)) / steps);
      sum += hours;
      squares += hours * hours;
    }
  }
  const taskMean = sum / steps ** 2;
  const mean = 200 * taskMean;
  const sd = Math.sqrt(200 * (squares / steps ** 2 - taskMean ** 2));

  it("comes to 2,094.65 USD to the horizon on average, and a single draw to 77 USD more or less", () => {
    expect(mean).toBeCloseTo(2094.65, 1);
    expect(sd).toBeCloseTo(77.1, 1);
  });

  it("costs that much over 60 seeds, give or take what 60 draws leave open, and varies that much from seed to seed", () => {
    const onDemand = resolveScenario({ scheduling: "on-demand-only", assignment: "first-fit" });
    const axes = { "cloud.slotsPerInstance": "alone", "cloud.launchS": "none" };
    const n = 60;
    const usd = Array.from(
      { length: n },
      (_, i) => simulate(inputOf("synkti-benchmark", axes, i + 1), onDemand).metrics.costUsd!,
    );
    const ours = usd.reduce((total, each) => total + each, 0) / n;
    const spread = Math.sqrt(usd.reduce((total, each) => total + (each - ours) ** 2, 0) / (n - 1));
    // Three standard errors each way: of a mean sd / sqrt(n), of a standard deviation sd / sqrt(2 n).
    expect(Math.abs(ours - mean)).toBeLessThan((3 * sd) / Math.sqrt(n));
    expect(Math.abs(spread - sd)).toBeLessThan((3 * sd) / Math.sqrt(2 * n));
  });
});

describe("every call of the assignment in a run of the matching audit", () => {
  /** Runs it with first-fit, and asks every strategy what it would have made of each call. */
  function callsOf(models: string, seed: number) {
    const calls: {
      readonly work: number;
      readonly targets: number;
      readonly made: Map<string, [pairs: number, costS: number]>;
    }[] = [];
    const decisions = resolveScenario({ scheduling: "greedy", assignment: "first-fit" });
    const asked: AssignmentStrategy = {
      ...decisions.assignment,
      assign(work, targets, costS, pair, luck) {
        const made = new Map<string, [number, number]>();
        for (const strategy of assignmentStrategies) {
          let [pairs, totalS] = [0, 0];
          strategy.assign(
            work,
            targets,
            costS,
            (each, target) => {
              pairs++;
              totalS += costS(each, target);
            },
            luck,
          );
          made.set(strategy.name, [pairs, totalS]);
        }
        calls.push({ work: work.length, targets: targets.length, made });
        decisions.assignment.assign(work, targets, costS, pair, luck);
      },
    };
    const axes = { "cloud.slotsPerInstance": "shared", "workload.params.models": models, "cloud.launchS": "none" };
    simulate(inputOf("synkti-audit", axes, seed), { ...decisions, assignment: asked });
    return calls;
  }

  it("costs the same whoever matches, where instances are alike: each has a choice, and nothing to win by it", () => {
    const calls = [1, 2, 3].flatMap((seed) => callsOf("identical costs", seed));
    let choices = 0;
    for (const { work, targets, made } of calls) {
      const complete = [...made.values()].filter(([pairs]) => pairs === work).map(([, costS]) => costS);
      if (targets > 1 && complete.length === made.size && complete[0]! > 0) choices++;
      for (const costS of complete) expect(costS).toBeCloseTo(complete[0]!, 9);
    }
    expect(choices).toBeGreaterThan(30);
  });

  it("costs least by Kuhn-Munkres where weights overlap, and less than by first-fit in some", () => {
    const calls = [1, 2, 3].flatMap((seed) => callsOf("overlapping costs", seed));
    let better = 0;
    for (const { made } of calls) {
      const [most, leastS] = made.get("kuhn-munkres")!;
      for (const [pairs, costS] of made.values()) {
        expect(pairs).toBeLessThanOrEqual(most);
        if (pairs === most) expect(costS).toBeGreaterThanOrEqual(leastS - 1e-9);
      }
      const [pairs, costS] = made.get("first-fit")!;
      if (pairs === most && costS > leastS + 1) better++;
    }
    expect(better).toBeGreaterThan(10);
  });
});
