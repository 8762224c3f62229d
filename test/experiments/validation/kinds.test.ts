import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { computed } from "../support/targets.ts";

describe("kind assignment", () => {
  const of = (cost: unknown) => computed("assignment", { cost });

  it("nothing to place, or nowhere to place it, is 0 at no cost", () => {
    for (const cost of [
      [],
      [[]],
      [[], []],
      [[null]],
      [
        [null, null],
        [null, null],
      ],
    ]) {
      expect(of(cost)).toEqual({ cardinality: 0, totalCost: 0 });
    }
  });

  it("places the most before it counts the cost, whatever that is", () => {
    // 1 + 1e15 for two, not 0 for one.
    expect(
      of([
        [0, 1e15],
        [1, null],
      ]),
    ).toEqual({ cardinality: 2, totalCost: 1e15 + 1 });
    // Of three that want one target, the cheapest; a row without any is no hindrance.
    expect(of([[3], [null], [2.25], [4]])).toEqual({ cardinality: 1, totalCost: 2.25 });
    expect(of([[-3, -4, null]])).toEqual({ cardinality: 1, totalCost: -4 });
  });

  it("refuses rows of different length and what is no cost", () => {
    expect(() => of([[1, 2], [1]])).toThrow("inputs.cost: rows are of different length");
    expect(() => of([["1"]])).toThrow(/inputs\.cost\.0\.0: expected a number/);
  });
});

describe("kind assignment-slots", () => {
  const of = (cost: unknown, slots: unknown) => computed("assignment-slots", { cost, slots });

  it("a target takes so many pieces, and none where it has no slot", () => {
    const cost = [
      [1, 9],
      [2, 9],
      [3, 4],
    ];
    expect(of(cost, [2, 1])).toEqual({ cardinality: 3, totalCost: 1 + 2 + 4 });
    expect(of(cost, [3, 5])).toEqual({ cardinality: 3, totalCost: 6 });
    expect(of(cost, [0, 1])).toEqual({ cardinality: 1, totalCost: 4 });
    expect(of(cost, [0, 0])).toEqual({ cardinality: 0, totalCost: 0 });
    expect(of([], [3])).toEqual({ cardinality: 0, totalCost: 0 });
    expect(of([[], []], [])).toEqual({ cardinality: 0, totalCost: 0 });
  });

  it("with one slot each is the plain assignment, and equals columns written out as often as there are slots", () => {
    const cost = fc.tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 })).chain(([rows, columns]) =>
      fc.tuple(
        fc.array(fc.array(fc.option(fc.integer({ min: 0, max: 9 })), { minLength: columns, maxLength: columns }), {
          minLength: rows,
          maxLength: rows,
        }),
        fc.array(fc.integer({ min: 0, max: 3 }), { minLength: columns, maxLength: columns }),
      ),
    );
    fc.assert(
      fc.property(cost, ([cost, slots]) => {
        const one = slots.map(() => 1);
        expect(of(cost, one)).toEqual(computed("assignment", { cost }));
        const written = cost.map((row) => row.flatMap((each, target) => new Array(slots[target]!).fill(each)));
        expect(of(cost, slots)).toEqual(computed("assignment", { cost: written }));
      }),
    );
  });

  it("refuses slots that do not belong to the targets", () => {
    expect(() => of([[1, 2]], [1])).toThrow("slots and rows of cost are of different length");
    expect(() => of([[1]], [-1])).toThrow("inputs.slots.0: expected a number at least 0, found -1");
    expect(() => of([[1]], [1.5])).toThrow("inputs.slots.0: expected a whole number, found 1.5");
  });
});

