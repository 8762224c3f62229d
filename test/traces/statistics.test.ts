import { describe, expect, it } from "vitest";
import { tableFromSeries } from "../../traces/columns.ts";
import {
  availabilityOf,
  correlationsOf,
  marketStatistics,
  noneUpShare,
  spellsInside,
  upOf,
} from "../../traces/statistics.ts";

const HOUR = 3600;
/** Counts hour by hour; a price of 1 in the first half, 3 in the second unless said otherwise. */
const table = (zones: readonly (readonly number[] | undefined)[], prices: readonly number[] = [1, 3]) => {
  const hours = zones.find((counts) => counts !== undefined)!.length;
  return tableFromSeries(
    zones.map((counts, z) => ({
      market: { instanceType: "g.x", region: "r", zone: String(z), capacityType: "spot" as const },
      price: { timesS: prices.map((_, i) => (i * hours * HOUR) / prices.length), usdPerHour: prices },
      ...(counts && { capacity: { timesS: counts.map((_, i) => i * HOUR), counts } }),
      depth: { kind: "observed" as const, instances: 1 },
      gapS: 0,
    })),
    { digest: "d", endS: hours * HOUR },
  );
};

describe("statistics of a trace, by hand", () => {
  it("the price of a day later: the same hour of another day is alike, the opposite is not", () => {
    const hourly = (usd: (hour: number) => number) =>
      tableFromSeries(
        [
          {
            market: { instanceType: "g", region: "r", zone: "z", capacityType: "spot" },
            price: {
              timesS: Array.from({ length: 96 }, (_, h) => h * 3600),
              usdPerHour: Array.from({ length: 96 }, (_, h) => usd(h)),
            },
            depth: { kind: "unlimited", instances: 0 },
            gapS: 0,
          },
        ],
        { digest: "", endS: 96 * 3600 },
      );
    const of = (usd: (hour: number) => number) => marketStatistics(hourly(usd), 0).priceDayAutocorrelation;
    expect(of((h) => 1 + (h % 24))).toBeCloseTo(1, 12);
    expect(of((h) => (Math.floor(h / 24) % 2 === 0 ? 1 : 2))).toBeCloseTo(-1, 12);
    expect(of(() => 1)).toBeNull();
  });

  it("means are over time: 1 for 4 h, then 3 for 4 h is 2 on average, with deviation 1", () => {
    const market = marketStatistics(table([[1, 1, 1, 1, 1, 1, 1, 1]]), 0);
    expect(market).toMatchObject({ meanUsdPerHour: 2, sdUsdPerHour: 1, priceChanges: 1, priceChangesPerDay: 3 });
    expect(market).toMatchObject({ availability: 1, capacityChanges: 0, upSpells: null, downSpells: null });
  });

  it("the price while an instance is to be had: 1 for 3 h and 3 for 1 h of 8", () => {
    const market = marketStatistics(table([[0, 1, 1, 1, 2, 0, 0, 0]]), 0);
    expect(market).toMatchObject({ minUsdPerHour: 1, maxUsdPerHour: 3, meanUsdPerHourWhenUp: 1.5 });
    expect(marketStatistics(table([[0, 0]]), 0).meanUsdPerHourWhenUp).toBeNull();
    expect(marketStatistics(table([[1], undefined]), 1).meanUsdPerHourWhenUp).toBeNull();
  });

  it("spells of at least so many instances, those at the ends marked as cut by them", () => {
    const counts = { timesS: [0, 1, 2, 3, 5, 6], values: [2, 3, 1, 2, 0, 4] };
    const spells = (instances: number, up: boolean) =>
      spellsInside(upOf(counts, instances), up, 7).map(({ lengthS, isCut }) =>
        isCut ? `${lengthS}, cut` : `${lengthS}`,
      );
    expect(spells(2, true)).toEqual(["2, cut", "2", "1, cut"]);
    expect(spells(2, false)).toEqual(["1", "1"]);
    expect(spells(1, true)).toEqual(["5, cut", "1, cut"]);
    expect(spells(5, true)).toEqual([]);
    expect(spells(5, false)).toEqual(["7, cut"]);
    // What lies beyond the end does not count.
    expect(spellsInside(upOf(counts, 2), true, 4)).toEqual([
      { lengthS: 2, isCut: true },
      { lengthS: 1, isCut: true },
    ]);
  });

  it("spells that the trace's ends cut off do not count; a change of count within one does not end it", () => {
    // down | up 2 h (1, 2) | down 1 h | up 1 h | down 3 h, cut
    const market = marketStatistics(table([[0, 1, 2, 0, 1, 0, 0, 0]]), 0);
    expect(market.upSpells).toEqual({ count: 2, meanH: 1.5, medianH: 1.5, p90H: 2, longestH: 2 });
    expect(market.downSpells).toEqual({ count: 1, meanH: 1, medianH: 1, p90H: 1, longestH: 1 });
    expect(market.availability).toBe(3 / 8);
    expect(market.capacityChanges).toBe(5);
  });

  it("correlations are exact: the same, the opposite, none, and undefined where nothing changes", () => {
    const a = [1, 1, 0, 0];
    const { availability, priceWithAvailability } = correlationsOf(
      table([a, [0, 0, 1, 1], [1, 0, 1, 0], [1, 1, 1, 1], undefined]),
    );
    expect(availability[0]).toEqual(
      [1, -1, 0, null, null].map((each) => (each === null ? null : expect.closeTo(each, 12))),
    );
    expect(priceWithAvailability[0]).toBeCloseTo(-1, 12);
    expect(priceWithAvailability[3]).toBeNull();
    expect(correlationsOf(table([a], [0.1])).priceWithAvailability).toEqual([null]);
  });

  it("no zone is up when none is; markets without bound do not count", () => {
    expect(noneUpShare(table([[1, 1, 0, 0], [1, 0, 0, 1], undefined]))).toBe(0.25);
    expect(availabilityOf(table([[1], undefined]), 1)).toBe(1);
  });
});
