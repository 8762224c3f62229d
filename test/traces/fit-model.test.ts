import { describe, expect, it } from "vitest";
import { tableFromSeries } from "../../traces/columns.ts";
import { shapeOf } from "../../traces/fit.ts";
import { fitModel } from "../../traces/fit-model.ts";
import { generateTrace, type MarketModel, marketModel } from "../../traces/generate.ts";
import type { Spells } from "../../traces/generators/capacity.ts";
import { marketStatistics } from "../../traces/statistics.ts";

const DAY = 86_400;
const price = {
  kind: "ornstein-uhlenbeck" as const,
  meanUsdPerHour: 1.2,
  volatility: 0.02,
  reversionPerHour: 0.05,
  dailyShare: 0,
  minUsdPerHour: 0.8,
  maxUsdPerHour: 1.6,
  stepH: 2,
  start: "stationary" as const,
};
const spells = (meanUpH: number, meanDownH: number): Spells => ({ meanUpH, meanDownH, shape: 0.7 });
const truth: MarketModel = {
  instanceType: "g5.xlarge",
  count: 1,
  regions: { r1: spells(15, 5) },
  zones: [
    { region: "r1", zone: "r1a", price, capacity: spells(6, 2) },
    { region: "r1", zone: "r1b", price: { ...price, meanUsdPerHour: 1 }, capacity: spells(10, 2) },
    { region: "r2", zone: "r2a", price, capacity: spells(4, 4) },
  ],
};

