import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cheapestReplicas } from "../../../experiments/validation/replica-program.ts";
import { cheapestReplica } from "../../../policies/scheduling/replica-plan.ts";
import { simulate } from "../../../sim/simulate.ts";
import { cheapestByBruteForce } from "../../support/replica-ticks.ts";
import { scenario, serviceInput, table, tickCloud } from "../../support/runs.ts";

// Goal: the optima are optima. Method: every plan there is, on cases small enough to try them all.

const small = fc
  .record({ markets: fc.integer({ min: 1, max: 2 }), ticks: fc.integer({ min: 3, max: 8 }) })
  .chain(({ markets, ticks }) =>
    fc.record({
      capacity: fc.array(fc.array(fc.integer({ min: 0, max: 3 }), { minLength: ticks, maxLength: ticks }), {
        minLength: markets,
        maxLength: markets,
      }),
      wanted: fc.integer({ min: 1, max: 2 }),
      coldStart: fc.integer({ min: 0, max: 2 }),
      k: fc.integer({ min: 1, max: 4 }),
      hasOnDemand: fc.boolean(),
    }),
  )
  .map(({ capacity, hasOnDemand, k, ...rest }) => ({
    ...rest,
    capacity: hasOnDemand ? [...capacity, capacity[0]!.map(() => 9)] : capacity,
    price: [...capacity.map((_, m) => 1 + (m % 2)), ...(hasOnDemand ? [k] : [])],
  }));

describe("the integer program", () => {
  it("costs what the cheapest of all plans costs, and has none where there is none", async () => {
    await fc.assert(
      fc.asyncProperty(small, async ({ capacity, wanted, coldStart, price }) => {
        const plan = await cheapestReplicas({ capacity, price, replicas: wanted, coldStartTicks: coldStart });
        const least = cheapestByBruteForce({ capacity, wanted, coldStart }, price);
        if (least === undefined) expect(plan).toBeUndefined();
        else expect(plan!.cost).toBeCloseTo(least, 6);
      }),
      { numRuns: 60 },
    );
  });
});

describe("the dynamic program of one replica", () => {
  it("costs what the cheapest of all plans costs, and has none where there is none", () => {
    fc.assert(
      fc.property(small, ({ capacity, coldStart, price }) => {
        const usd = capacity.map((counts, m) =>
          Float64Array.from(counts, (count) => (count > 0 ? price[m]! : Infinity)),
        );
        const found = cheapestReplica({ usd, coldStartTicks: coldStart, firstTick: coldStart });
        expect(found?.costUsd).toBe(cheapestByBruteForce({ capacity, wanted: 1, coldStart }, price));
      }),
      { numRuns: 300 },
    );
  });

  it("times N is the optimum of N where a zone has room for all or none", async () => {
    await fc.assert(
      fc.asyncProperty(small, async ({ capacity, wanted, coldStart, price }) => {
        const open = capacity.map((counts) => counts.map((count) => (count > 0 ? wanted : 0)));
        const usd = open.map((counts, m) => Float64Array.from(counts, (count) => (count > 0 ? price[m]! : Infinity)));
        const one = cheapestReplica({ usd, coldStartTicks: coldStart, firstTick: coldStart });
        const all = await cheapestReplicas({ capacity: open, price, replicas: wanted, coldStartTicks: coldStart });
        if (one === undefined) expect(all).toBeUndefined();
        else expect(all!.cost).toBeCloseTo(wanted * one.costUsd, 6);
      }),
      { numRuns: 60 },
    );
  });
});

describe("omniscient-replicas", () => {
  const steps = fc.array(fc.tuple(fc.integer({ min: 1, max: 118 }), fc.integer({ min: 0, max: 1 })), { maxLength: 12 });
  const zone = fc.record({
    capacity: steps.map((all) => [
      [0, 1] as const,
      ...[...new Map(all)].sort((a, b) => a[0] - b[0]).map(([tick, count]) => [30 * tick, count] as const),
    ]),
    price: fc.integer({ min: 1, max: 8 }).map((usd) => [[0, usd / 2] as const]),
  });
  const worlds = fc.record({
    zones: fc.array(zone, { minLength: 1, maxLength: 3 }),
    replicas: fc.integer({ min: 1, max: 3 }),
    warmupS: fc.constantFrom(0, 120, 600),
  });
  const rivals = ["on-demand-only", "spot-hedge", "round-robin", "even-spread", "static-mixture"];

  it("has all replicas ready from the first cold start on, and no policy that has so too pays less", () => {
    fc.assert(
      fc.property(worlds, ({ zones, replicas, warmupS }) => {
        const world = serviceInput({
          table: table(zones, 3600),
          service: { replicas, warmupS },
          cloud: { ...tickCloud, profile: "skyserve-tick", depth: "unlimited", visibility: "tried" },
        });
        const { metrics: least } = simulate(world, scenario("omniscient-replicas"));
        expect(least.shortReplicaHours).toBeCloseTo((replicas * Math.max(0, 120 - warmupS)) / 3600, 9);
        for (const rival of rivals) {
          const { metrics } = simulate(world, scenario(rival));
          if (metrics.shortReplicaHours! > least.shortReplicaHours! + 1e-9) continue;
          expect(metrics.costUsd, rival).toBeGreaterThanOrEqual(least.costUsd! - 1e-9);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("says what it cannot plan", () => {
    const of = (changes: Partial<Parameters<typeof serviceInput>[0]>) =>
      simulate(
        serviceInput({ table: table([{ capacity: [[0, 1]] }], 3600), ...changes }),
        scenario("omniscient-replicas"),
      );
    expect(() => of({})).toThrow("z0 has room for 1 at 0 s: set cloud.depth: unlimited, or leave it out");
    const growing = {
      replicas: [
        { fromH: 0, replicas: 1 },
        { fromH: 0.5, replicas: 2 },
      ],
    };
    expect(() => of({ service: growing })).toThrow("always wants the same number of replicas");
    expect(() => of({ service: { replicas: 1 }, cadence: { onChange: false, everyS: 50 } })).toThrow(
      "counts whole ticks of 50 s; a launch takes 120 s",
    );
  });
});
