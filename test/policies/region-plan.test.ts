import fc from "fast-check";
import highsModule from "highs";
import { describe, expect, it } from "vitest";
import { optimalPlan } from "../../policies/scheduling/optimal-plan.ts";
import { type RegionProblem, regionPlan } from "../../policies/scheduling/region-plan.ts";
import { simulate } from "../../sim/simulate.ts";
import { jobInput, scenario, table, zonesCloud } from "../support/runs.ts";

// The optimum over zones and regions. Small cases: every plan tried. Medium ones, 4^20 plans and more: an integer program, another
// formulation by another solver. Whole runs: no policy pays less, and the bill is the plan's cost.

// Its types are those of the CommonJS build; Node loads the other one.
const highs = await (highsModule as unknown as typeof highsModule.default)();

/** Plain data, so that a problem can be changed and printed. usd[composition][tick], null: not to be had. */
interface Drawn {
  readonly tickS: number;
  readonly overheadS: number;
  readonly workS: number;
  readonly placeOf: readonly number[];
  readonly usd: readonly (readonly (number | null)[])[];
  readonly moves: readonly (readonly { readonly usd: number; readonly moveS: number }[])[];
}

const problemOf = ({ tickS, overheadS, workS, placeOf, usd, moves }: Drawn): RegionProblem => ({
  tickS,
  workS,
  restartOverheadS: overheadS,
  ticks: usd[0]!.length,
  compositions: usd.length,
  places: moves.length,
  placeOf,
  tickUsd: (composition, tick) => usd[composition]![tick] ?? Infinity,
  move: (from, to) => moves[from]![to]!,
});
const costOf = (drawn: Drawn): number => regionPlan(problemOf(drawn))?.costUsd ?? Infinity;

const drawn = (ticks: { readonly min: number; readonly max: number }): fc.Arbitrary<Drawn> =>
  fc
    .record({
      tickS: fc.constantFrom(195, 600),
      overheadS: fc.constantFrom(0, 130, 720, 1_500),
      ticks: fc.integer(ticks),
      slack: fc.double({ min: 0.1, max: 0.7, noNaN: true }),
      placeOf: fc.constantFrom([0, 1], [0, 0, 1], [0, 1, 2], [0, 1, 1]),
      usd: fc.array(
        fc.array(fc.oneof(fc.constant(null), fc.integer({ min: 4, max: 30 })), { minLength: 4, maxLength: 4 }),
        {
          minLength: 3,
          maxLength: 3,
        },
      ),
      moveUsd: fc.array(fc.integer({ min: 0, max: 25 }), { minLength: 9, maxLength: 9 }),
      moveS: fc.array(fc.constantFrom(0, 0, 65, 300), { minLength: 9, maxLength: 9 }),
    })
    .map(({ tickS, overheadS, ticks, slack, placeOf, usd, moveUsd, moveS }) => ({
      tickS,
      overheadS,
      workS: Math.round((1 - slack) * ticks * tickS),
      placeOf,
      // Spells of a price, or of nothing; the last composition is always there.
      usd: placeOf.map((_, c) =>
        Array.from({ length: ticks }, (_, t) =>
          c === placeOf.length - 1 ? 31 : usd[c]![Math.floor((4 * t) / ticks)]!,
        ),
      ),
      moves: Array.from({ length: Math.max(...placeOf) + 1 }, (_, from) =>
        Array.from({ length: Math.max(...placeOf) + 1 }, (_, to) =>
          from === to ? { usd: 0, moveS: 0 } : { usd: moveUsd[3 * from + to]!, moveS: moveS[3 * from + to]! },
        ),
      ),
    }));

/** Every plan: in each tick nowhere, or on one composition. */
function cheapestByBruteForce({ tickS, overheadS, workS, placeOf, usd, moves }: Drawn): number {
  const ticks = usd[0]!.length;
  let best = Infinity;
  const extend = (t: number, on: number | null, place: number | null, doneS: number, cost: number): void => {
    if (cost >= best) return;
    if (doneS >= workS) best = cost;
    if (t === ticks) return;
    extend(t + 1, null, place, doneS, cost);
    for (const [c, prices] of usd.entries()) {
      const price = prices[t];
      if (price === null || price === undefined) continue;
      const to = placeOf[c]!;
      const move = c === on || place === null ? { usd: 0, moveS: 0 } : moves[place]![to]!;
      const gainS = tickS - (c === on ? 0 : overheadS + move.moveS);
      extend(t + 1, c, to, doneS + gainS, cost + price + move.usd);
    }
  };
  extend(0, null, null, 0, 0);
  return best;
}

