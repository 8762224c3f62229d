import { describe, expect, expectTypeOf, it } from "vitest";
import type { AnyPolicySpec, PolicySpec } from "../../policies/contract/policy.ts";
import { decidesFor } from "../../policies/contract/policy.ts";
import type { CloudSpec } from "../../policies/contract/scenario.ts";
import type { Json } from "../../policies/contract/units.ts";
import { Decider } from "../../policies/decider.ts";
import { unfitFor } from "../../policies/registry.ts";
import { schedulingPolicies } from "../../policies/scheduling/index.ts";
import { omniscient } from "../../policies/scheduling/omniscient.ts";
import { uniformProgress } from "../../policies/scheduling/uniform-progress.ts";
import { FleetState } from "../../policies/state/fleet-state.ts";
import { simulate } from "../../sim/simulate.ts";
import { handCloud, input, jobInput, scenario, table } from "../support/runs.ts";

// What a policy says of itself (what it decides for, what it needs, whether it knows the future) is kept by whoever runs it.

const oneZone = table([{ capacity: [[0, 1]] }], 20 * 3_600);
const twoZones = table([{ capacity: [[0, 1]] }, { capacity: [[0, 1]] }], 20 * 3_600);

describe("a policy is refused by name", () => {
  it("for work that it does not decide for", () => {
    expect(() => simulate(input({ table: oneZone }), scenario("uniform-progress"))).toThrow(
      /^uniform-progress does not decide for the workload tasks; those that do are on-demand-only, greedy, /,
    );
    expect(() => simulate(jobInput({ table: oneZone }), scenario("greedy"))).toThrow(
      /^greedy does not decide for the workload deadline-job; those that do are on-demand-only, spot-only, /,
    );
  });

  it("where nobody tells what it must be told", () => {
    const cloud: CloudSpec = { ...handCloud, visibility: "tried" };
    expect(() => simulate(jobInput({ table: oneZone, cloud }), scenario("uniform-progress"))).toThrow(
      "uniform-progress must be told what is obtainable; set cloud.visibility: told, or choose a policy that tries",
    );
  });

  it("where nobody asks it at regular times", () => {
    const world = jobInput({ table: oneZone, cloud: handCloud, cadence: { onChange: true } });
    expect(() => simulate(world, scenario("spot-only"))).toThrow(
      "spot-only must be asked at regular times; set cadence.everyS",
    );
  });

  it("as a bound under other timings than its own", () => {
    const world = jobInput({ table: oneZone, cloud: handCloud });
    expect(() => simulate(world, scenario("omniscient"))).toThrow(
      "omniscient is a bound under the timing profile cbl-tick-v1, the study's is aws; leave it out",
    );
  });

  it("in whatever wrapper, and under its wrapped name", () => {
    const netted = scenario("uniform-progress", { wrappers: [{ name: "with-safety-net" }] });
    expect(unfitFor(netted, "tasks", handCloud, { onChange: true })).toMatch(
      /^with-safety-net\(uniform-progress\) does not/,
    );
  });
});

describe("the future", () => {
  it("is told to no host but a simulation", () => {
    const state = new FleetState({ markets: [], launch: { answerS: 0, bootS: 0, warmS: 0, warmAgainS: 0 } });
    const create = () =>
      new Decider(state, scenario("omniscient"), { onChange: false, everyS: 600 }, { notes: false, seed: "" });
    expect(create).toThrow("plans with the future and can only be simulated; choose a causal policy");
    expectTypeOf(omniscient).not.toExtend<PolicySpec<never, Json>>();
    expectTypeOf(uniformProgress).not.toExtend<PolicySpec<never, Json, "clairvoyant">>();
  });

  it("is not told where reclaims are drawn, nor planned for more than one market", () => {
    const drawn = { ...jobInput({ table: oneZone }).cloud, interruptions: { model: "hazard", perHour: 1 } } as const;
    expect(() => simulate(jobInput({ table: oneZone, cloud: drawn }), scenario("omniscient"))).toThrow(
      "a clairvoyant policy reads reclaims from the trace's capacity, here they are drawn (hazard)",
    );
    expect(() => simulate(jobInput({ table: twoZones }), scenario("omniscient"))).toThrow(
      "the optimum is of one spot market, here are 2; name one, or leave the bound out",
    );
  });

  it("is no sure bound once a wrapper interferes with it", () => {
    const netted = scenario("omniscient", { wrappers: [{ name: "with-safety-net" }] });
    expect(netted.scheduling).toMatchObject({ sight: "clairvoyant", bound: { kind: "heuristic" } });
  });

  it("is known to those that say so, and only exact or proved bounds are called so", () => {
    const clairvoyant = schedulingPolicies.filter(({ sight }) => sight === "clairvoyant");
    expect(Object.fromEntries(clairvoyant.map(({ name, bound }) => [name, bound?.kind ?? "none"]))).toEqual({
      "up-next-lifetime": "none",
      omniscient: "exact",
      "omniscient-heterogeneous": "exact",
      "relaxed-optimum": "relaxation",
      "skynomad-next-lifetime": "none",
      "omniscient-regions": "exact",
      "omniscient-whole-ticks": "heuristic",
      "omniscient-sliced": "heuristic",
      "omniscient-replicas": "exact",
    });
    expect(schedulingPolicies.filter((each) => each.bound !== undefined && !clairvoyant.includes(each))).toEqual([]);
  });
});

it("ticks are asked at regular times only", () => {
  const world = jobInput({ table: oneZone, cadence: { onChange: true, everyS: 600 } });
  expect(() => simulate(world, scenario("spot-only"))).toThrow(
    "the timing profile cbl-tick-v1 asks policies at regular times only; set cadence to { onChange: false, everyS: ... }",
  );
});

it("each workload has policies, and each policy a workload", () => {
  const count = (workload: Parameters<typeof decidesFor>[1]) =>
    schedulingPolicies.filter((spec: AnyPolicySpec) => decidesFor(spec, workload)).length;
  // on-demand-only does all three; an Auto Scaling group and Karpenter do tasks and services
  expect(count("tasks") + count("deadline-job") + count("serving")).toBe(schedulingPolicies.length + 4);
});
