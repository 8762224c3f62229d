import { erf } from "simple-statistics";
import { describe, expect, it } from "vitest";
import { createRandom } from "../../policies/contract/random.ts";
import { type ArrivalProcess, arrivalProcess, generateArrivals } from "../../traces/generators/arrivals.ts";

/** Bounds are so many standard deviations of what is estimated: one seed in 16,000 would fail. */
const SIGMAS = 4;

const arrivalsBefore = (process: ArrivalProcess, endS: number, seed = "a") => {
  const next = generateArrivals(arrivalProcess.parse(process), createRandom(seed));
  const timesS: number[] = [];
  for (let timeS = next(); timeS < endS; timeS = next()) timesS.push(timeS);
  return timesS;
};
const gapsOf = (timesS: readonly number[]) => timesS.slice(1).map((timeS, i) => timeS - timesS[i]!);
const meanOf = (list: readonly number[]) => list.reduce((sum, x) => sum + x, 0) / list.length;
const varianceOf = (list: readonly number[]) => {
  const mean = meanOf(list);
  return meanOf(list.map((x) => (x - mean) ** 2)) * (list.length / (list.length - 1));
};
/** Largest distance between the share of the sample and the distribution, times sqrt(n): above 2.23 once in 10,000 (Kolmogorov). */
const kolmogorov = (sample: readonly number[], distribution: (x: number) => number) => {
  const sorted = [...sample].sort((a, b) => a - b);
  const n = sorted.length;
  return (
    Math.sqrt(n) * Math.max(...sorted.map((x, i) => Math.max((i + 1) / n - distribution(x), distribution(x) - i / n)))
  );
};
/** Requests in [0, endS) of so many independent draws. */
const countsOf = (process: ArrivalProcess, endS: number, seeds: number) =>
  Array.from({ length: seeds }, (_, seed) => arrivalsBefore(process, endS, String(seed)).length);

const daily = { share: 0.8, peakH: 14 };
const processes: readonly ArrivalProcess[] = [
  { kind: "poisson", perS: 3 },
  { kind: "gamma", perS: 3, cv: 6 },
  { kind: "gamma", perS: 3, cv: 0.4 },
  { kind: "bursty", perS: 3, burstFactor: 10, meanBurstS: 30, meanCalmS: 300 },
  { kind: "poisson", perS: 3, daily },
  { kind: "gamma", perS: 3, cv: 2, daily: { share: 1, peakH: 0 } },
];

describe.each(processes)("%j", (process) => {
  it("comes in order, the same for the same seed only, and a longer stretch begins with the shorter one", () => {
    const long = arrivalsBefore(process, 2000);
    expect(long).toEqual([...long].sort((a, b) => a - b));
    expect(arrivalsBefore(process, 900)).toEqual(long.filter((timeS) => timeS < 900));
    expect(arrivalsBefore(process, 2000, "b")).not.toEqual(long);
  });
});

describe.each(processes.slice(0, 4))("%j from the start on", (process) => {
  it("expects perS times the length of any stretch: it has run for ever when it begins", () => {
    for (const endS of [1, 20]) {
      const counts = countsOf(process, endS, 4000);
      const deviation = Math.sqrt(varianceOf(counts) / counts.length);
      expect(Math.abs(meanOf(counts) - process.perS * endS)).toBeLessThan(SIGMAS * deviation);
    }
  });
});

describe("Poisson arrivals", () => {
  it("have exponential gaps, and counts as variable as they are large", () => {
    const perS = 5;
    const gaps = gapsOf(arrivalsBefore({ kind: "poisson", perS }, 10_000));
    expect(kolmogorov(gaps, (x) => 1 - Math.exp(-perS * x))).toBeLessThan(2.23);
    const counts = countsOf({ kind: "poisson", perS }, 10, 4000);
    const dispersion = varianceOf(counts) / meanOf(counts);
    expect(Math.abs(dispersion - 1)).toBeLessThan(SIGMAS * Math.sqrt(2 / counts.length)); // chi-squared / its degrees
  });
});

