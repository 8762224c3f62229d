import { describe, expect, it } from "vitest";
import { type AnyPolicySpec, definePolicy, type PolicySpec } from "../../policies/contract/policy.ts";
import type { CloudSpec } from "../../policies/contract/scenario.ts";
import type { Json } from "../../policies/contract/units.ts";
import type { Decisions } from "../../policies/decider.ts";
import { readingOnly, resumed, settles } from "../../policies/laws.ts";
import { resolveScenario, unfitFor } from "../../policies/registry.ts";
import { schedulingPolicies } from "../../policies/scheduling/index.ts";
import { wrappers } from "../../policies/wrappers/index.ts";
import { simulate } from "../../sim/simulate.ts";
import { isCutOverGpus } from "../../sim/workloads/serving-params.ts";
import { windowOf } from "../../traces/columns.ts";
import {
  cutServiceInput,
  handCloud,
  input,
  jobInput,
  scenario,
  serviceInput,
  table,
  tickCloud,
  zonesCloud,
} from "../support/runs.ts";

// Goal: every listed policy, bare and in every listed wrapper, keeps the laws of the contract. Method: run it in worlds that
// reach its branches (capacity that comes and goes, several slots, refusals, all ways to meet a reclaim) with the law around it.

const HOUR = 3600;
const flicker = (offset: number) =>
  Array.from({ length: 60 }, (_, i) => [i === 0 ? 0 : i * 2400 + offset, (i + (offset % 2)) % 3] as const);
const zones = table(
  [
    {
      price: [
        [0, 1],
        [20_000, 2],
      ],
      capacity: flicker(0),
    },
    { price: [[0, 1.5]], capacity: flicker(731) },
  ],
  40 * HOUR,
);

/** Two regions, the first with two zones. */
const regions = table(
  [
    {
      price: [
        [0, 1],
        [20_000, 2],
      ],
      capacity: flicker(0),
    },
    { price: [[0, 1.5]], capacity: flicker(731) },
    {
      price: [
        [0, 1.2],
        [31_000, 0.7],
      ],
      capacity: flicker(1412),
      region: "s",
    },
  ],
  40 * HOUR,
);

const taskWorlds = (["told", "tried"] as const).flatMap((visibility) =>
  (["restart", "checkpointEvery", "checkpointInGrace", "migrate"] as const).map((onReclaim, i) => {
    const cloud: CloudSpec = { ...handCloud, visibility, slotsPerInstance: 1 + (i % 2) };
    const cadence = i % 2 === 0 ? { onChange: true } : { onChange: i === 1, everyS: 300 };
    return {
      name: `${visibility}, ${onReclaim}, ${cadence.onChange ? "on change" : "polled"}`,
      boundIsKnown: false,
      input: input({
        table: zones,
        cloud,
        cadence,
        tasks: {
          tasks: 40,
          arrivals: { kind: "uniform", spanH: 20 },
          workH: { kind: "uniform", min: 0.1, max: 3 },
          state: { baseMiB: 100, perHourMiB: 4_000, maxMiB: 1e6, grows: true },
          onReclaim,
          ...(onReclaim === "checkpointEvery" ? { checkpoint: { everyS: 600, writeMiBPerS: 50 } } : {}),
        },
      }),
    };
  }),
);

/** Gangs that break and start again, in ticks and in real time; one zone where an optimum is known. */
const jobWorlds = ([1, 2] as const).flatMap((zoneCount) =>
  ([1, 2] as const).flatMap((nodes) =>
    (["in ticks", "told", "tried"] as const).map((how) => {
      const shown = how === "in ticks" ? {} : { cloud: { ...handCloud, visibility: how }, horizonS: 16 * HOUR };
      const cadence = { onChange: how === "told", everyS: 600 };
      const job = { nodes, workH: 10, deadlineH: 15.05, restartOverheadS: 900 };
      const spot = zoneCount === 1 ? windowOf(zones, 0, zones.endS, { zones: ["z0"] }) : zones;
      return {
        name: `${how}, ${nodes} of ${zoneCount} zones`,
        boundIsKnown: zoneCount === 1,
        input: jobInput({ table: spot, job, cadence, ...shown }),
      };
    }),
  ),
);

