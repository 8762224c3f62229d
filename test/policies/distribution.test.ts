import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DistributionError, inverseNormal, medianOf, sampler } from "../../policies/contract/distribution.ts";
import type { Distribution } from "../../policies/contract/scenario.ts";

/** Lower tail of the standard normal: its power series, and beyond 2.5 its continued fraction (Abramowitz and Stegun 26.2.11, 14). */
function normalBelow(x: number): number {
  const density = Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
  if (x > -2.5) {
    let sum = 0;
    for (let k = 0, term = x; k < 100; k++, term *= (x * x) / (2 * k + 1)) sum += term;
    return 0.5 + density * sum;
  }
  let fraction = -x;
  for (let k = 200; k > 0; k--) fraction = -x + k / fraction;
  return density / fraction;
}

/** The quantile by halving an interval on the lower half. */
function quantileByHalving(p: number): number {
  let [low, high] = [-9, 0];
  while (true) {
    const middle = (low + high) / 2;
    if (middle === low || middle === high) return middle;
    if (normalBelow(middle) < p) low = middle;
    else high = middle;
  }
}

describe("the normal quantile", () => {
  it("is within 1.2e-9 of an inversion of the distribution function, and odd around 1/2", () => {
    for (const p of [1e-15, 1e-9, 1e-4, 0.01, 0.02424, 0.02426, 0.1, 0.3, 0.49, 0.4999]) {
      const exact = quantileByHalving(p);
      expect(Math.abs(inverseNormal(p) / exact - 1)).toBeLessThan(1.2e-9);
      if (p > 1e-4) expect(inverseNormal(1 - p)).toBeCloseTo(-exact, 8); // 1 - p has few digits left below that
    }
    expect(inverseNormal(0.5)).toBe(0);
  });

  it("is finite at the ends: a uniform of exactly 0 is drawn sooner or later", () => {
    expect(inverseNormal(0)).toBeCloseTo(-7.94, 2);
    expect(inverseNormal(1)).toBeCloseTo(7.94, 2);
  });
});

describe("a distribution", () => {
  const positive = fc.double({ min: 1e-3, max: 1e6, noNaN: true });
  const distributions: fc.Arbitrary<Distribution> = fc.oneof(
    positive.map((value) => ({ kind: "constant" as const, value })),
    fc.tuple(positive, fc.double({ min: 1, max: 50, noNaN: true })).map(([median, spread]) => ({
      kind: "lognormal" as const,
      median,
      p95: median * spread,
    })),
    fc.array(positive, { minLength: 1, maxLength: 20 }).map((values) => ({ kind: "empirical" as const, values })),
  );
  const uniform = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

  it("gives larger draws for larger uniforms, so that common luck is common for every policy", () => {
    fc.assert(
      fc.property(distributions, uniform, uniform, (distribution, u, v) => {
        const sample = sampler(distribution);
        expect(sample(Math.min(u, v))).toBeLessThanOrEqual(sample(Math.max(u, v)));
        expect(sample(u)).toBeGreaterThanOrEqual(0);
        expect(Number.isFinite(sample(u))).toBe(true);
      }),
    );
  });

  it("lognormal has the median and the 95 % quantile that it was given", () => {
    const sample = sampler({ kind: "lognormal", median: 90, p95: 240 });
    expect(sample(0.5)).toBe(90);
    expect(sample(0.95)).toBeCloseTo(240, 6);
    expect(sampler({ kind: "lognormal", median: 90, p95: 90 })(0.999)).toBe(90);
    expect(sampler({ kind: "lognormal", median: 0, p95: 0 })(0.999)).toBe(0);
  });

  it("empirical gives each of its values equally often, whatever their order", () => {
    const sample = sampler({ kind: "empirical", values: [30, 10, 20, 20] });
    expect([0, 0.24, 0.25, 0.5, 0.74, 0.75, 1 - 2 ** -53].map(sample)).toEqual([10, 10, 20, 20, 20, 30, 30]);
  });

  it("has a median: what a policy may expect of a launch", () => {
    expect(medianOf({ kind: "constant", value: 7 })).toBe(7);
    expect(medianOf({ kind: "lognormal", median: 33.3, p95: 100 })).toBe(33.3);
    expect(medianOf({ kind: "empirical", values: [5, 1, 9] })).toBe(5);
  });

  it.each<[Distribution, string]>([
    [{ kind: "constant", value: -1 }, "value: -1 is no duration; give a number that is not negative"],
    [{ kind: "constant", value: Number.NaN }, "value: NaN is no duration"],
    [{ kind: "constant", value: Infinity }, "value: Infinity is no duration"],
    [{ kind: "lognormal", median: Number.NaN, p95: 1 }, "median: NaN is no duration"],
    [{ kind: "lognormal", median: 1, p95: Infinity }, "p95: Infinity is no duration"],
    [{ kind: "lognormal", median: 0, p95: -3 }, "p95: -3 is no duration"],
    [
      { kind: "lognormal", median: 0, p95: 240 },
      "no lognormal has the median 0 and the p95 240; give a positive median",
    ],
    [{ kind: "lognormal", median: 5, p95: 4 }, "p95 4 lies below the median 5; give a larger p95"],
    [{ kind: "empirical", values: [] }, "empirical: no values; give at least one"],
    [{ kind: "empirical", values: [1, -2] }, "values: -2 is no duration"],
  ])("%j is refused, with what is wrong", (distribution, message) => {
    expect(() => sampler(distribution)).toThrow(DistributionError);
    expect(() => sampler(distribution)).toThrow(message);
  });
});