/** x(t,m): in tick t on m. l(t,m): launched on it then. s(t,p): the state lies in p. v(t,q,p): it was taken there from q. */
function cheapestByIntegerProgram({ tickS, overheadS, workS, placeOf, usd, moves }: Drawn): number {
  const ticks = usd[0]!.length;
  const [places, all] = [[...moves.keys()], Array.from({ length: ticks }, (_, t) => t)];
  const each = all.flatMap((t) => placeOf.map((place, m) => ({ t, m, place, price: usd[m]![t] ?? null })));
  const carried = all
    .slice(1)
    .flatMap((t) =>
      places.flatMap((q) => places.filter((p) => p !== q).map((p) => ({ t, q, p, move: moves[q]![p]! }))),
    );
  const program = [
    `Minimize\n cost: ${[
      ...each.flatMap(({ t, m, price }) => (price === null ? [] : [`${price} x${t}_${m}`])),
      ...carried.map(({ t, q, p, move }) => `${move.usd} v${t}_${q}_${p}`),
    ].join(" + ")}`,
    "Subject To",
    ` work: ${each.map(({ t, m }) => `${tickS} x${t}_${m}`).join(" + ")} ${each.map(({ t, m }) => `- ${overheadS} l${t}_${m}`).join(" ")} ${carried.map(({ t, q, p, move }) => `- ${move.moveS} v${t}_${q}_${p}`).join(" ")} >= ${workS}`,
    ...all.map((t) => ` one${t}: ${placeOf.map((_, m) => `x${t}_${m}`).join(" + ")} <= 1`),
    ...all.map((t) => ` lies${t}: ${places.map((p) => `s${t}_${p}`).join(" + ")} <= 1`),
    ...all
      .slice(1)
      .map(
        (t) =>
          ` stays${t}: ${places.map((p) => `s${t}_${p}`).join(" + ")} ${places.map((p) => `- s${t - 1}_${p}`).join(" ")} >= 0`,
      ),
    ...each.map(({ t, m }) => ` launch${t}_${m}: x${t}_${m} ${t > 0 ? `- x${t - 1}_${m} ` : ""}- l${t}_${m} <= 0`),
    ...each.map(({ t, m, place }) => ` here${t}_${m}: x${t}_${m} - s${t}_${place} <= 0`),
    // It moves only with the gang.
    ...all.flatMap((t) =>
      places.map(
        (p) =>
          ` with${t}_${p}: s${t}_${p} ${t > 0 ? `- s${t - 1}_${p}` : ""} ${placeOf.flatMap((place, m) => (place === p ? [`- x${t}_${m}`] : [])).join(" ")} <= 0`,
      ),
    ),
    ...carried.map(({ t, q, p }) => ` move${t}_${q}_${p}: s${t - 1}_${q} + s${t}_${p} - v${t}_${q}_${p} <= 1`),
    ...each.filter(({ price }) => price === null).map(({ t, m }) => ` none${t}_${m}: x${t}_${m} = 0`),
    `Binary\n ${[...each.map(({ t, m }) => `x${t}_${m} l${t}_${m}`), ...all.flatMap((t) => places.map((p) => `s${t}_${p}`)), ...carried.map(({ t, q, p }) => `v${t}_${q}_${p}`)].join(" ")}`,
    "End",
  ].join("\n");
  const solution = highs.solve(program, { output_flag: false, mip_rel_gap: 0, mip_abs_gap: 1e-7 });
  return solution.Status === "Infeasible" ? Infinity : solution.ObjectiveValue;
}

