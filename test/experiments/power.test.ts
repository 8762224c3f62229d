import { describe, expect, it, test } from "vitest";
import { detectableDifference, tQuantile, wilson } from "../../experiments/statistics/power.ts";
import { signFlip } from "../../experiments/statistics/sign-flip.ts";
import { inverseNormal } from "../../policies/contract/distribution.ts";
import { createRandom } from "../../policies/contract/random.ts";

describe("quantiles of Student's t", () => {
  // Abramowitz and Stegun, table 26.10; 2.045230 also in any table of t.
  it.each([
    [0.975, 5, 2.571],
    [0.975, 10, 2.228],
    [0.975, 29, 2.0452],
    [0.995, 9, 3.25],
    [0.8, 5, 0.92],
    [0.5, 7, 0],
  ])("%d with %d degrees of freedom is %d", (share, degrees, t) => {
    expect(tQuantile(share, degrees)).toBeCloseTo(t, 2);
  });
});

test("a difference that 30 units find with 80 % at 95 %, by hand", () => {
  expect(detectableDifference(1, 30, 0.95)).toBeCloseTo((2.0452 + 0.8542) / Math.sqrt(30), 3);
});

test("a true difference of that size is found in 80 % of samples, give or take three standard errors", () => {
  const [n, trials] = [20, 400];
  const random = createRandom("power");
  const stream = random.stream("sample");
  const truth = detectableDifference(1, n, 0.95);
  let found = 0;
  for (let trial = 0; trial < trials; trial++) {
    const sample = Float64Array.from({ length: n }, (_, i) => truth + inverseNormal(random.at(stream, trial, i)));
    if (signFlip(sample, `${trial}`).p <= 0.05) found++;
  }
  expect(Math.abs(found / trials - 0.8)).toBeLessThan(3 * Math.sqrt((0.8 * 0.2) / trials));
});

// Brown, Cai and DasGupta, Statistical Science 16, 2001, give the formula; 6 of 8 by hand: middle 0.6685, half 0.2597.
test("Wilson's interval of 6 in 8, of none and of all", () => {
  const { share, low, high } = wilson(6, 8);
  expect([share, low, high].map((each) => Number(each.toFixed(3)))).toEqual([0.75, 0.409, 0.929]);
  expect(wilson(0, 8)).toMatchObject({ share: 0, low: 0 });
  expect(wilson(8, 8).low).toBeCloseTo(1 - wilson(0, 8).high, 12);
  expect(wilson(8, 8).high).toBe(1);
});
