import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { InstanceId, MarketId } from "../../policies/contract/units.ts";
import { Meter } from "../../sim/meter.ts";
import { profiles } from "../../sim/profiles.ts";
import { simulate } from "../../sim/simulate.ts";
import { handCloud, input, scenario, table } from "../support/runs.ts";

const HOUR = 3600;
const { billing } = profiles.aws;
const id = 0 as InstanceId;
const market = 0 as MarketId;

/** A second meter that knows no integrals: it walks second by second and asks the price of each. */
function naiveUsd(prices: (timeS: number) => number, fromS: number, endS: number, reclaimed: boolean): number {
  const upS = endS - fromS;
  if (reclaimed && upS < 3600) return 0;
  let usd = 0;
  for (let s = fromS; s < fromS + Math.max(upS, 60); s++) usd += prices(s) / 3600;
  return usd;
}

describe("the meter", () => {
  it("agrees with a naive per-second meter on any path, span and ending", () => {
    const steps = fc.uniqueArray(fc.integer({ min: 1, max: 20_000 }), { maxLength: 12 });
    fc.assert(
      fc.property(
        steps,
        fc.integer({ min: 0, max: 15_000 }),
        fc.integer({ min: 0, max: 9_000 }),
        fc.boolean(),
        (times, fromS, upS, reclaimed) => {
          const price = [0, ...times.sort((a, b) => a - b)].map(
            (timeS, i) => [timeS, 0.1 + ((i * 37) % 11) / 7] as const,
          );
          const zone = table([{ price }], 30_000);
          const meter = new Meter(zone, billing, { ledger: true });
          meter.charge(id, market, fromS, fromS + upS, reclaimed ? "reclaimed" : "terminated");
          const row = meter.ledger![0]!;
          const at = (s: number) => price.findLast(([timeS]) => timeS <= s)![1];
          expect(row.usd).toBeCloseTo(naiveUsd(at, fromS, fromS + upS, reclaimed), 9);
          expect(row.upS).toBe(row.chargedS + row.freeFirstHourS - row.minimumPaddingS);
        },
      ),
      { numRuns: 60 },
    );
  });

  it.each([
    [3599, 0],
    [3600, 3600],
  ])("a reclaim after %d s of up-time is charged %d s", (upS, chargedS) => {
    const meter = new Meter(table([{}], 30_000), billing, { ledger: false });
    meter.charge(id, market, 0, upS, "reclaimed");
    expect(meter.total.chargedS).toBe(chargedS);
  });

  it("the whole bill of a run is the naive bill of its instances", () => {
    const price = Array.from({ length: 40 }, (_, i) => [i * 1800, 0.5 + ((i * 13) % 10) / 10] as const);
    const capacity = Array.from({ length: 30 }, (_, i) => [i * 3000, i % 3] as const);
    const world = input({
      table: table([{ price, capacity }], 24 * HOUR),
      cloud: { ...handCloud, slotsPerInstance: 2 },
      tasks: { tasks: 30, arrivals: { kind: "uniform", spanH: 10 }, workH: { kind: "uniform", min: 0.01, max: 2 } },
      traced: true,
    });
    const { metrics, timeline } = simulate(world, scenario("greedy"));
    const priceAt = (s: number) => price.findLast(([timeS]) => timeS <= s)![1];
    let usd = 0;
    for (const { runningS, endS, endedBy } of timeline!.instances) {
      if (runningS === null || (endedBy === "reclaimed" && endS - runningS < 3600)) continue;
      // Ends are not on whole seconds: the naive walk goes in steps that divide each span evenly.
      const span = Math.max(60, endS - runningS);
      const n = Math.ceil(span * 20);
      for (let k = 0; k < n; k++) usd += (priceAt(runningS + ((k + 0.5) * span) / n) * span) / n / 3600;
    }
    expect(metrics.reclaims).toBeGreaterThan(3);
    expect(metrics.costUsd! / usd).toBeCloseTo(1, 4);
  });
});
