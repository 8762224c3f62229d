import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { attachTable, TraceError, tableFromSeries, tableHandle, windowOf, withOnDemand } from "../../traces/columns.ts";

const market = { instanceType: "g.x", region: "r", zone: "r-a", capacityType: "spot" as const };
const depth = { kind: "observed" as const, instances: 1 };
const table = (
  timesS: number[],
  usdPerHour: number[],
  capacity?: { timesS: number[]; counts: number[] },
  endS = 10_000,
) =>
  tableFromSeries([{ market, price: { timesS, usdPerHour }, ...(capacity && { capacity }), depth, gapS: 5 }], {
    digest: "d",
    endS,
  });

describe("a trace table, by hand", () => {
  const one = table([0, 100, 250], [3.6, 7.2, 0.36], { timesS: [0, 100], counts: [1, 0] });

  it("a step stands from its time until the next, the last for ever", () => {
    expect([0, 99.9, 100, 249, 250, 1e9].map((timeS) => one.priceUsdPerHourAt(0, timeS))).toEqual([
      3.6, 3.6, 7.2, 7.2, 0.36, 0.36,
    ]);
    expect([0, 99, 100, 250].map((timeS) => one.nextPriceChangeS(0, timeS))).toEqual([100, 100, 250, Infinity]);
    expect([0, 100].map((timeS) => one.capacityAt(0, timeS))).toEqual([1, 0]);
  });

  it("bills the integral of the price: 0.1 USD for 100 s at 3.6, then 0.3 for 150 s at 7.2", () => {
    expect(one.costUsd(0, 0, 250)).toBeCloseTo(0.4, 12);
    expect(one.costUsd(0, 50, 150)).toBeCloseTo(0.05 + 0.1, 12);
    expect(one.costUsd(0, 240, 1250)).toBeCloseTo(0.02 + 0.1, 12);
  });

  it("is the same table in another thread: one buffer, nothing copied", () => {
    const handle = structuredClone(tableHandle(one));
    expect(handle.buffer).toBeInstanceOf(SharedArrayBuffer);
    const again = attachTable(handle);
    expect(again.costUsd(0, 13, 777)).toBe(one.costUsd(0, 13, 777));
    expect(again.gapS(0)).toBe(5);
  });

  it("on-demand stands beside each spot market at a constant price, without bound", () => {
    const both = withOnDemand(one, () => 2);
    expect(both.markets.map(({ capacityType }) => capacityType)).toEqual(["spot", "onDemand"]);
    expect(both.capacityAt(1, 5000)).toBe(Infinity);
    expect(both.costUsd(1, 0, 1800)).toBe(1);
    expect(both.costUsd(0, 0, 250)).toBe(one.costUsd(0, 0, 250));
    expect(() => withOnDemand(one, () => undefined)).toThrow(/no on-demand price for g.x in r/);
  });

  it("a window starts with what is in effect then, at time 0", () => {
    const window = windowOf(one, 120, 200);
    expect(window.endS).toBe(200);
    expect(window.priceUsdPerHourAt(0, 0)).toBe(7.2);
    expect(window.nextPriceChangeS(0, 0)).toBe(130);
    expect(window.capacityAt(0, 0)).toBe(0);
    expect(window.costUsd(0, 0, 200)).toBeCloseTo(one.costUsd(0, 120, 320), 12);
    expect(() => windowOf(one, 9_900, 200)).toThrow(/the trace is 2.78 h long/);
  });

  it.each<[string, number[], number[]]>([
    ["does not follow", [0, 10, 10], [1, 2, 3]],
    ["must be at or before 0", [1, 2], [1, 2]],
    ["is no value", [0, 1], [1, Number.NaN]],
    ["is no value", [0, 1], [1, -0.1]],
    ["no steps", [], []],
    ["2 times but 1 values", [0, 1], [1]],
  ])("refuses what is no step function: %s", (message, timesS, values) => {
    expect(() => table(timesS, values)).toThrow(TraceError);
    expect(() => table(timesS, values)).toThrow(message);
  });
});

describe("any table", () => {
  const steps = fc
    .uniqueArray(fc.integer({ min: 1, max: 5_000 }), { maxLength: 60 })
    .map((times) => [0, ...times.sort((a, b) => a - b)]);

  it("bills any interval as a walk over its seconds would, in whatever order it is asked", () => {
    fc.assert(
      fc.property(
        steps,
        fc.array(fc.tuple(fc.nat(6_000), fc.nat(2_000)), { minLength: 1, maxLength: 8 }),
        (timesS, spans) => {
          const usd = timesS.map((_, i) => ((i * 7919) % 1000) / 100);
          const one = table(timesS, usd);
          for (const [fromS, lengthS] of spans) {
            let walked = 0;
            for (let s = fromS; s < fromS + lengthS; s++)
              walked += usd[timesS.findLastIndex((timeS) => timeS <= s)]! / 3600;
            expect(one.costUsd(0, fromS, fromS + lengthS)).toBeCloseTo(walked, 8);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it("loses nothing over a million steps: exact to the last bits, where a plain sum drops the small ones", () => {
    const n = 1_000_000;
    // 4,000 USD/h for four months, then cents by the second.
    const microUsd = (i: number) => (i === 0 ? 4_000_000_000 : 1 + (i % 3));
    const timesS = Float64Array.from({ length: n }, (_, i) => (i === 0 ? 0 : 10_000_000 + i));
    const usdPerHour = Float64Array.from({ length: n }, (_, i) => microUsd(i) / 1e6);
    const endS = timesS[n - 1]!;
    const one = tableFromSeries([{ market, price: { timesS, usdPerHour }, depth, gapS: 0 }], { digest: "d", endS });
    let exact = 0n; // micro-dollars x seconds
    let plain = 0;
    for (let i = 0; i + 1 < n; i++) {
      const lengthS = timesS[i + 1]! - timesS[i]!;
      exact += BigInt(microUsd(i)) * BigInt(lengthS);
      plain += (usdPerHour[i]! * lengthS) / 3600;
    }
    const usd = Number(exact) / 1e6 / 3600;
    const error = (sum: number) => Math.abs(sum - usd) / (Number.EPSILON * usd);
    expect(error(one.costUsd(0, 0, endS))).toBeLessThanOrEqual(4);
    expect(error(plain)).toBeGreaterThan(1_000);
  });
});
