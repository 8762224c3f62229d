import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { meanInterval, ratioInterval } from "../../experiments/statistics/bootstrap.ts";
import { meanEstimate, ratioEstimate } from "../../experiments/statistics/estimate.ts";
import { holm } from "../../experiments/statistics/holm.ts";
import { paired } from "../../experiments/statistics/paired.ts";
import { createResamples } from "../../experiments/statistics/resamples.ts";
import { type BillOfUnit, savingOf, splitSaving } from "../../experiments/statistics/saving-split.ts";
import { signFlip } from "../../experiments/statistics/sign-flip.ts";
import { quantile } from "../../sim/quantile.ts";

describe("sign-flip test", () => {
  it("counts flips by hand: of 8, all or none are as far from 0 as 1 + 2 + 3", () => {
    expect(signFlip(Float64Array.of(1, 2, 3), "s")).toEqual({ p: 0.25, less: 1, greater: 0.125, smallest: 0.25 });
    expect(signFlip(Float64Array.of(0, 0, 0), "s").p).toBe(1);
    // 5 against 3 + 1 + 1: sums of at least 5 - 3 = 2 in size.
    const sums = [0, 1, 2, 3, 4, 5, 6, 7].map(
      (bits) => 5 + [3, 1, 1].reduce((sum, each, i) => sum + ((bits >> i) & 1 ? -each : each), 0),
    );
    expect(signFlip(Float64Array.of(5, -3, 0, 0), "s").p).toBe(1);
    expect(signFlip(Float64Array.of(5, 3, 1, -1), "s").p).toBe((2 * sums.filter((sum) => sum >= 8).length) / 16);
  });

  it("counts what is as extreme in exact arithmetic, whatever rounding makes of the order of a sum", () => {
    // 0.1 + 0.2 - 0.3 is 5.6e-17 in floating point and 0 in truth: every flip is as extreme.
    expect(signFlip(Float64Array.of(0.1, 0.2, -0.3), "s").p).toBe(1);
    expect(signFlip(Float64Array.of(-0.3, 0.1, 0.2), "s").p).toBe(1);
  });

  it("drawn flips come within four standard errors of counting all 2^13 of them, and are never 0", () => {
    const values = Float64Array.of(4, -1, 3, -2, 5, 1, -3, 2, 2, -4, 6, 1, -1);
    let extreme = 0;
    for (let flip = 0; flip < 8192; flip++) {
      if (Math.abs(values.reduce((sum, each, i) => sum + ((flip >> i) & 1 ? -each : each), 0)) >= 13) extreme++;
    }
    const exact = extreme / 8192;
    expect(exact).toBeGreaterThan(0.05);
    const { p, less, greater, smallest } = signFlip(values, "s");
    expect(Math.abs(p - exact)).toBeLessThan(4 * Math.sqrt((exact * (1 - exact)) / 9999));
    expect(Math.abs(greater - p / 2)).toBeLessThan(0.02);
    expect(less).toBeGreaterThan(1 - greater);
    expect(smallest).toBeCloseTo(2 / 8192, 12);
    expect(signFlip(new Float64Array(40).fill(1), "s").p).toBe(1e-4);
  });

  it("counts as one sign at a time does, for any number of differences", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 1, maxLength: 12 }), (values) => {
        const sums = Array.from({ length: 2 ** values.length }, (_, flip) =>
          values.reduce((sum, each, i) => sum + ((flip >> i) & 1 ? -each : each), 0),
        );
        const observed = values.reduce((sum, each) => sum + each, 0);
        const share = (of: (sum: number) => boolean) => sums.filter(of).length / sums.length;
        expect(signFlip(Float64Array.from(values), "s")).toMatchObject({
          p: share((sum) => Math.abs(sum) >= Math.abs(observed)),
          less: share((sum) => sum <= observed),
          greater: share((sum) => sum >= observed),
        });
      }),
      { numRuns: 60 },
    );
  });

  it("the least p possible counts only pairs that differ: with two of nine it is 1/2", () => {
    const { p, smallest } = signFlip(Float64Array.of(0, 0, 3, 0, 0, 1, 0, 0, 0), "s");
    expect([p, smallest]).toEqual([0.5, 0.5]);
    expect(signFlip(new Float64Array(9), "s")).toMatchObject({ p: 1, smallest: 1 });
  });
});