describe("kind paired", () => {
  const of = (candidate: readonly number[], baseline: readonly number[] = candidate.map(() => 0)) =>
    computed("paired", { candidate, baseline });

  it("equal differences of 0: every sign vector is as extreme, on either side", () => {
    expect(of([1, 2, 3], [1, 2, 3])).toEqual({
      n: 3,
      meanDifference: 0,
      ratioOfMeans: 1,
      sdDifference: 0,
      signFlipP: 1,
      signFlipPLess: 1,
      signFlipPGreater: 1,
      shareBelow: 0,
      shareEqual: 1,
    });
  });

  it("one pair: no deviation; both signs are as far from 0, one of two on the side it lies on", () => {
    expect(of([3], [5])).toMatchObject({
      n: 1,
      meanDifference: -2,
      ratioOfMeans: 0.6,
      sdDifference: null,
      shareBelow: 1,
    });
    expect(of([3], [5])).toMatchObject({ signFlipP: 1, signFlipPLess: 0.5, signFlipPGreater: 1 });
    expect(of([2])).toMatchObject({ ratioOfMeans: null, signFlipPLess: 1, signFlipPGreater: 0.5 });
  });

  it("ties count as extreme, though rounding tells sums of two decimals apart", () => {
    // -0.1, -0.2 and 0.3: their sum is 0, so are both sums of its mirror, so every vector is at least as extreme.
    expect(of([0.9, 1.8, 3.3], [1, 2, 3])).toMatchObject({
      signFlipP: 1,
      signFlipPLess: 5 / 8,
      signFlipPGreater: 5 / 8,
    });
  });

  it("equals counting in whole cents, beyond 12 pairs too", () => {
    const pairs = fc.array(fc.tuple(fc.integer({ min: 0, max: 400 }), fc.integer({ min: 0, max: 400 })), {
      minLength: 1,
      maxLength: 14,
    });
    fc.assert(
      fc.property(pairs, (pairs) => {
        const cents = pairs.map(([a, b]) => a - b);
        let sums = new Map([[0, 1]]); // how many sign vectors give each sum
        for (const each of cents) {
          const next = new Map<number, number>();
          for (const [sum, count] of sums) {
            for (const to of [sum + each, sum - each]) next.set(to, (next.get(to) ?? 0) + count);
          }
          sums = next;
        }
        const observed = cents.reduce((sum, each) => sum + each, 0);
        const share = (extreme: (sum: number) => boolean) =>
          [...sums].reduce((total, [sum, count]) => total + (extreme(sum) ? count : 0), 0) / 2 ** cents.length;
        expect(
          of(
            pairs.map(([a]) => a / 100),
            pairs.map(([, b]) => b / 100),
          ),
        ).toMatchObject({
          signFlipP: share((sum) => Math.abs(sum) >= Math.abs(observed)),
          signFlipPLess: share((sum) => sum <= observed),
          signFlipPGreater: share((sum) => sum >= observed),
          shareBelow: cents.filter((each) => each < 0).length / cents.length,
          shareEqual: cents.filter((each) => each === 0).length / cents.length,
        });
      }),
      { numRuns: 60 },
    );
  });

  it("refuses what it could not count out", () => {
    expect(() => of(new Array(25).fill(1))).toThrow(/inputs\.candidate: expected a list of at most 24/);
  });
});

describe("kind holm", () => {
  it("nothing, one, ties, and what would go beyond 1", () => {
    const of = (p: readonly number[]) => computed("holm", { p });
    expect(of([])).toEqual({ adjusted: [] });
    expect(of([0.3])).toEqual({ adjusted: [0.3] });
    expect(of([0.25, 0.25])).toEqual({ adjusted: [0.5, 0.5] });
    expect(of([1, 0.5, 0, 1])).toEqual({ adjusted: [1, 1, 0, 1] });
  });
});

describe("kind quantile", () => {
  const of = (x: readonly number[], q: readonly number[]) => computed("quantile", { x }, { q });

  it("of one value is that value; of two, a straight line; in order of size, not of letters", () => {
    expect(of([7], [0, 0.3, 1])).toEqual({ values: [7, 7, 7] });
    expect(of([20, 10], [0, 0.25, 1])).toEqual({ values: [10, 12.5, 20] });
    expect(of([10, 9, -2, 100], [0.5, 1 / 3])).toEqual({ values: [9.5, 9] });
    expect(of([1], [])).toEqual({ values: [] });
  });

  it("refuses what has no quantile", () => {
    expect(() => of([], [0.5])).toThrow("inputs.x: expected a list of at least 1, found []");
    expect(() => of([1], [1.01])).toThrow("params.q.0: expected a number at most 1, found 1.01");
  });
});