describe("fitting a market model", () => {
  it("gives back a market like the one it was drawn from: availability, spells, correlation, prices", () => {
    const seen = generateTrace(truth, "seen", 400 * DAY);
    const model = fitModel(seen, "ornstein-uhlenbeck");
    expect(marketModel.parse(model)).toEqual(model);
    const [wanted, got] = [shapeOf(seen), shapeOf(generateTrace(model, "again", 600 * DAY))];
    for (let m = 0; m < 3; m++) {
      expect(Math.abs(got.availability[m]! - wanted.availability[m]!)).toBeLessThan(0.06);
      for (const statistic of ["meanUpH", "meanDownH", "p90UpH", "sdUsdPerHour"] as const) {
        expect([statistic, m, got[statistic][m]! / wanted[statistic][m]!]).toEqual([
          statistic,
          m,
          expect.closeTo(1, statistic === "p90UpH" ? 0.25 : 0.5),
        ]);
      }
      expect(got.meanUsdPerHour[m]! / wanted.meanUsdPerHour[m]!).toBeCloseTo(1, 1);
      expect(Math.abs(got.priceDayAutocorrelation[m]! - wanted.priceDayAutocorrelation[m]!)).toBeLessThan(0.1);
    }
    // The two zones of r1 share a quarter of their time down: sqrt of their odds times 5 / 15.
    expect(wanted.correlations.r1!).toBeGreaterThan(0.3);
    expect(Math.abs(got.correlations.r1! - wanted.correlations.r1!)).toBeLessThan(0.08);
    expect(Math.abs(got.correlations["r1, r2"]!)).toBeLessThan(0.08);
  }, 30_000);

  it("the same trace gives the same model", () => {
    const seen = generateTrace({ ...truth, zones: truth.zones.slice(0, 1) }, "seen", 60 * DAY);
    expect(fitModel(seen, "ornstein-uhlenbeck")).toEqual(fitModel(seen, "ornstein-uhlenbeck"));
  }, 30_000);

  it("finds two price regimes where there are two", () => {
    const regimes = [
      { meanUsdPerHour: 1, volatility: 0.01, meanStayH: 200 },
      { meanUsdPerHour: 1.4, volatility: 0.01, meanStayH: 50 },
    ];
    const { meanUsdPerHour: _, volatility: __, kind: ___, ...about } = price;
    const switching = { ...about, kind: "regime-switching" as const, reversionPerHour: 0.4, regimes };
    const model: MarketModel = { ...truth, regions: {}, zones: [{ region: "r1", zone: "r1a", price: switching }] };
    const seen = generateTrace(model, "seen", 700 * DAY);
    // A fifth of the time dear: 0.8 x 1 + 0.2 x 1.4.
    expect(marketStatistics(seen, 0).meanUsdPerHour).toBeCloseTo(1.08, 1);
    const fitted = fitModel(seen, "regime-switching").zones[0]!.price;
    if (fitted.kind !== "regime-switching") throw new Error(fitted.kind);
    expect(fitted.regimes.map(({ meanUsdPerHour }) => meanUsdPerHour)).toEqual([
      expect.closeTo(1, 1),
      expect.closeTo(1.4, 1),
    ]);
    expect(fitted.regimes[0]!.meanStayH / 200).toBeCloseTo(1, 0);
    expect(fitted.regimes[1]!.meanStayH / 50).toBeCloseTo(1, 0);
  });

  it("keeps the counts of a zone that was watched with several instances", () => {
    // 4, 2, 0, 4, 2, 0, ... two hours each.
    const steps = Array.from({ length: 120 }, (_, i) => i);
    const seen = tableFromSeries(
      [
        {
          market: { instanceType: "g5.xlarge", region: "r", zone: "ra", capacityType: "spot" },
          price: { timesS: [0], usdPerHour: [1] },
          capacity: { timesS: steps.map((i) => i * 7200), counts: steps.map((i) => 4 - 2 * (i % 3)) },
          depth: { kind: "observed", instances: 4 },
          gapS: 60,
        },
      ],
      { digest: "", endS: 240 * 3600 },
    );
    const { capacity } = fitModel(seen, "ornstein-uhlenbeck").zones[0]!;
    expect(capacity).toMatchObject({
      counts: [0, 2, 4],
      next: [
        [0, 0, 40 - 1],
        [40, 0, 0],
        [0, 40, 0],
      ],
    });
    if (capacity === undefined || !("counts" in capacity)) throw new Error("no levels");
    expect(capacity.meanH.slice(1)).toEqual([2, 2]);
    const drawn = generateTrace(fitModel(seen, "ornstein-uhlenbeck"), "again", 100 * DAY);
    const counts = new Set(Array.from({ length: 2000 }, (_, i) => drawn.capacityAt(0, i * 4000)));
    expect([...counts].sort()).toEqual([0, 2, 4]);
  });

  it("a model is of one instance type", () => {
    const zone = (instanceType: string) => ({
      market: { instanceType, region: "r", zone: "ra", capacityType: "spot" as const },
      price: { timesS: [0], usdPerHour: [1] },
      depth: { kind: "unlimited" as const, instances: 0 },
      gapS: 0,
    });
    const table = tableFromSeries([zone("a"), zone("b")], { digest: "", endS: DAY });
    expect(() => fitModel(table, "ornstein-uhlenbeck")).toThrow(/one instance type, the trace has a, b/);
  });

  it("common outages take the share of each region's zones that they are said to", () => {
    const common = { meanUpH: 10, meanDownH: 10, shape: 1 };
    const up = { region: "", price, capacity: spells(1e6, 1e-6) };
    const model: MarketModel = {
      ...truth,
      regions: {},
      zones: [
        { ...up, region: "r1", zone: "a" },
        { ...up, region: "r2", zone: "b" },
        { ...up, region: "r3", zone: "c" },
      ],
    };
    const drawn = (r1: number, r2: number, days: number) =>
      shapeOf(generateTrace({ ...model, common: { ...common, share: { r1, r2 } } }, "x", days * DAY));
    const all = drawn(1, 1, 500);
    expect(all.correlations["r1, r2"]).toBeCloseTo(1, 6);
    expect(all.availability[0]).toBeCloseTo(0.5, 1);
    expect(all.availability[2]).toBeCloseTo(1, 3); // not named
    // Hit half the time: down a quarter of it, together an eighth: (1/8 - 1/16) / (3/16).
    const half = drawn(0.5, 0.5, 2000);
    expect(half.availability[0]).toBeCloseTo(0.75, 1);
    expect(Math.abs(half.correlations["r1, r2"]! - 1 / 3)).toBeLessThan(0.06);
    // Down half and a quarter of it, together a quarter: (1/4 - 1/8) / sqrt(1/4 x 3/16).
    expect(Math.abs(drawn(1, 0.5, 2000).correlations["r1, r2"]! - 1 / Math.sqrt(3))).toBeLessThan(0.06);
  });

  it("finds what regions have in common: a model with common outages is given back with their correlations", () => {
    const zone = (region: string, name: string) => ({ region, zone: name, price, capacity: spells(8, 2) });
    const model: MarketModel = {
      ...truth,
      regions: {},
      common: { meanUpH: 12, meanDownH: 3, shape: 0.7, share: { r1: 1, r2: 0.5, r3: 0.2 } },
      zones: [zone("r1", "a"), zone("r2", "b"), zone("r3", "c")],
    };
    const seen = generateTrace(model, "seen", 400 * DAY);
    const [wanted, got] = [
      shapeOf(seen),
      shapeOf(generateTrace(fitModel(seen, "ornstein-uhlenbeck"), "again", 800 * DAY)),
    ];
    // Three different correlations, as three shares make them.
    expect(wanted.correlations["r1, r2"]! - wanted.correlations["r2, r3"]!).toBeGreaterThan(0.1);
    for (const [of, value] of Object.entries(wanted.correlations))
      expect([of, Math.abs(got.correlations[of]! - value) < 0.06]).toEqual([of, true]);
    expect(Math.abs(got.noneUpShare - wanted.noneUpShare)).toBeLessThan(0.02);
  }, 60_000);
});
