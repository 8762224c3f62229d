import fc from "fast-check";
import highsModule from "highs";
import { describe, expect, it } from "vitest";
import { IDLE, optimalPlan, type PlanProblem } from "../../policies/scheduling/optimal-plan.ts";
import { slicedPlan } from "../../policies/scheduling/sliced-plan.ts";

// The optimum of a deadline job on cases too large to try every plan: 30 ticks and three compositions are 4^30 plans. An integer
// program, another formulation by another solver, must find the same cost. Small ones: test/sim/deadline-job.test.ts.

// Its types are those of the CommonJS build; Node loads the other one.
const highs = await (highsModule as unknown as typeof highsModule.default)();

/** z(t,m): in tick t on composition m. l(t,m): launched on it then. Least sum of costs; g sum z - d sum l >= C. */
function cheapestByIntegerProgram({
  workS,
  restartOverheadS,
  tickS,
  ticks,
  compositions,
  tickUsd,
}: PlanProblem): number {
  const each = Array.from({ length: ticks }, (_, t) =>
    Array.from({ length: compositions }, (_, m) => ({ t, m })),
  ).flat();
  const obtainable = ({ t, m }: { t: number; m: number }) => tickUsd(m, t) < Infinity;
  const terms = (list: readonly string[]) => list.join(" + ");
  const program = [
    `Minimize\n cost: ${terms(each.filter(obtainable).map(({ t, m }) => `${tickUsd(m, t)} z${t}_${m}`))}`,
    "Subject To",
    ` work: ${terms(each.map(({ t, m }) => `${tickS} z${t}_${m}`))} ${each.map(({ t, m }) => `- ${restartOverheadS} l${t}_${m}`).join(" ")} >= ${workS}`,
    ...Array.from(
      { length: ticks },
      (_, t) => ` one${t}: ${terms(Array.from({ length: compositions }, (_, m) => `z${t}_${m}`))} <= 1`,
    ),
    ...each.map(({ t, m }) => ` launch${t}_${m}: z${t}_${m} ${t > 0 ? `- z${t - 1}_${m} ` : ""}- l${t}_${m} <= 0`),
    ...each.filter((one) => !obtainable(one)).map(({ t, m }) => ` none${t}_${m}: z${t}_${m} = 0`),
    `Binary\n ${each.map(({ t, m }) => `z${t}_${m} l${t}_${m}`).join(" ")}`,
    "End",
  ].join("\n");
  const solution = highs.solve(program, { output_flag: false, mip_rel_gap: 0, mip_abs_gap: 1e-7 });
  return solution.Status === "Infeasible" ? Infinity : solution.ObjectiveValue;
}

const problem = fc
  .record({
    tickS: fc.constantFrom(195, 600),
    overheadS: fc.constantFrom(0, 130, 720, 1_500),
    ticks: fc.integer({ min: 12, max: 30 }),
    slack: fc.double({ min: 0.1, max: 0.6, noNaN: true }),
    spells: fc.array(fc.tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 0, max: 2 })), {
      minLength: 2,
      maxLength: 9,
    }),
    prices: fc.array(fc.integer({ min: 8, max: 14 }), { minLength: 3, maxLength: 9 }),
  })
  .map(({ tickS, overheadS, ticks, slack, spells, prices }): PlanProblem => {
    const seen = spells.flatMap(([length, count]) => new Array<number>(length).fill(count));
    const spotAt = (tick: number) => seen[tick % seen.length]!;
    return {
      workS: Math.round((1 - slack) * ticks * tickS),
      restartOverheadS: overheadS,
      tickS,
      ticks,
      compositions: 3,
      // Two nodes, 2, 1 or 0 of them on spot, at a price that moves; on-demand at 31.
      tickUsd: (composition, tick) =>
        spotAt(tick) < 2 - composition
          ? Infinity
          : (2 - composition) * prices[tick % prices.length]! + composition * 31,
    };
  });

describe("the optimal plan", () => {
  it("costs what an integer program says", { timeout: 120_000 }, () => {
    fc.assert(
      fc.property(problem, (each) => {
        const expected = cheapestByIntegerProgram(each);
        const plan = optimalPlan(each);
        if (expected === Infinity) expect(plan).toBeUndefined();
        else expect(plan!.costUsd).toBeCloseTo(expected, 6);
      }),
      { numRuns: 25 },
    );
  });

  it("is what its ticks add up to: their cost, and at least the work", () => {
    fc.assert(
      fc.property(problem, (each) => {
        const plan = optimalPlan(each);
        if (plan === undefined) return;
        const on = [...plan.ticks];
        const launches = on.filter((composition, t) => composition >= 0 && composition !== on[t - 1]).length;
        const running = on.filter((composition) => composition >= 0);
        const costUsd = on.reduce(
          (sum, composition, t) => sum + (composition < 0 ? 0 : each.tickUsd(composition, t)),
          0,
        );
        expect(plan.costUsd).toBeCloseTo(costUsd, 9);
        expect(running.length * each.tickS - launches * each.restartOverheadS).toBeGreaterThanOrEqual(each.workS);
      }),
    );
  });

  it("is none where the work does not fit", () => {
    const one = { restartOverheadS: 1, tickS: 1, ticks: 5, compositions: 1, tickUsd: () => 2 };
    expect(optimalPlan({ ...one, workS: 4 })).toMatchObject({ costUsd: 10 });
    expect(optimalPlan({ ...one, workS: 5 })).toBeUndefined();
    const large = { ...one, ticks: 100_000, restartOverheadS: 7, tickS: 34, workS: 34 };
    expect(() => optimalPlan(large)).toThrow(/^the optimum would need 316\.6 GiB: 100000 ticks, /);
  });
});

