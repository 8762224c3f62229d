import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type FleetPolicy,
  fleetParams,
  fleetTicks,
  runFleet,
  sumsOf,
  total,
} from "../../experiments/validation/kinds/replica-fleet.ts";
import { resolveScenario } from "../../policies/registry.ts";
import { simulate } from "../../sim/simulate.ts";
import { evenly, hedged, inTurn, noSpot, type ReplicaRule, runInTicks } from "../support/replica-ticks.ts";
import { handCloud, scenario, serviceInput, table } from "../support/runs.ts";

const HOUR = 3600;

describe("the engine under skyserve-tick is SkyServe's model", () => {
  // Method: a naive program of counts per zone and tick beside it, on cases drawn by fast-check.
  const rules: readonly (readonly [
    name: string,
    policy: FleetPolicy,
    params: object,
    rule: (zones: number) => ReplicaRule,
  ])[] = [
    ["on-demand", "od", {}, () => noSpot],
    ["even spread, and with on-demand always there", "even", {}, () => evenly],
    ["round robin", "rr", {}, () => inTurn],
    ["hedge, the paper's reset, cheapest", "hedge", {}, () => hedged(1, false, true)],
    ["hedge, fewest first", "hedge", { pick: "fewest" }, () => hedged(1, true, true)],
    [
      "hedge, the simulator's reset",
      "hedge",
      { rebalance: "ae" },
      (zones) => hedged(Math.min(1, zones - 3), false, true),
    ],
    ["hedge without fallback", "hedge", { fallback: false }, () => hedged(1, false, false)],
  ];
  const fleets = fc
    .record({
      zones: fc.integer({ min: 1, max: 5 }),
      ticks: fc.integer({ min: 20, max: 60 }),
      most: fc.integer({ min: 1, max: 4 }),
    })
    .chain(({ zones, ticks, most }) => {
      // Spells, so that replicas become ready before they are lost.
      const spells = fc.array(fc.tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 0, max: most })), {
        minLength: 30,
        maxLength: 60,
      });
      const series = spells.map((all) =>
        all.flatMap(([length, count]) => new Array<number>(length).fill(count)).slice(0, ticks),
      );
      return fc.record({
        capacity: fc.array(series, { minLength: zones, maxLength: zones }).map((all) => {
          const shortest = Math.min(...all.map(({ length }) => length));
          return all.map((each) => each.slice(0, shortest));
        }),
        wanted: fc.integer({ min: 1, max: 4 }),
        extra: fc.integer({ min: 0, max: 2 }),
        coldStart: fc.integer({ min: 0, max: 6 }),
        base: fc.integer({ min: 0, max: 1 }),
      });
    });

  it.each(rules)("%s", (_name, policy, params, rule) => {
    fc.assert(
      fc.property(fleets, (fleet) => {
        const { capacity, wanted: N, extra: E, coldStart: d, base: baseOd } = fleet;
        const k = 3;
        const { metrics, timeline } = runFleet(
          { capacity, unlimited: false, params: fleetParams.parse({ N, E, d, k, baseOd, ...params }) },
          policy,
        );
        const { held, ready } = fleetTicks(timeline);
        const naive = runInTicks(fleet, rule(capacity.length));
        const zoneTicks = held.slice(0, -1).map((row) => total(row.slice(d)));
        const readyAt: Record<string, number> = {};
        for (const count of sumsOf(ready).slice(d)) readyAt[count] = (readyAt[count] ?? 0) + 1;
        expect({ ready: readyAt, zoneTicks, onDemandTicks: total(held.at(-1)!.slice(d)) }).toEqual({
          ready: naive.ready,
          zoneTicks: naive.zoneTicks,
          onDemandTicks: naive.onDemandTicks,
        });
        expect(metrics.costUsd).toBeCloseTo(naive.spotTicks + k * naive.onDemandTicks, 8);
        expect(metrics.availableShare).toBeCloseTo(naive.okTicks / (capacity[0]!.length - d), 10);
        expect(metrics).toMatchObject({ reclaims: naive.preempted, refusals: naive.unfilled - naive.preempted });
        const granted = timeline.instances.filter(
          ({ market, runningS }) => market < capacity.length && runningS !== null,
        );
        expect(granted.length).toBe(naive.launches);
      }),
      { numRuns: 60 },
    );
  });
});