describe("gamma arrivals", () => {
  it.each([6, 2, 1, 0.25])("have the coefficient of variation %d that they are given", (cv) => {
    const gaps = gapsOf(arrivalsBefore({ kind: "gamma", perS: 1, cv }, 200_000));
    const n = gaps.length;
    expect(Math.abs(meanOf(gaps) - 1)).toBeLessThan((SIGMAS * cv) / Math.sqrt(n));
    // The variance of a sample's variance is that of the square times (2 + excess kurtosis) / n, and gamma's excess is 6 cv^2.
    const bound = SIGMAS * Math.sqrt((2 + 6 * cv ** 2) / n);
    expect(Math.abs(varianceOf(gaps) / cv ** 2 - 1)).toBeLessThan(bound);
  });

  it.each([
    { name: "exponential at 1", cv: 1, distribution: (x: number) => 1 - Math.exp(-x) },
    { name: "Erlang's at shape 2", cv: Math.SQRT1_2, distribution: (x: number) => 1 - Math.exp(-2 * x) * (1 + 2 * x) },
    { name: "a squared normal's at shape 1/2", cv: Math.SQRT2, distribution: (x: number) => erf(Math.sqrt(x / 2)) },
  ])("are $name", ({ cv, distribution }) => {
    const gaps = gapsOf(arrivalsBefore({ kind: "gamma", perS: 1, cv }, 20_000));
    expect(kolmogorov(gaps, distribution)).toBeLessThan(2.23);
  });
});

describe("bursty arrivals", () => {
  it("vary as Fischer and Meier-Hellstern's formula says, over short stretches and long ones", () => {
    const [perS, burstFactor, meanBurstS, meanCalmS] = [2, 8, 20, 60];
    const leavesPerS = 1 / meanBurstS + 1 / meanCalmS;
    const burstShare = meanBurstS / (meanBurstS + meanCalmS);
    const calmPerS = perS / (1 - burstShare + burstFactor * burstShare);
    const between = (calmPerS * (burstFactor - 1)) ** 2 * burstShare * (1 - burstShare);
    for (const endS of [5, 100]) {
      const expected =
        1 + (2 * between * (endS - (1 - Math.exp(-leavesPerS * endS)) / leavesPerS)) / (leavesPerS * perS * endS);
      const counts = countsOf({ kind: "bursty", perS, burstFactor, meanBurstS, meanCalmS }, endS, 4000);
      const [mean, variance] = [meanOf(counts), varianceOf(counts)];
      const fourth = meanOf(counts.map((count) => (count - mean) ** 4));
      const deviation = Math.sqrt((fourth - variance ** 2) / counts.length) / mean;
      expect(Math.abs(variance / mean - expected)).toBeLessThan(SIGMAS * deviation);
      expect(expected).toBeGreaterThan(2); // far from Poisson, so that the formula is put to the test
    }
  });
});

describe("a rate that follows the day", () => {
  const w = (2 * Math.PI) / 86_400;
  /** Requests expected before timeS, by the integral that the docstring names, written as a sum of its own. */
  const expectedBefore = (perS: number, { share, peakH }: typeof daily, timeS: number) => {
    const [steps, peakS] = [20_000, peakH * 3600];
    const stepS = timeS / steps;
    let sum = 0;
    for (let i = 0; i < steps; i++) sum += perS * (1 + share * Math.cos(w * ((i + 0.5) * stepS - peakS))) * stepS;
    return sum;
  };

  it("is a Poisson process of that rate: each hour has what the sine gives it", () => {
    const perS = 2;
    const timesS = arrivalsBefore({ kind: "poisson", perS, daily }, 86_400);
    let chiSquared = 0;
    for (let hour = 0; hour < 24; hour++) {
      const [fromS, toS] = [hour * 3600, (hour + 1) * 3600];
      const expected = expectedBefore(perS, daily, toS) - expectedBefore(perS, daily, fromS);
      const got = timesS.filter((timeS) => timeS >= fromS && timeS < toS).length;
      chiSquared += (got - expected) ** 2 / expected;
    }
    expect(Math.abs(chiSquared - 24)).toBeLessThan(SIGMAS * Math.sqrt(2 * 24));
  });

  it("leaves what lies between requests as it is, on the clock of the day", () => {
    const process: ArrivalProcess = { kind: "gamma", perS: 0.05, cv: 0.5, daily: { share: 1, peakH: 3 } };
    const even = arrivalsBefore({ kind: "gamma", perS: 0.05, cv: 0.5 }, 86_400);
    const warped = arrivalsBefore(process, 86_400);
    for (const [i, timeS] of warped.slice(0, 300).entries()) {
      expect(expectedBefore(1, process.daily as typeof daily, timeS)).toBeCloseTo(even[i]!, 2);
    }
    expect(warped.length).toBeGreaterThan(300);
  });
});
