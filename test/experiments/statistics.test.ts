import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { meanInterval, ratioInterval } from "../../experiments/statistics/bootstrap.ts";
import { holm } from "../../experiments/statistics/holm.ts";
import { meanSplit, splitSaving } from "../../experiments/statistics/saving-split.ts";
import { signFlip } from "../../experiments/statistics/sign-flip.ts";
import { quantile } from "../../sim/quantile.ts";
import { coverage } from "./coverage.ts";

describe("sign-flip test", () => {
  it("counts flips by hand: of 8, all or none are as far from 0 as 1 + 2 + 3", () => {
    expect(signFlip(Float64Array.of(1, 2, 3), "s")).toEqual({ p: 0.25, smallest: 0.25 });
    expect(signFlip(Float64Array.of(0, 0, 0), "s").p).toBe(1);
    // 5 against 3 + 1 + 1: sums of at least 5 - 3 = 2 in size.
    const sums = [0, 1, 2, 3, 4, 5, 6, 7].map(
      (bits) => 5 + [3, 1, 1].reduce((sum, each, i) => sum + ((bits >> i) & 1 ? -each : each), 0),
    );
    expect(signFlip(Float64Array.of(5, -3, 0, 0), "s").p).toBe(1);
    expect(signFlip(Float64Array.of(5, 3, 1, -1), "s").p).toBe((2 * sums.filter((sum) => sum >= 8).length) / 16);
  });

  it("is never 0 and close to exact where flips are drawn", () => {
    const values = Float64Array.from({ length: 13 }, (_, i) => i + 1);
    const { p, smallest } = signFlip(values, "s");
    expect(p).toBeGreaterThanOrEqual(1e-4);
    expect(p).toBeLessThan(0.002); // exact: 2 / 8192
    expect(smallest).toBeCloseTo(2 / 8192, 12);
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

  it("gives the same interval for the same seed, around the mean, wider at a higher level", () => {
    const [a, b] = [meanInterval(values, { seed: "x", level: 0.95 }), meanInterval(values, { seed: "x", level: 0.95 })];
    expect(a).toEqual(b);
    expect(a.low).toBeLessThan(3.9);
    expect(a.high).toBeGreaterThan(3.9);
    const wide = meanInterval(values, { seed: "x", level: 0.99 });
    expect(wide.low).toBeLessThan(a.low);
    expect(wide.high).toBeGreaterThan(a.high);
  });

  it("has no width where all values are equal, and moves and stretches with the data", () => {
    const flat = meanInterval(new Float64Array(8).fill(0.1), { seed: "x", level: 0.95 });
    expect(flat.low).toBeCloseTo(0.1, 12);
    expect(flat.high).toBe(flat.low);
    const base = meanInterval(values, { seed: "x", level: 0.95 });
    const moved = meanInterval(
      values.map((value) => 10 + 2 * value),
      { seed: "x", level: 0.95 },
    );
    expect(moved.low).toBeCloseTo(10 + 2 * base.low, 9);
    expect(moved.high).toBeCloseTo(10 + 2 * base.high, 9);
  });

  it("a ratio whose parts are proportional has no width, whatever the parts do", () => {
    const { low, high } = ratioInterval(
      values.map((value) => 0.3 * value),
      values,
      { seed: "x", level: 0.95 },
    );
    expect(low).toBeCloseTo(0.3, 9);
    expect(high).toBeCloseTo(0.3, 9);
  });

  it("covers: between 91 and 98 % for normal differences at n = 20, in 600 trials (standard error 0.9 points)", () => {
    const share = coverage("normal", 20, 600, 400);
    expect(share).toBeGreaterThan(0.91);
    expect(share).toBeLessThan(0.98);
  });
});

describe("the split of a saving", () => {
  it("by hand: 10 h at 3 USD against 12 h at 1 USD of which one was free", () => {
    const split = splitSaving(
      { costUsd: 11, listUsd: 12, billableHours: 12, workHoursDone: 9 },
      { costUsd: 30, listUsd: 30, billableHours: 10, workHoursDone: 9 },
    );
    expect(split).toEqual({ savingUsd: 19, priceUsd: 24, hoursUsd: -6, freeHoursUsd: 1, workNotDoneUsd: 0 });
  });

  it("doing half the work of the baseline at the same cost an hour saves nothing but work not done", () => {
    const split = splitSaving(
      { costUsd: 15, listUsd: 15, billableHours: 5, workHoursDone: 4 },
      { costUsd: 30, listUsd: 30, billableHours: 10, workHoursDone: 8 },
    );
    expect(split).toEqual({ savingUsd: 15, priceUsd: 0, hoursUsd: 0, freeHoursUsd: 0, workNotDoneUsd: 15 });
  });

  it("adds up, for any two bills and for their means", () => {
    const bill = fc
      .record({
        list: fc.double({ min: 0, max: 1e5, noNaN: true }),
        free: fc.double({ min: 0, max: 1, noNaN: true }),
        hours: fc.double({ min: 0, max: 1e4, noNaN: true }),
        work: fc.double({ min: 0, max: 1e4, noNaN: true }),
      })
      .map(({ list, free, hours, work }) => ({
        costUsd: list * (1 - free),
        listUsd: hours === 0 ? 0 : list,
        billableHours: hours,
        workHoursDone: work,
      }))
      .map((each) => ({ ...each, costUsd: Math.min(each.costUsd, each.listUsd) }))
      .filter((each) => each.billableHours === 0 || each.billableHours > 1e-3)
      .filter((each) => each.workHoursDone === 0 || each.workHoursDone > 1e-3);
    fc.assert(
      fc.property(fc.array(fc.tuple(bill, bill), { minLength: 1, maxLength: 5 }), (pairs) => {
        const splits = pairs.map(([ours, baseline]) => splitSaving(ours, baseline));
        for (const split of [...splits, meanSplit(splits)]) {
          const { savingUsd, priceUsd, hoursUsd, freeHoursUsd, workNotDoneUsd } = split;
          const size = 1 + Math.abs(priceUsd) + Math.abs(hoursUsd) + Math.abs(freeHoursUsd) + Math.abs(workNotDoneUsd);
          expect(Math.abs(priceUsd + hoursUsd + freeHoursUsd + workNotDoneUsd - savingUsd)).toBeLessThan(1e-9 * size);
        }
      }),
    );
  });
});

const targets = new URL("../../../shared/targets/statistics.json", import.meta.url);
const missing = !existsSync(targets) && process.env.REQUIRE_ALL !== "1";
if (missing) console.warn("SKIPPED: published statistics cases, ../shared/targets/statistics.json is not there");

describe.skipIf(missing)("the published cases", () => {
  type Case = {
    id: string;
    kind: string;
    inputs: Record<string, number[]>;
    params: { q?: number[] };
    expect: Record<string, number> & { values?: number[]; adjusted?: number[] };
  };
  const cases = missing ? [] : (JSON.parse(readFileSync(targets, "utf8")) as { cases: Case[] }).cases;
  const ofKind = (kind: string) => cases.filter((each) => each.kind === kind);

  it.each(ofKind("quantile"))("$id", ({ inputs, params, expect: expected }) => {
    const sorted = Float64Array.from(inputs.x!).sort();
    for (const [i, q] of params.q!.entries()) expect(quantile(sorted, q)).toBeCloseTo(expected.values![i]!, 9);
  });

  it.each(ofKind("holm"))("$id", ({ inputs, expect: expected }) => {
    for (const [i, p] of holm(inputs.p!).entries()) expect(p).toBeCloseTo(expected.adjusted![i]!, 12);
  });

  it.each(ofKind("paired").filter(({ inputs }) => inputs.baseline!.length <= 12))(
    "$id",
    ({ inputs, expect: expected }) => {
      const differences = Float64Array.from(inputs.candidate!, (value, i) => value - inputs.baseline![i]!);
      expect(signFlip(differences, "s").p).toBeCloseTo(expected.signFlipP!, 9);
    },
  );
});
