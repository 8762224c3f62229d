import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { varianceShares } from "../../experiments/statistics/variance-shares.ts";

const shareOf = (found: ReturnType<typeof varianceShares>, ...names: readonly string[]): number =>
  found.find(({ of }) => of.join() === names.join())!.share;

describe("which axis matters", () => {
  const ab = [
    { name: "a", levels: 2 },
    { name: "b", levels: 2 },
  ];

  test("of 0, 1, 2, 3, the axis that adds 2 has four fifths and the one that adds 1 a fifth", () => {
    // Effects -1, +1 and -0.5, +0.5: squares 4 and 1.
    const found = varianceShares(ab, [0, 1, 2, 3]);
    expect(shareOf(found, "a")).toBeCloseTo(0.8, 12);
    expect(shareOf(found, "b")).toBeCloseTo(0.2, 12);
    expect(shareOf(found, "a", "b")).toBeCloseTo(0, 12);
  });

  test("what only happens at one combination is theirs together, in equal parts with each alone", () => {
    const found = varianceShares(ab, [0, 0, 0, 4]);
    for (const of of [["a"], ["b"], ["a", "b"]]) expect(shareOf(found, ...of)).toBeCloseTo(1 / 3, 12);
  });

  test("of values that are all equal there is no variance to share", () => {
    expect(varianceShares(ab, [0.1 + 0.2, 0.3, 0.3, 0.3])).toEqual([]);
  });

  const grids = fc
    .array(fc.integer({ min: 2, max: 4 }), { minLength: 1, maxLength: 3 })
    .chain((levels) =>
      fc.record({
        factors: fc.constant(levels.map((count, f) => ({ name: `f${f}`, levels: count }))),
        values: fc.array(fc.integer({ min: -1000, max: 1000 }), {
          minLength: levels.reduce((product, each) => product * each, 1),
          maxLength: levels.reduce((product, each) => product * each, 1),
        }),
      }),
    )
    .filter(({ values }) => new Set(values).size > 1);

  test("shares add up to 1, and an axis' own is the variance of its levels' means over all variance", () => {
    fc.assert(
      fc.property(grids, ({ factors, values }) => {
        const found = varianceShares(factors, values);
        expect(found.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 9);
        const mean = (of: readonly number[]) => of.reduce((sum, each) => sum + each, 0) / of.length;
        const variance = (of: readonly number[]) => mean(of.map((each) => (each - mean(of)) ** 2));
        // The first factor changes slowest: its levels are equal blocks.
        const block = values.length / factors[0]!.levels;
        const means = Array.from({ length: factors[0]!.levels }, (_, i) =>
          mean(values.slice(i * block, (i + 1) * block)),
        );
        expect(shareOf(found, "f0")).toBeCloseTo(variance(means) / variance(values), 9);
      }),
    );
  });
});