describe("paired differences", () => {
  it("by hand: 3, 5, 10 against 4, 4, 4", () => {
    const { differences, ...rest } = paired([3, 5, 10], [4, 4, 4]);
    expect([...differences]).toEqual([-1, 1, 6]);
    expect(rest).toMatchObject({ n: 3, meanDifference: 2, ratioOfMeans: 1.5, correlation: null, unlike: 2 });
    expect(rest.sdDifference).toBeCloseTo(Math.sqrt(13), 12); // squares 9, 1, 16 over n - 1
    expect(rest.shareBelow).toBeCloseTo(1 / 3, 12);
  });

  it("sums that differ by rounding alone are equal bills", () => {
    const { shareEqual, unlike, correlation } = paired([0.1 + 0.2, 1.1 + 2.2, 5], [0.3, 3.3, 5]);
    expect({ shareEqual, unlike, correlation }).toEqual({ shareEqual: 1, unlike: 0, correlation: 1 });
  });

  it("what is undefined is null: one pair, a baseline of zeros, no variation", () => {
    expect(paired([2], [0])).toMatchObject({
      ratioOfMeans: null,
      sdDifference: null,
      skewness: null,
      correlation: null,
      meanDifference: 2,
    });
  });

  it("refuses what cannot be paired by name", () => {
    expect(() => paired([1, Number.NaN], [1, 2])).toThrow(/candidate: value 2 of 2 is NaN, expected a finite number/);
    expect(() => paired([1, 2], [Infinity, 2])).toThrow(/baseline: value 1 of 2 is Infinity/);
    expect(() => paired([1, 2], [1])).toThrow(/2 values against 1 cannot be paired/);
    expect(() => paired([], [])).toThrow(/at least one/);
    expect(() => paired([], [])).toThrow(expect.objectContaining({ name: "StatisticsError" }));
  });
});

describe("Holm", () => {
  it("steps down: 0.01 x 3, then 0.03 x 2, and never below the one before", () => {
    expect(holm([0.01, 0.04, 0.03]).map((p) => Number(p.toFixed(12)))).toEqual([0.03, 0.06, 0.06]);
    expect(holm([])).toEqual([]);
    expect(holm([0.6, 0.9])).toEqual([1, 1]);
  });
});