/** A job that looks for spot in several regions and takes its state along; in ticks, and in EC2's time with more of it to fetch. */
const regionWorlds = ([1, 2] as const).flatMap((nodes) =>
  [zonesCloud, { ...handCloud, visibility: "tried" as const, bill: zonesCloud.bill! }].map((cloud, i) => ({
    name: `${i === 0 ? "in ticks" : "tried"}, ${nodes} of 3 zones in two regions`,
    boundIsKnown: i === 0,
    input: jobInput({
      table: regions,
      cloud,
      horizonS: 16 * HOUR,
      cadence: { onChange: false, everyS: 600 },
      job: {
        nodes,
        workH: 10,
        deadlineH: 15.05,
        restartOverheadS: 900,
        moves: { stateGib: 40, ...(i === 1 && { mbps: { inRegion: 9720, inContinent: 8200, across: 1000 } }) },
      },
    }),
  })),
);

/** A service whose zones come and go, in ticks and in real time, and that wants more and fewer replicas. */
const servingWorlds = (["in ticks", "told", "tried"] as const).map((how) => ({
  name: `${how}, a service`,
  boundIsKnown: false,
  input: serviceInput({
    table: zones,
    horizonS: 3 * HOUR,
    service: {
      replicas: [
        { fromH: 0, replicas: 2 },
        { fromH: 1.001, replicas: 4 },
        { fromH: 2, replicas: 1 },
      ],
    },
    ...(how !== "in ticks" && { cloud: { ...handCloud, visibility: how } }),
    cadence: { onChange: how === "told", everyS: 30 },
  }),
}));

/** Services that always want the same, where a zone has room for all replicas or none. */
const steadyWorlds = [1, 3].map((replicas) => ({
  name: `in ticks, a steady service of ${replicas}`,
  boundIsKnown: true,
  input: serviceInput({
    table: zones,
    horizonS: 3 * HOUR,
    service: { replicas, warmupS: 120 },
    cloud: { ...tickCloud, profile: "skyserve-tick", depth: "unlimited", visibility: "tried" },
  }),
}));

/** A model cut over the GPUs of several instances, of which some come and go; two kinds of cadence. */
const cutWorlds = (["told", "tried"] as const).map((visibility, i) => ({
  name: `${visibility}, a service cut over GPUs`,
  boundIsKnown: false,
  input: cutServiceInput({ seed: `cut ${i}`, visibility, cadence: { onChange: true, ...(i === 1 && { everyS: 60 }) } }),
}));

/** Those that the policy decides for, with what it needs, and whose bound is known if it is one. */
const worldsOf = ({ scheduling }: Decisions) =>
  [...taskWorlds, ...jobWorlds, ...regionWorlds, ...servingWorlds, ...steadyWorlds, ...cutWorlds].filter(
    ({ boundIsKnown, input: { cloud, cadence, workload } }) =>
      unfitFor({ scheduling }, workload.model, cloud, cadence, isCutOverGpus(workload.params)) === undefined &&
      (scheduling.bound === undefined || boundIsKnown),
  );

// A relaxation decides nothing: test/policies/relaxed-optimum.test.ts.
const deciding = schedulingPolicies.filter(({ bound }) => bound?.kind !== "relaxation");
const bare = deciding.map(({ name }) => ({ name, decisions: scenario(name) }));
/** Parameters that open branches which the defaults leave shut. */
const otherwise = [
  { name: "karpenter-like", params: { consolidateAfterS: 600, onDemand: false } },
  {
    name: "asg-price-capacity-optimized",
    params: {
      scaleInAfterS: 60,
      zones: "any",
      capacityRebalancing: false,
      onDemandBase: 1,
      onDemandPercentAboveBase: 30,
    },
  },
  { name: "spot-hedge", params: { pick: "fewest", activeZonesMin: 1, onDemandBase: 1 } },
  { name: "spot-hedge", params: { fallback: false } },
  { name: "round-robin", params: { onDemandBase: 1, extraReplicas: 2 } },
  { name: "spotserve", params: { instancesMax: 6, onDemand: true, planner: false, mapper: false } },
  { name: "spotserve", params: { arranger: false, controller: false } },
  { name: "rerouting", params: { onDemand: true } },
  { name: "static-mixture", params: { onDemandBase: 1, onDemandPercentAboveBase: 50 } },
].map(({ name, params }) => ({
  name: `${name}, ${JSON.stringify(params)}`,
  decisions: resolveScenario({ scheduling: { name, params }, assignment: "earliest-node" }),
}));
const each = wrappers.map(({ name }) => (name === "with-probing" ? { name, params: { instances: 2 } } : { name }));
const wrapped = [...each.map((wrapper) => [wrapper]), each.toReversed()].flatMap((wrapping) =>
  deciding.map((spec) => {
    const decisions = scenario(spec.name, { wrappers: wrapping });
    return { name: decisions.scheduling.name, decisions };
  }),
);

