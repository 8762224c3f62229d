import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { fitOf, shapeOf } from "../../traces/fit.ts";
import { generateTrace, marketModel } from "../../traces/generate.ts";
import { openStudyTrace } from "../../traces/open.ts";
import { presets } from "../../traces/presets.ts";
import { describeReal, skynomadRoot as root } from "./real-data.ts";

const DAY = 86_400;

describe.each(presets)("preset $name", (preset) => {
  const { model, observed } = preset;
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

  it("shows what the data showed: availability, spells, price level and changes, correlation within regions", () => {
    const { rows } = fitOf(preset);
    expect(rows.every(({ data }) => data !== null)).toBe(true);
    const off = (statistic: string, share: number, absolute = 0) =>
      rows.filter(
        (each) =>
          each.statistic === statistic && Math.abs(each.preset - each.data!) > absolute + share * Math.abs(each.data!),
      );
    expect(off("availability", 0, 0.06)).toEqual([]);
    expect(off("meanUpH", 0.25)).toEqual([]);
    expect(off("meanDownH", 0.25)).toEqual([]);
    expect(off("meanUsdPerHour", 0.03)).toEqual([]);
    expect(off("sdUsdPerHour", 0.35)).toEqual([]);
    expect(off("priceChangesPerDay", 0.3)).toEqual([]);
    expect(off("correlation of availability", 0, 0.06)).toEqual([]);
  });

  it("all zones are out together seldom, as in the data, and not for the twentieth of the time of outages that take whole regions", () => {
    const { data, preset: drawn } = fitOf(preset).rows.find((each) => each.of === "all")!;
    expect(data).toBe(0.0079);
    expect(drawn).toBeGreaterThan(0.003);
    expect(drawn).toBeLessThan(0.015);
  });
});

describeReal("the real set behind p3-2023", () => {
  it("has the statistics that the preset states", async () => {
    const trace = await openStudyTrace({ dataset: "skynomad-p3", root }, mkdtempSync(join(tmpdir(), "traces-")));
    const measured = shapeOf(trace.window(0, trace.endS));
    const { observed } = presets.find((each) => each.name === "p3-2023")!;
    expect(Object.keys(measured).sort()).toEqual(Object.keys(observed!).sort());
    for (const [name, stated] of Object.entries(observed!)) {
      if (name === "zones") expect(measured.zones).toEqual(stated);
      else if (Array.isArray(stated)) {
        const tolerance = name.endsWith("H") || name.endsWith("PerDay") ? 0.0051 : 0.00051; // as many digits as stated
        for (const [m, value] of stated.entries()) {
          expect(
            Math.abs((measured as unknown as Record<string, number[]>)[name]![m]! - value),
            `${name} ${m}`,
          ).toBeLessThan(tolerance);
        }
      }
    }
    expect(Object.keys(measured.correlations).sort()).toEqual(Object.keys(observed!.correlations).sort());
    for (const [of, value] of Object.entries(observed!.correlations))
      expect(measured.correlations[of]).toBeCloseTo(value, 3);
    expect(measured.noneUpShare).toBeCloseTo(observed!.noneUpShare, 4);
  });
});

describe("the seed's price process", () => {
  it("averages 0.318 of on-demand after clamping, as measured on the seed's own code", () => {
    const { model } = presets.find((each) => each.name === "synkti-seed")!;
    const table = generateTrace(model, "mean", 3000 * DAY);
    expect((table.costUsd(0, 0, table.endS) / table.endS) * 3600).toBeCloseTo(0.318, 2);
  });
});

it("a price factor multiplies prices, and changes nothing else", () => {
  const { model } = presets.find(({ name }) => name === "p3-2023")!;
  const [one, ten] = [model, { ...model, priceFactor: 10.2 }].map((each) => generateTrace(each, "seed", 100_000));
  expect(ten!.priceUsdPerHourAt(3, 50_000)).toBeCloseTo(10.2 * one!.priceUsdPerHourAt(3, 50_000), 12);
  expect(ten!.capacityAt(3, 50_000)).toBe(one!.capacityAt(3, 50_000));
});