describe("bootstrap-t", () => {
  const values = Float64Array.of(3, 1, 4, 1, 5, 9, 2, 6, 5, 3);
  it("is that of a ratio to ones, to the last digits, also far from 0 and where few units differ", () => {
    const values = fc.array(fc.constantFrom(0, 1, 1e-3, 2.5, -7, 1e6), { minLength: 6, maxLength: 40 });
    fc.assert(
      fc.property(values, fc.constantFrom(0, 1e4), (list, shift) => {
        const moved = Float64Array.from(list, (each) => each + shift);
        const mean = meanInterval(moved, 0.95, createResamples("x"));
        const ratio = ratioInterval(moved, new Float64Array(moved.length).fill(1), 0.95, createResamples("x"))!;
        const size = 1e-9 * Math.max(...moved.map(Math.abs), 1);
        expect(Math.abs(mean.low - ratio.low)).toBeLessThanOrEqual(size);
        expect(Math.abs(mean.high - ratio.high)).toBeLessThanOrEqual(size);
      }),
      { numRuns: 60 },
    );
  });

  it("does not depend on which resamples were drawn before, or had to be drawn again", () => {
    const draw = createResamples("x");
    const of = (n: number) => draw(n, 2_000).slice(0, n * 2_000);
    const first = of(20);
    // Two of these are more than is kept.
    for (const n of [5_000, 6_000]) of(n);
    expect(of(20)).toEqual(first);
  });

  const resamples = createResamples("x");

  it("gives the same interval for the same seed, around the mean, wider at a higher level", () => {
    const a = meanInterval(values, 0.95, resamples);
    expect(meanInterval(values, 0.95, createResamples("x"))).toEqual(a);
    expect(meanInterval(values, 0.95, createResamples("y"))).not.toEqual(a);
    expect(a.low).toBeLessThan(3.9);
    expect(a.high).toBeGreaterThan(3.9);
    const wide = meanInterval(values, 0.99, resamples);
    expect(wide.low).toBeLessThan(a.low);
    expect(wide.high).toBeGreaterThan(a.high);
    // More resamples begin with the same ones, so what was drawn before changes nothing.
    expect(meanInterval(values, 0.95, resamples)).toEqual(a);
  });

  it("equals the method as the book writes it, resample by resample on plain lists", () => {
    const mean = (list: readonly number[]) => list.reduce((sum, each) => sum + each, 0) / list.length;
    const error = (list: readonly number[]) =>
      Math.sqrt(mean(list.map((each) => (each - mean(list)) ** 2)) / (list.length - 1));
    const picks = resamples(10, 2000);
    const t = Array.from({ length: 2000 }, (_, r) => {
      const again = Array.from(picks.subarray(10 * r, 10 * r + 10), (pick) => values[pick]!);
      return (mean(again) - 3.9) / error(again);
    });
    const sorted = Float64Array.from(t).sort();
    const { low, high } = meanInterval(values, 0.95, resamples);
    expect(low).toBeCloseTo(3.9 - quantile(sorted, 0.975) * error([...values]), 9);
    expect(high).toBeCloseTo(3.9 - quantile(sorted, 0.025) * error([...values]), 9);
  });

  it("resamples draw every unit equally often", () => {
    const counts = new Float64Array(10);
    for (const pick of resamples(10, 2000).subarray(0, 20_000)) counts[pick]!++;
    // Binomial(20,000, 0.1): standard deviation 42.
    for (const count of counts) expect(Math.abs(count - 2000)).toBeLessThan(4 * 42.5);
  });

  it("has no width where all values are equal, and moves and stretches with the data", () => {
    const flat = meanInterval(new Float64Array(8).fill(0.1), 0.95, resamples);
    expect(flat.low).toBeCloseTo(0.1, 12);
    expect(flat.high).toBe(flat.low);
    const base = meanInterval(values, 0.95, resamples);
    const moved = meanInterval(
      values.map((value) => 10 + 2 * value),
      0.95,
      resamples,
    );
    expect(moved.low).toBeCloseTo(10 + 2 * base.low, 9);
    expect(moved.high).toBeCloseTo(10 + 2 * base.high, 9);
  });

  it("one unit that differs among twenty bounds nothing: the interval reaches to that unit and to no difference", () => {
    const { low, high } = meanInterval(
      Float64Array.from({ length: 20 }, (_, i) => (i === 4 ? -10 : 0)),
      0.95,
      resamples,
    );
    expect(low).toBe(-10);
    expect(high).toBeGreaterThan(0);
    expect(high).toBeLessThan(1);
  });

  it("a ratio whose parts are proportional has no width, whatever the parts do", () => {
    const { low, high } = ratioInterval(
      values.map((value) => 0.3 * value),
      values,
      0.95,
      resamples,
    )!;
    expect(low).toBeCloseTo(0.3, 9);
    expect(high).toBeCloseTo(0.3, 9);
  });

  it("a ratio to a baseline that is often 0 stays finite, and around the ratio of sums", () => {
    const rare = Float64Array.of(0, 0, 3, 0, 1, 0, 0, 2, 0, 4);
    const { mean, low, high } = ratioEstimate(values, rare, resamples)!;
    expect(mean).toBeCloseTo(3.9, 12);
    expect(low).toBeLessThan(3.9);
    expect(high).toBeGreaterThan(3.9);
    expect(Number.isFinite(high - low)).toBe(true);
    expect(ratioEstimate(values, new Float64Array(10), resamples)).toBeUndefined();
    // One unit of ten that is not 0: a third of the resamples miss it.
    expect(ratioEstimate(values, Float64Array.of(0, 0, 3, 0, 0, 0, 0, 0, 0, 0), resamples)).toBeUndefined();
  });

  it("5 units give the range, 6 an interval", () => {
    expect(meanEstimate(values.subarray(0, 5), resamples)).toEqual({ mean: 2.8, low: 1, high: 5, kind: "range", n: 5 });
    expect(meanEstimate(values.subarray(0, 6), resamples)).toMatchObject({ kind: "interval", n: 6 });
    expect(ratioEstimate(values.subarray(0, 2), Float64Array.of(1, 1), resamples)).toMatchObject({
      mean: 2,
      low: 1,
      high: 3,
      kind: "range",
    });
  });
});