describe("a service, worked by hand", () => {
  // On EC2's timing: an answer after 4 s, billed from 44 s, ready at 60 s; spot costs 1.8 USD/h.
  const aws = (
    changes: Partial<Parameters<typeof serviceInput>[0]> & Pick<Parameters<typeof serviceInput>[0], "table">,
  ) =>
    serviceInput({
      cloud: { ...handCloud, visibility: "tried" },
      cadence: { onChange: false, everyS: 30 },
      ...changes,
    });
  const spread = (extraReplicas = 0) =>
    resolveScenario({ scheduling: { name: "even-spread", params: { extraReplicas } }, assignment: "earliest-node" });

  it("two replicas that nobody takes: all but the first minute available, two instance-hours less two boots", () => {
    const { metrics } = simulate(aws({ table: table([{}, {}], HOUR) }), spread());
    expect(metrics.availableShare).toBeCloseTo(3540 / 3600, 12);
    expect(metrics.readyReplicasMean).toBeCloseTo((2 * 3540) / 3600, 12);
    expect(metrics.shortReplicaHours).toBeCloseTo((2 * 60) / 3600, 12);
    expect(metrics.workHoursDone).toBeCloseTo((2 * 3540) / 3600, 12);
    expect(metrics.costUsd).toBeCloseTo((2 * 1.8 * (3600 - 44)) / 3600, 12);
    expect(metrics).toMatchObject({ replicasLost: 0, idleHours: 0 });
  });

  it("what is warm-up is in no metric but counts of events, bills included", () => {
    const service = { warmupS: 600 };
    const { metrics } = simulate(aws({ table: table([{}, {}], HOUR), service }), spread());
    expect(metrics).toMatchObject({ availableShare: 1, readyReplicasMean: 2, shortReplicaHours: 0, launches: 2 });
    expect(metrics.costUsd).toBeCloseTo(2 * 1.8 * (3000 / 3600), 12);
    expect(metrics.upHours).toBeCloseTo((2 * 3000) / 3600, 12);
  });

  it("a free first hour counts from running, not from the end of the warm-up", () => {
    // Taken back at 1.5 h, 2 min after the notice: past its first hour, though only half an hour of it is measured.
    const gone = table(
      [
        {
          capacity: [
            [0, 1],
            [1.5 * HOUR, 0],
          ],
        },
      ],
      2 * HOUR,
    );
    const { metrics } = simulate(aws({ table: gone, service: { replicas: 1, warmupS: HOUR } }), spread());
    expect(metrics.freeHours).toBe(0);
    expect(metrics.costUsd).toBeCloseTo((1.8 * 1920) / 3600, 12);
    expect(metrics.availableShare).toBeCloseTo(1920 / 3600, 12);
  });

  it("what ends with the warm-up owes nothing, not even its minimum", () => {
    // Up from 1784 to 1800: 16 s, on EC2 charged as 60.
    const replicas = [
      { fromH: 0, replicas: 0 },
      { fromH: 1740 / HOUR, replicas: 1 },
      { fromH: 1800 / HOUR, replicas: 0 },
    ];
    const ending = (warmupS: number) =>
      simulate(aws({ table: table([{}], HOUR), service: { replicas, warmupS } }), spread()).metrics.costUsd;
    expect(ending(0)).toBeCloseTo((1.8 * 60) / 3600, 12);
    expect(ending(1800)).toBe(0);
  });

  it("a replica under notice serves until it ends, and its replacement starts at the notice", () => {
    const moving = table(
      [
        {
          capacity: [
            [0, 1],
            [1800, 0],
          ],
        },
        {
          capacity: [
            [0, 0],
            [900, 1],
          ],
        },
      ],
      HOUR,
    );
    // The first zone gives notice at 1800 and ends it at 1920; the second is next in turn.
    const { metrics, timeline } = simulate(
      { ...aws({ table: moving, service: { replicas: 1 } }), traced: true },
      resolveScenario({ scheduling: "round-robin", assignment: "earliest-node" }),
    );
    expect(metrics).toMatchObject({ availableShare: 3540 / 3600, replicasLost: 1, refusals: 0 });
    expect(timeline!.work.map(({ fromS, toS, ended }) => ({ fromS, toS, ended }))).toEqual([
      { fromS: 60, toS: 1920, ended: "stopped" },
      { fromS: 1860, toS: 3600, ended: "cut" },
    ]);
  });

  it("follows a schedule: new replicas at once, surplus ended, those that are not ready first", () => {
    const replicas = [
      { fromH: 0, replicas: 1 },
      { fromH: 1, replicas: 3 },
      { fromH: 1 + 20 / HOUR, replicas: 2 },
    ];
    const { metrics, timeline } = simulate(
      {
        ...aws({ table: table([{}], 2 * HOUR), service: { replicas }, cadence: { onChange: true, everyS: 600 } }),
        traced: true,
      },
      spread(),
    );
    const ended = timeline!.instances.filter(({ endedBy }) => endedBy === "terminated");
    expect(ended.map(({ id, endS }) => ({ id, endS }))).toEqual([{ id: 2, endS: 3620 }]);
    // One of one until 1 h; then one of three for 20 s, one of two until the second is ready at 3660.
    expect(metrics.shortReplicaHours).toBeCloseTo((60 + 2 * 20 + 40) / 3600, 12);
  });

  it("loses availability alone where no zone has room for what is wanted", () => {
    const { metrics } = simulate(
      aws({ table: table([{ capacity: [[0, 1]] }], HOUR), service: { replicas: 3 } }),
      spread(),
    );
    expect(metrics.availableShare).toBe(0);
    expect(metrics.readyReplicasMean).toBeCloseTo(3540 / 3600, 12);
  });

  it("refuses a warm-up as long as the window", () => {
    const input = aws({ table: table([{}], HOUR), service: { warmupS: HOUR } });
    expect(() => simulate(input, spread())).toThrow("leaves nothing of a window of 3600 s; shorten it");
  });
});

