import { describe, expect, it } from "vitest";
import { coverage, familyCoverage, type Law, ratioCoverage, sequentialCoverage, stepCoverage } from "./coverage.ts";

// Nominal 95 % intervals against laws of known mean. What is required is the middle of the band or its lower end; the
// band is that, give or take three binomial standard errors at the number of trials, so that another seed would pass too.
// The full table (more trials, docs/METRICS.md) is `node test/experiments/coverage-table.ts`.

const band = (share: number, trials: number) => 3 * Math.sqrt((share * (1 - share)) / trials);

describe("how often an interval holds the true mean", () => {
  it.each<{ law: Law; n: number; least: number; most: number; trials: number }>([
    { law: "normal", n: 20, least: 0.93, most: 0.97, trials: 300 },
    { law: "exponential", n: 100, least: 0.92, most: 1, trials: 120 },
    { law: "t3", n: 100, least: 0.92, most: 1, trials: 120 },
    { law: "lognormal", n: 100, least: 0.92, most: 1, trials: 120 },
    { law: "lognormal", n: 20, least: 0.9, most: 1, trials: 300 },
  ])("$law, n = $n: between $least and $most", ({ law, n, least, most, trials }) => {
    const share = coverage(law, n, trials);
    expect(share).toBeGreaterThan(least - band(least, trials));
    expect(share).toBeLessThan(most + band(most, trials));
  });

  it("a ratio of sums, pairs resampled together, n = 20: between 92 and 98 %", () => {
    const share = ratioCoverage(20, 250);
    expect(share).toBeGreaterThan(0.92 - band(0.92, 250));
    expect(share).toBeLessThan(0.98 + band(0.98, 250));
  });

  it("a step from one saving to another, n = 20: between 92 and 98 %", () => {
    const share = stepCoverage(20, 250);
    expect(share).toBeGreaterThan(0.92 - band(0.92, 250));
    expect(share).toBeLessThan(0.98 + band(0.98, 250));
  });

  it("all of four primary intervals at once, n = 20: 93 % or more", () => {
    expect(familyCoverage("normal", 4, 20, 100)).toBeGreaterThan(0.93 - band(0.93, 100));
  });

  it("replicates: auto, n = 20, whichever look ends it: 95 % or more, and no more than 5 % find what is not there", () => {
    const [found, none] = [sequentialCoverage("normal", 20, 80, 0.5), sequentialCoverage("normal", 20, 80, 0)];
    for (const { held } of [found, none]) expect(held).toBeGreaterThan(0.95 - band(0.95, 80));
    expect(none.decided).toBeLessThan(0.05 + band(0.05, 80));
    expect(found.decided).toBeGreaterThan(0.25);
  });
});
