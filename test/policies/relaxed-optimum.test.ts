import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { resolveScenario } from "../../policies/registry.ts";
import { type LeastCostProblem, leastCostUsd } from "../../policies/scheduling/least-cost.ts";
import { simulate } from "../../sim/simulate.ts";
import { handCloud, jobInput, scenario, table } from "../support/runs.ts";

// Goal: no policy that does the work is below the relaxation, in any timing. Method: by hand; against a search over all schedules;
// against the runs of causal policies on EC2's clock and of the exact optimum in ticks, in worlds drawn by fast-check.

const HOUR = 3600;
const ON_DEMAND = 3.6;
const relaxed = scenario("relaxed-optimum");

/** Stretches and prices per second of two markets, some of which are not there. */
const problem = (overheadsS: readonly number[]) =>
  fc
    .record({
      stretches: fc.array(
        fc.record({
          lengthS: fc.integer({ min: 1, max: 9 }),
          prices: fc.tuple(fc.constantFrom(1, 2, 3, Infinity), fc.constantFrom(4, 5, Infinity)),
        }),
        { minLength: 2, maxLength: 6 },
      ),
      share: fc.double({ min: 0.05, max: 1.1, noNaN: true }),
      restartOverheadS: fc.constantFrom(...overheadsS),
    })
    .map(({ stretches, share, restartOverheadS }): LeastCostProblem => {
      const lengthsS = Float64Array.from(stretches, ({ lengthS }) => lengthS);
      return {
        workS: share * lengthsS.reduce((sum, each) => sum + each, 0),
        restartOverheadS,
        lengthsS,
        usd: [0, 1].map((m) => Float64Array.from(stretches, ({ lengthS, prices }) => lengthS * prices[m]!)),
      };
    });

/** By trying idle and each market in each stretch, whole. Infinity where none does the work. */
function cheapestWholeUsd({ workS, restartOverheadS, lengthsS, usd }: LeastCostProblem): number {
  let best = Infinity;
  const extend = (i: number, on: number | undefined, progressS: number, cost: number): void => {
    if (progressS >= workS) best = Math.min(best, cost);
    if (i === lengthsS.length) return;
    extend(i + 1, undefined, progressS, cost);
    for (const [m, market] of usd.entries()) {
      const gainS = lengthsS[i]! - (m === on ? 0 : restartOverheadS);
      if (market[i]! < Infinity) extend(i + 1, m, progressS + gainS, cost + market[i]!);
    }
  };
  extend(0, undefined, 0, 0);
  return best;
}

describe("the least cost", () => {
  it("is above that of no schedule, and none is where no schedule does the work", () => {
    fc.assert(
      fc.property(problem([0, 1, 2, 5]), (each) => {
        const least = leastCostUsd(each);
        const whole = cheapestWholeUsd(each);
        if (least === undefined) expect(whole).toBe(Infinity);
        else expect(least).toBeLessThanOrEqual(whole + 1e-9);
      }),
      { numRuns: 500 },
    );
  });

  it("is that of the cheapest seconds where a restart takes no time", () => {
    fc.assert(
      fc.property(problem([0]), (each) => {
        const rates = [...each.lengthsS]
          .map((lengthS, i) => ({ lengthS, rate: Math.min(...each.usd.map((market) => market[i]! / lengthS)) }))
          .sort((a, b) => a.rate - b.rate);
        let [leftS, usd] = [each.workS, 0];
        for (const { lengthS, rate } of rates) {
          const takenS = Math.min(leftS, lengthS);
          if (takenS > 0) usd += takenS * rate;
          leftS -= takenS;
        }
        const least = leastCostUsd(each);
        if (leftS > 1e-9 || usd === Infinity) expect(least).toBeUndefined();
        else expect(least).toBeCloseTo(usd, 6);
      }),
      { numRuns: 300 },
    );
  });
});