const under = (decisions: Decisions, law: (spec: AnyPolicySpec) => AnyPolicySpec): Decisions => ({
  ...decisions,
  scheduling: law(decisions.scheduling),
});

const listed = [...bare, ...otherwise, ...wrapped];

describe.each(listed)("$name", ({ decisions }) => {
  const worlds = worldsOf(decisions);

  it.each(worlds)("settles ($name)", ({ input: world }) => {
    const { metrics } = simulate(world, under(decisions, settles));
    expect(metrics.tasksArrived ?? 0).toBe(world.workload.model === "tasks" ? 40 : 0);
    if (world.workload.model === "deadline-job") expect(metrics.gangStarts).toBeGreaterThan(0);
    if (world.workload.model === "serving") expect(metrics.readyReplicasMean).toBeGreaterThan(0.5);
  });

  it.each(worlds)("is reproducible, and resumable at every ask ($name)", ({ input: world }) => {
    const once = simulate(world, decisions);
    expect(simulate(world, decisions)).toEqual(once);
    expect(simulate(world, under(decisions, resumed))).toEqual(once);
  });

  it.each(worlds)("writes nothing to the view ($name)", ({ input: world }) => {
    expect(simulate(world, under(decisions, readingOnly))).toEqual(simulate(world, decisions));
  });
});

it("every listed policy has worlds of its own kind, gangs and services among them", () => {
  expect(listed.filter(({ decisions }) => worldsOf(decisions).length < 2).map(({ name }) => name)).toEqual([]);
});

describe("the laws find", () => {
  const world = taskWorlds[0]!.input;
  const rogue = (decide: ReturnType<PolicySpec<unknown, { n: number }>["create"]>["decide"]): Decisions => ({
    ...scenario("greedy"),
    params: {},
    scheduling: definePolicy({
      name: "rogue",
      summary: "breaks a law",
      source: "house",
      params: { parse: () => ({}) },
      memory: () => ({ n: 0 }),
      create: () => ({ decide }),
    }) as unknown as PolicySpec<unknown, Json>,
  });

  it("a policy that launches each time it is asked", () => {
    const launching = rogue((view, act) => void act.launch(view.markets[0]!));
    expect(() => simulate(world, under(launching, settles))).toThrow("asks to launch");
    expect(() => simulate(world, launching)).toThrow("does not settle");
  });

  it("a policy that counts its asks", () => {
    const counting = rogue((_view, _act, memory) => void memory.n++);
    expect(() => simulate(world, under(counting, settles))).toThrow("its memory changed");
  });

  it("a policy that remembers in its closure", () => {
    let asks = 0;
    const forgetful = rogue((view, act) => {
      if (asks++ === 3) act.launch(view.markets[0]!);
    });
    const once = simulate(world, forgetful);
    expect(simulate(world, under(forgetful, resumed)).fingerprint).not.toBe(once.fingerprint);
  });

  it("a policy that writes to the view", () => {
    const writing = rogue((view) => {
      (view.markets[0] as { priceUsdPerHour: number }).priceUsdPerHour = 0;
    });
    expect(() => simulate(world, under(writing, readingOnly))).toThrow("writes to the view: priceUsdPerHour");
    const sorting = rogue((view) => void (view.work.pending as unknown[]).reverse());
    expect(() => simulate(world, under(sorting, readingOnly))).toThrow("writes to the view");
  });
});