describe("any service on EC2's timing", () => {
  // Method: replicas, availability and bill computed again from the run's timeline, second by second for what is ready.
  const END = 3 * HOUR;
  const steps = (max: number) =>
    fc
      .array(fc.tuple(fc.integer({ min: 1, max: END - 1 }), fc.integer({ min: 0, max })), { maxLength: 12 })
      .map((pairs) => [[0, max] as const, ...[...new Map(pairs)].sort((a, b) => a[0] - b[0])]);
  const worlds = fc.record({
    zones: fc.array(fc.record({ capacity: steps(3) }), { minLength: 1, maxLength: 3 }),
    scheduling: fc.constantFrom(
      "spot-hedge",
      "even-spread",
      "round-robin",
      "static-mixture",
      "on-demand-only",
      "asg-price-capacity-optimized",
      "karpenter-like",
    ),
    interruptions: fc.constantFrom({ model: "capacity" as const }, { model: "hazard" as const, perHour: 1.5 }),
    lead: fc.constantFrom(0, 30, 120),
    wanted: steps(4).map((all) => all.map(([timeS, replicas]) => ({ fromH: timeS / HOUR, replicas }))),
    warmupS: fc.constantFrom(0, 45, 1800),
    cadence: fc.constantFrom({ onChange: true, everyS: 300 }, { onChange: false, everyS: 30 }),
    seed: fc.string(),
  });

  it("has the replicas, the availability and the bill that its timeline says", () => {
    fc.assert(
      fc.property(worlds, ({ zones, scheduling, interruptions, lead, wanted, warmupS, cadence, seed }) => {
        const noticeLeadS = { kind: "constant", value: lead } as const;
        const { metrics, timeline } = simulate(
          serviceInput({
            table: table(zones, END),
            service: { replicas: wanted, warmupS },
            cloud: { ...handCloud, visibility: "tried", interruptions, noticeLeadS },
            cadence,
            seed,
            traced: true,
          }),
          scenario(scheduling),
        );
        const sum = { all: 0, ready: 0, short: 0 };
        for (let second = warmupS; second < END; second++) {
          const middle = second + 0.5; // hazards ring between seconds, so what is ready is the mean over one
          const want = wanted.findLast(({ fromH }) => fromH * HOUR <= middle)!.replicas;
          const ready = timeline!.work.reduce(
            (total, { fromS, toS }) => total + Math.max(0, Math.min(toS, second + 1) - Math.max(fromS, second)),
            0,
          );
          sum.ready += ready;
          sum.short += Math.max(0, want - ready);
          if (ready >= want) sum.all++;
        }
        const measuredS = END - warmupS;
        // Each loss may fall within a second, which then counts as neither.
        const slackS = timeline!.work.length + 1;
        expect(metrics.readyReplicasMean).toBeCloseTo(sum.ready / measuredS, 6);
        expect(Math.abs(metrics.availableShare! * measuredS - sum.all)).toBeLessThanOrEqual(slackS);
        expect(Math.abs(metrics.shortReplicaHours! * HOUR - sum.short)).toBeLessThanOrEqual(slackS);
        const billUsd = timeline!.instances.reduce((total, { market, runningS, endS, endedBy }) => {
          if (runningS === null || endS <= warmupS) return total;
          const upS = endS - runningS;
          if (endedBy === "reclaimed" && upS < HOUR) return total;
          const chargedS = endS - Math.max(runningS, warmupS) + Math.max(0, 60 - upS);
          return total + ((market < zones.length ? 1.8 : 3.6) * chargedS) / HOUR;
        }, 0);
        expect(metrics.costUsd).toBeCloseTo(billUsd, 8);
      }),
      { numRuns: 40 },
    );
  });
});