interface Reached {
  readonly on: number;
  readonly progressS: number;
  readonly usd: number;
}

/** All ways through some ticks. */
function waysThrough(problem: PlanProblem, from: number, length: number, before: number): Reached[] {
  const { compositions, tickS, restartOverheadS, tickUsd } = problem;
  let ways: Reached[] = [{ on: before, progressS: 0, usd: 0 }];
  for (let tick = from; tick < from + length; tick++) {
    ways = ways.flatMap((way) => [
      { ...way, on: IDLE },
      ...Array.from({ length: compositions }, (_, on) => ({
        on,
        progressS: way.progressS + tickS - (on === way.on ? 0 : restartOverheadS),
        usd: way.usd + tickUsd(on, tick),
      })).filter(({ usd }) => usd < Infinity),
    ]);
  }
  return ways;
}

/** Slice by slice, each by trying all there is: where several are as good, any. @returns [cost, progress] of each end there may be */
function slicedByBruteForce(problem: PlanProblem, slices: number, carriesOver: boolean): [number, number][] {
  const { workS, ticks } = problem;
  let states: Reached[] = [{ on: IDLE, progressS: 0, usd: 0 }];
  for (let slice = 1; slice <= slices; slice++) {
    const from = Math.floor(((slice - 1) * ticks) / slices);
    const length = Math.floor((slice * ticks) / slices) - from;
    states = states.flatMap((state) => {
      const leftS = workS - state.progressS;
      if (length === 0 || leftS <= 0) return [state];
      const shareS = carriesOver ? (slice * workS) / slices - state.progressS : Math.min(workS / slices, leftS);
      const all = waysThrough(problem, from, length, carriesOver ? state.on : IDLE);
      const enough = all.filter(({ progressS }) => progressS >= shareS - 1e-6 && progressS > 0);
      const most = Math.max(0, ...all.map(({ progressS }) => progressS));
      const rate = ({ usd, progressS }: Reached) => (enough.length > 0 ? usd / Math.min(progressS, leftS) : usd);
      const open = enough.length > 0 ? enough : all.filter(({ progressS }) => progressS === most);
      const least = Math.min(...open.map(rate));
      const best = open.filter((way) => rate(way) <= least * (1 + 1e-12));
      const ends = best.map(({ on, progressS, usd }) => ({
        on,
        progressS: state.progressS + progressS,
        usd: state.usd + usd,
      }));
      return [...new Map(ends.map((end) => [`${end.on} ${end.progressS} ${end.usd.toFixed(6)}`, end])).values()];
    });
  }
  return states.map(({ usd, progressS }) => [usd, progressS]);
}

describe("a plan in slices", () => {
  const few = problem.map((each): PlanProblem => {
    const ticks = 4 + (each.ticks % 5);
    return { ...each, ticks, workS: Math.round((each.workS / each.ticks) * ticks) };
  });

  it("takes in each slice what a search over all plans of that slice finds", () => {
    fc.assert(
      fc.property(few, fc.constantFrom(2, 3), fc.boolean(), (each, slices, carriesOver) => {
        const { costUsd } = slicedPlan(each, slices, carriesOver);
        const costs = slicedByBruteForce(each, slices, carriesOver).map(([usd]) => usd);
        expect(
          costs.some((usd) => Math.abs(usd - costUsd) < 1e-6),
          `${costUsd} of ${costs}`,
        ).toBe(true);
      }),
      { numRuns: 150 },
    );
  });

  it("in one slice is the optimum", () => {
    fc.assert(
      fc.property(problem, fc.boolean(), (each, carriesOver) => {
        const optimum = optimalPlan(each);
        if (optimum !== undefined) expect(slicedPlan(each, 1, carriesOver).costUsd).toBeCloseTo(optimum.costUsd, 9);
      }),
      { numRuns: 50 },
    );
  });

  it("cannot know in the first half that spot comes in the second", () => {
    const late = {
      workS: 2,
      restartOverheadS: 0,
      tickS: 1,
      ticks: 4,
      compositions: 2,
      tickUsd: (on: number, tick: number) => (on === 1 ? 3 : tick < 2 ? Infinity : 1),
    };
    expect(optimalPlan(late)!.costUsd).toBe(2);
    expect(slicedPlan(late, 2, true).costUsd).toBe(4);
  });
});