describe("the relaxed optimum", () => {
  const steady = { price: [[0, 2]], capacity: [[0, 1]] } as const;

  it("spreads the overhead of a start over all the time there is: 10 h of work, 15 h, 20 min lost, 2 USD/h", () => {
    const { metrics, clairvoyant } = simulate(jobInput({ table: table([steady], 20 * HOUR) }), relaxed);
    // A price of progress at which it pays to run all 15 h, of which 14 h 40 min are progress.
    expect(metrics).toEqual({ costUsd: expect.closeTo((10 * 2 * 15) / (15 - 1 / 3), 9) });
    expect(clairvoyant).toEqual({ bound: { kind: "relaxation", workload: "deadline-job" } });
  });

  it("takes as free what is taken back within its first hour on EC2, and in ticks nothing", () => {
    const zone = {
      price: [[0, 1]],
      capacity: [
        [0, 1],
        [1_800, 0],
      ],
    } as const;
    const leastUsd = (cloud: object) =>
      simulate(
        jobInput({
          table: table([zone], 20 * HOUR),
          job: { workH: 10, restartOverheadS: 0, deadlineH: 15 },
          ...cloud,
        }),
        relaxed,
      ).metrics.costUsd!;
    // Half an hour on spot at 1 USD/h, the rest on-demand; the notice lasts two minutes more.
    const noticeH = 120 / HOUR;
    expect(leastUsd({})).toBeCloseTo(0.5 * 1 + 9.5 * ON_DEMAND, 6);
    expect(leastUsd({ cloud: { ...handCloud, visibility: "told" } })).toBeCloseTo((9.5 - noticeH) * ON_DEMAND, 6);
  });

  it("is refused where it could not be one", () => {
    const world = jobInput({ table: table([steady], 20 * HOUR) });
    expect(() =>
      resolveScenario({
        scheduling: "relaxed-optimum",
        wrappers: [{ name: "with-safety-net" }],
        assignment: "first-fit",
      }),
    ).toThrow("relaxed-optimum is a bound that decides nothing; remove its wrappers");
    const impossible = jobInput({ table: table([steady], 20 * HOUR), job: { workH: 14.9, restartOverheadS: 1_200 } });
    expect(() => simulate(impossible, relaxed)).toThrow("no policy can keep this deadline; lengthen it");
    const noticeLeadS = { kind: "lognormal", median: 60, p95: 120 } as const;
    expect(() => simulate({ ...world, cloud: { ...handCloud, noticeLeadS } }, relaxed)).toThrow(/longest notice/);
  });

  /** Two zones that come and go at any second, with prices that move; a job of one or two nodes. */
  const world = fc
    .record({
      zones: fc.array(
        fc.record({
          spells: fc.array(fc.tuple(fc.integer({ min: 300, max: 9_000 }), fc.integer({ min: 0, max: 2 })), {
            minLength: 2,
            maxLength: 12,
          }),
          prices: fc.array(fc.integer({ min: 5, max: 40 }), { minLength: 1, maxLength: 6 }),
        }),
        { minLength: 1, maxLength: 2 },
      ),
      nodes: fc.integer({ min: 1, max: 2 }),
      workH: fc.double({ min: 1, max: 8, noNaN: true }),
      slackH: fc.double({ min: 1, max: 4, noNaN: true }),
      restartOverheadS: fc.constantFrom(0, 300, 900),
    })
    .map(({ zones, nodes, workH, slackH, restartOverheadS }) => {
      const drawn = zones.map(({ spells, prices }) => {
        const capacity: [number, number][] = [];
        for (let [timeS, i] = [0, 0]; timeS < 16 * HOUR; i++) {
          const [lengthS, count] = spells[i % spells.length]!;
          capacity.push([timeS, count]);
          timeS += lengthS;
        }
        return { capacity, price: prices.map((price, i) => [i * 7_000, price / 10] as const) };
      });
      const job = { nodes, workH, deadlineH: workH + slackH, restartOverheadS };
      return { table: table(drawn, 16 * HOUR), job, horizonS: 14 * HOUR };
    });
  const net = [{ name: "with-safety-net", params: { launchS: 120 } }];
  const causal = fc.constantFrom(
    scenario("on-demand-only"),
    scenario("spot-only"),
    scenario("as-fast-as-possible"),
    ...["greedy-deadline", "uniform-progress", "time-sliced", "loose-start"].map((name) =>
      scenario(name, { wrappers: net }),
    ),
  );

  it.each([
    ["on EC2", { cloud: { ...handCloud, visibility: "told" as const }, cadence: { onChange: true, everyS: 600 } }],
    ["in ticks", {}],
  ])("is undercut by no policy that keeps the deadline (%s)", (_name, how) => {
    let kept = 0;
    fc.assert(
      fc.property(world, causal, (each, policy) => {
        const input = jobInput({ ...each, ...how });
        const { deadlineMetShare, costUsd } = simulate(input, policy).metrics;
        if (deadlineMetShare !== 1) return;
        kept++;
        expect(costUsd).toBeGreaterThanOrEqual(simulate(input, relaxed).metrics.costUsd! - 1e-9);
      }),
      { numRuns: 200 },
    );
    expect(kept).toBeGreaterThan(50);
  });

  it("lies at or below the exact optimum in ticks, on average within 15 %", () => {
    const shares: number[] = [];
    fc.assert(
      fc.property(world, (each) => {
        if (each.table.markets.length > 2) return; // a spot market and on-demand: the optimum is of one zone
        const input = jobInput({ ...each, cadence: { onChange: false, everyS: 300 } });
        const exact = simulate(input, scenario("omniscient-heterogeneous")).metrics;
        if (exact.deadlineMetShare !== 1) return;
        const share = simulate(input, relaxed).metrics.costUsd! / exact.costUsd!;
        expect(share).toBeLessThanOrEqual(1 + 1e-9);
        shares.push(share);
      }),
      { numRuns: 150 },
    );
    expect(shares.length).toBeGreaterThan(30);
    expect(shares.reduce((sum, each) => sum + each, 0) / shares.length).toBeGreaterThan(0.85);
  });
});