describe("the optimal plan over regions", () => {
  it("costs what the cheapest of all plans does", () => {
    fc.assert(
      fc.property(drawn({ min: 3, max: 7 }), (each) => {
        expect(costOf(each)).toBeCloseTo(cheapestByBruteForce(each), 9);
      }),
      { numRuns: 300 },
    );
  });

  it("costs what an integer program says", { timeout: 120_000 }, () => {
    fc.assert(
      fc.property(drawn({ min: 12, max: 20 }), (each) => {
        expect(costOf(each)).toBeCloseTo(cheapestByIntegerProgram(each), 6);
      }),
      { numRuns: 15 },
    );
  });

  it("is what its ticks add up to: their cost, the moves between them, and at least the work", () => {
    fc.assert(
      fc.property(drawn({ min: 10, max: 40 }), (each) => {
        const plan = regionPlan(problemOf(each));
        if (plan === undefined) return;
        let [cost, doneS, place] = [0, 0, undefined as number | undefined];
        for (const [t, c] of plan.ticks.entries()) {
          if (c < 0) continue;
          const to = each.placeOf[c]!;
          const stays = plan.ticks[t - 1] === c;
          const move = place === undefined ? { usd: 0, moveS: 0 } : each.moves[place]![to]!;
          cost += each.usd[c]![t]! + (stays ? 0 : move.usd);
          doneS += each.tickS - (stays ? 0 : each.overheadS + move.moveS);
          place = to;
        }
        expect(plan.costUsd).toBeCloseTo(cost, 9);
        expect(doneS).toBeGreaterThanOrEqual(each.workS);
      }),
    );
  });

  it("in one region is that of one region", () => {
    fc.assert(
      fc.property(drawn({ min: 10, max: 40 }), (each) => {
        const alone = { ...each, placeOf: each.placeOf.map(() => 0), moves: [[{ usd: 0, moveS: 0 }]] };
        expect(costOf(alone)).toBeCloseTo(optimalPlan(problemOf(alone))?.costUsd ?? Infinity, 9);
      }),
    );
  });

  it("never costs less with capacity taken away, nor more with a zone added", () => {
    fc.assert(
      fc.property(drawn({ min: 10, max: 40 }), fc.nat(), fc.nat(), (each, c, t) => {
        const [zone, tick] = [c % (each.placeOf.length - 1), t % each.usd[0]!.length];
        const fewer = each.usd.map((prices, m) => prices.map((usd, k) => (m === zone && k >= tick ? null : usd)));
        const without = fewer.map((prices, m) => (m === zone ? prices.map(() => null) : prices));
        expect(costOf({ ...each, usd: fewer })).toBeGreaterThanOrEqual(costOf(each) - 1e-9);
        expect(costOf({ ...each, usd: without })).toBeGreaterThanOrEqual(costOf({ ...each, usd: fewer }) - 1e-9);
      }),
    );
  });

  it("is none where the work does not fit, and is refused where it would not fit into memory", () => {
    const one = {
      tickS: 1,
      overheadS: 1,
      placeOf: [0, 1],
      moves: [
        [
          { usd: 0, moveS: 0 },
          { usd: 3, moveS: 0 },
        ],
        [
          { usd: 3, moveS: 0 },
          { usd: 0, moveS: 0 },
        ],
      ],
    };
    const usd = [
      [2, 2, null, null, null],
      [2, 2, 2, 2, 2],
    ];
    expect(costOf({ ...one, workS: 4, usd })).toBe(10);
    expect(costOf({ ...one, workS: 5, usd })).toBe(Infinity);
    const large = { ...problemOf({ ...one, workS: 34, usd }), ticks: 100_000, restartOverheadS: 7, tickS: 34 };
    expect(() => regionPlan(large)).toThrow(/^the optimum would need 1899\.9 GiB: 100000 ticks, .* for 2 regions; /);
  });
});

describe("no causal policy pays less than the optimum over regions", () => {
  const HOUR = 3600;
  const net = [{ name: "with-safety-net", params: { overheads: 1 } }];
  const policies = [
    ...["uniform-progress-failover", "uniform-progress-availability", "uniform-progress-availability-price"],
    ...["skynomad", "greedy-deadline", "as-fast-as-possible"],
  ];
  const zone = fc.record({
    prices: fc.array(fc.integer({ min: 5, max: 20 }), { minLength: 3, maxLength: 3 }),
    spells: fc.array(fc.tuple(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 0, max: 1 })), {
      minLength: 3,
      maxLength: 12,
    }),
    region: fc.constantFrom("us-a", "us-b", "eu-c"),
  });
  const worlds = fc
    .record({
      zones: fc.array(zone, { minLength: 1, maxLength: 4 }),
      workH: fc.double({ min: 4, max: 12, noNaN: true }),
      overheadS: fc.constantFrom(0, 300, 900),
      stateGib: fc.constantFrom(1, 50),
      slow: fc.boolean(),
    })
    .map(({ zones, workH, overheadS, stateGib, slow }) => {
      const steps = zones.map(({ prices, spells, region }) => {
        const seen = spells.flatMap(([length, count]) => new Array<number>(length).fill(count));
        return {
          region,
          price: prices.map((price, i) => [i * 18_000, price / 10] as const),
          capacity: Array.from({ length: 100 }, (_, i) => [i * 600, seen[i % seen.length]!] as const),
        };
      });
      const mbps = { inRegion: 16_384, inContinent: 8_192, across: 4_096 };
      return jobInput({
        table: table(steps, 100 * 600),
        cloud: zonesCloud,
        job: {
          workH: Math.round(workH * HOUR) / HOUR,
          deadlineH: 15,
          restartOverheadS: overheadS,
          moves: { stateGib, ...(slow && { mbps }) },
        },
      });
    });

  it("that finishes by the same tick", () => {
    let compared = 0;
    fc.assert(
      fc.property(worlds, fc.constantFrom(...policies), (world, name) => {
        const told = ["greedy-deadline", "as-fast-as-possible"].includes(name);
        const cloud = { ...world.cloud, visibility: told ? ("told" as const) : ("tried" as const) };
        const ours = simulate(
          { ...world, cloud },
          scenario(name, { wrappers: name === "as-fast-as-possible" ? [] : net }),
        );
        const least = simulate(world, scenario("omniscient-regions")).metrics;
        if (ours.metrics.completedShare !== 1) return;
        compared++;
        expect(least.completedShare).toBe(1);
        expect(least.costUsd!).toBeLessThanOrEqual(ours.metrics.costUsd! + 1e-9);
      }),
      { numRuns: 150 },
    );
    expect(compared).toBeGreaterThan(100);
  });
});