describe("the split of a saving", () => {
  it("by hand: 10 h at 3 USD against 12 h at 1 USD of which one was free", () => {
    const split = splitSaving(
      { costUsd: 11, otherUsd: 0, listUsd: 12, billableHours: 12, workHoursDone: 9 },
      { costUsd: 30, otherUsd: 0, listUsd: 30, billableHours: 10, workHoursDone: 9 },
    );
    expect(split).toEqual({
      savingUsd: 19,
      priceUsd: 24,
      hoursUsd: -6,
      freeHoursUsd: 1,
      otherUsd: 0,
      workNotDoneUsd: 0,
    });
  });

  it("by hand, with other lines: the same instances, half the work, and a disk of 4 USD against one of 2", () => {
    // The baseline scaled to half its work: 5 h at 3 USD and 1 USD of disk. Ours: 5 h at 3 USD and 4 USD of disk.
    const split = splitSaving(
      { costUsd: 19, otherUsd: 4, listUsd: 15, billableHours: 5, workHoursDone: 4 },
      { costUsd: 32, otherUsd: 2, listUsd: 30, billableHours: 10, workHoursDone: 8 },
    );
    expect(split).toEqual({
      savingUsd: 13,
      priceUsd: 0,
      hoursUsd: 0,
      freeHoursUsd: 0,
      otherUsd: -3,
      workNotDoneUsd: 16,
    });
  });

  it("doing half the work of the baseline at the same cost an hour saves nothing but work not done", () => {
    const split = splitSaving(
      { costUsd: 15, otherUsd: 0, listUsd: 15, billableHours: 5, workHoursDone: 4 },
      { costUsd: 30, otherUsd: 0, listUsd: 30, billableHours: 10, workHoursDone: 8 },
    );
    expect(split).toMatchObject({ savingUsd: 15, priceUsd: 0, hoursUsd: 0, freeHoursUsd: 0, workNotDoneUsd: 15 });
  });

  it("takes work that differs by rounding alone as the same: nothing of it was left undone", () => {
    const bill = { costUsd: 5, otherUsd: 0, listUsd: 5, billableHours: 2 };
    const split = splitSaving({ ...bill, workHoursDone: 0.1 + 0.2 }, { ...bill, workHoursDone: 0.3 });
    expect(split).toMatchObject({ savingUsd: 0, hoursUsd: 0, workNotDoneUsd: 0 });
  });

  /** No work, no hours and hours that were all free are as likely as any others. */
  const bills = fc
    .record({
      hours: fc.oneof(fc.constant(0), fc.double({ min: 1e-3, max: 1e4, noNaN: true })),
      usdPerHour: fc.double({ min: 0, max: 100, noNaN: true }),
      freeShare: fc.oneof(fc.constantFrom(0, 1), fc.double({ min: 0, max: 1, noNaN: true })),
      work: fc.oneof(fc.constant(0), fc.double({ min: 1e-3, max: 1e4, noNaN: true })),
      otherUsd: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1e5, noNaN: true })),
    })
    .map(
      ({ hours, usdPerHour, freeShare, work, otherUsd }): BillOfUnit => ({
        costUsd: hours * usdPerHour * (1 - freeShare) + otherUsd,
        otherUsd,
        listUsd: hours * usdPerHour,
        billableHours: hours,
        workHoursDone: work,
      }),
    );

  it("adds up for any two bills: dearer or cheaper, more work or less, without work, without hours", () => {
    fc.assert(
      fc.property(bills, bills, (ours, baseline) => {
        const { savingUsd, ...parts } = splitSaving(ours, baseline);
        const values = Object.values(parts);
        const size = values.reduce((sum, part) => sum + Math.abs(part), 1);
        expect(savingUsd).toBe(baseline.costUsd - ours.costUsd);
        expect(Math.abs(values.reduce((sum, part) => sum + part, 0) - savingUsd)).toBeLessThan(1e-9 * size);
      }),
      { numRuns: 1000 },
    );
  });

  it("refuses a list price over no hours, whose parts could not add up", () => {
    const bill = { costUsd: 5, otherUsd: 0, listUsd: 5, billableHours: 2, workHoursDone: 1 };
    expect(() => splitSaving({ ...bill, billableHours: 0 }, bill)).toThrow(/the split of a saving leaves -?5 USD/);
  });

  const unitsOf = (bills: readonly BillOfUnit[]) =>
    new Map(
      bills.map(({ billableHours, ...rest }, i) => [
        `u${i}`,
        { ...rest, chargedHours: billableHours, freeHours: 0 } as Record<string, number>,
      ]),
    );

  it("the means of the parts add up to the mean saving, whatever the units", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(bills, bills), { minLength: 1, maxLength: 5 }), (pairs) => {
        const units = new Map([
          ["ours", unitsOf(pairs.map(([ours]) => ours))],
          ["baseline", unitsOf(pairs.map(([, baseline]) => baseline))],
        ]);
        const { savingUsd, parts } = savingOf("ours", "baseline", units, createResamples("x"))!;
        const means = Object.values(parts).map(({ mean }) => mean);
        const size = means.reduce((sum, part) => sum + Math.abs(part), 1);
        expect(Math.abs(means.reduce((sum, part) => sum + part, 0) - savingUsd.mean)).toBeLessThan(1e-9 * size);
      }),
    );
  });

  it("a part that is noise looks like noise: its interval holds 0, that of a steady part does not", () => {
    // Half the price in every unit; one hour more or less by turns, so hours save 2 USD and cost 2 USD.
    const ours = Array.from({ length: 12 }, (_, i) => {
      const hours = i % 2 === 0 ? 11 : 9;
      return { costUsd: hours, otherUsd: 0, listUsd: hours, billableHours: hours, workHoursDone: 9 };
    });
    const base = ours.map(() => ({ costUsd: 20, otherUsd: 0, listUsd: 20, billableHours: 10, workHoursDone: 9 }));
    const units = new Map([
      ["ours", unitsOf(ours)],
      ["baseline", unitsOf(base)],
    ]);
    const { savingUsd, parts } = savingOf("ours", "baseline", units, createResamples("x"))!;
    expect(savingUsd.mean).toBeCloseTo(10, 12);
    expect(parts.priceUsd.mean).toBeCloseTo(10, 12);
    expect(parts.hoursUsd.mean).toBeCloseTo(0, 12);
    expect(parts.priceUsd.low).toBeGreaterThan(9);
    expect(parts.hoursUsd.low).toBeLessThan(-1);
    expect(parts.hoursUsd.high).toBeGreaterThan(1);
    expect(parts.hoursUsd).toMatchObject({ kind: "interval", n: 12 });
  });

  it("takes only units that both have, and is undefined where there is none", () => {
    const bill = { costUsd: 5, otherUsd: 0, listUsd: 5, billableHours: 2, workHoursDone: 1 };
    const units = new Map([
      ["ours", unitsOf([bill])],
      ["baseline", unitsOf([bill, bill])],
      ["silent", new Map([["u0", { costUsd: 5 }]])],
    ]);
    expect(savingOf("ours", "baseline", units, createResamples("x"))!.savingUsd.n).toBe(1);
    expect(savingOf("silent", "baseline", units, createResamples("x"))).toBeUndefined();
    expect(savingOf("ours", "nobody", units, createResamples("x"))).toBeUndefined();
  });
});
