import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HISTOGRAM_ERROR, LatencyHistogram } from "../../sim/latency-histogram.ts";

const durations = fc.array(fc.double({ min: 1e-6, max: 6e7, noNaN: true }), { minLength: 1, maxLength: 200 });
const of = (values: readonly number[]): LatencyHistogram => {
  const histogram = new LatencyHistogram();
  for (const value of values) histogram.add(value);
  return histogram;
};

describe("a histogram of latencies", () => {
  it("gives every quantile of what it saw within 0.1 %, from microseconds to years", () => {
    expect(HISTOGRAM_ERROR).toBeLessThan(0.001);
    fc.assert(
      fc.property(durations, fc.double({ min: 0, max: 1, noNaN: true }), (values, q) => {
        const sorted = [...values].sort((a, b) => a - b);
        const exact = sorted[Math.max(1, Math.ceil(q * values.length)) - 1]!;
        expect(Math.abs(of(values).quantileS(q) - exact) / exact).toBeLessThanOrEqual(HISTOGRAM_ERROR);
      }),
      { numRuns: 500 },
    );
  });

  it("gives the mean as it is", () => {
    expect(of([0.1, 0.2, 0.6]).meanS).toBeCloseTo(0.3, 15);
    expect(of([1, 2, 3]).quantileS(0.5)).toBeCloseTo(2.002, 3);
  });

  it("two add up to the one that saw all", () => {
    fc.assert(
      fc.property(durations, durations, (some, others) => {
        const merged = of(some);
        merged.merge(of(others));
        const all = of([...some, ...others]);
        expect(merged.count).toBe(all.count);
        expect(merged.meanS).toBeCloseTo(all.meanS, 3);
        for (const q of [0, 0.5, 0.9, 0.99, 1]) expect(merged.quantileS(q)).toBe(all.quantileS(q));
      }),
    );
  });

  it("takes nothing as the least, and refuses what is no duration", () => {
    expect(of([0]).quantileS(0.5)).toBeLessThan(2e-6);
    for (const wrong of [-1, Number.NaN, Number.POSITIVE_INFINITY]) expect(() => of([wrong])).toThrow();
  });
});
