import { describe, expect, it } from "vitest";
import { generateTrace, marketModel } from "../../traces/generate.ts";
import { availabilityOf } from "../../traces/open.ts";
import { presets } from "../../traces/presets.ts";

const DAY = 86_400;

describe.each(presets)("preset $name", ({ model, observed }) => {
  it("is a valid model, and draws the same market for the same seed only", () => {
    expect(marketModel.parse(model)).toEqual(model);
    const cost = (seed: string) => generateTrace(model, seed, 7 * DAY).costUsd(0, 0, 7 * DAY);
    expect(cost("a")).toBe(cost("a"));
    expect(cost("a")).not.toBe(cost("b"));
    expect(generateTrace(model, "a", 7 * DAY).digest).not.toBe(generateTrace(model, "b", 7 * DAY).digest);
  });

  it("a longer trace begins with the shorter one", () => {
    const [short, long] = [generateTrace(model, "a", DAY), generateTrace(model, "a", 3 * DAY)];
    for (let m = 0; m < short.markets.length; m++) {
      for (let timeS = 0; timeS < DAY; timeS += 977) {
        expect(long.priceUsdPerHourAt(m, timeS)).toBe(short.priceUsdPerHourAt(m, timeS));
        expect(long.capacityAt(m, timeS)).toBe(short.capacityAt(m, timeS));
      }
    }
  });

  if (observed === undefined) return; // a process by its parameters, fitted to no data
  it("shows what the data showed: availability, price level, correlation within and across regions",
    () => {
      // 600 days: heavy spells leave a standard error near 0.02 in a zone's availability.
      const table = generateTrace(model, "fit", 600 * DAY);
      const { availability, meanUsdPerHour, correlation } = observed!;
      for (const [m, expected] of availability.entries()) {
        expect(Math.abs(availabilityOf(table, m) - expected)).toBeLessThan(0.06);
        const mean = (table.costUsd(m, 0, table.endS) / table.endS) * 3600;
        expect(Math.abs(mean / meanUsdPerHour[m]! - 1)).toBeLessThan(0.03);
      }
      const points = Array.from({ length: 20_000 }, (_, i) => ((i + 0.5) * table.endS) / 20_000);
      const up = table.markets.map((_, m) => points.map((timeS) => Math.min(1, table.capacityAt(m, timeS))));
      const mean = (list: readonly number[]) => list.reduce((sum, each) => sum + each, 0) / list.length;
      const correlate = (a: readonly number[], b: readonly number[]) => {
        const [p, q, both] = [mean(a), mean(b), mean(a.map((each, i) => each * b[i]!))];
        return (both - p * q) / Math.sqrt(p * (1 - p) * q * (1 - q));
      };
      for (const [region, expected] of Object.entries(correlation.within)) {
        const members = table.markets.flatMap((market, m) => (market.region === region ? [m] : []));
        const pairs = members.flatMap((a) => members.filter((b) => b > a).map((b) => correlate(up[a]!, up[b]!)));
        expect(Math.abs(mean(pairs) - expected)).toBeLessThan(0.12);
      }
    },
  );
});

describe("the seed's price process", () => {
  it("averages 0.318 of on-demand after clamping, as measured on the seed's own code", () => {
    const { model } = presets.find((each) => each.name === "synkti-seed")!;
    const table = generateTrace(model, "mean", 3000 * DAY);
    expect((table.costUsd(0, 0, table.endS) / table.endS) * 3600).toBeCloseTo(0.318, 2);
  });
});
