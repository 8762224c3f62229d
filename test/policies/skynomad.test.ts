import { describe, expect, it } from "vitest";
import type { FleetView, JobView, MarketView } from "../../policies/contract/view.ts";
import { progressValue } from "../../policies/scheduling/progress-value.ts";
import { simulate } from "../../sim/simulate.ts";
import { jobInput, type Steps, scenario, table, zonesCloud } from "../support/runs.ts";

// SkyNomad's choices, worked by hand.

const HOUR = 3600;

describe("the value of an hour of progress", () => {
  const market = (capacityType: "spot" | "onDemand", priceUsdPerHour: number) =>
    ({ capacityType, priceUsdPerHour }) as MarketView;
  const view = (hour: number) =>
    ({
      nowS: hour * HOUR,
      markets: [market("spot", 1), market("spot", 2), market("onDemand", 6)],
    }) as unknown as FleetView;
  const job = (doneH: number) =>
    ({
      workS: 40 * HOUR,
      doneS: doneH * HOUR,
      deadlineS: 60 * HOUR,
      arrivalS: 0,
      restartOverheadS: 0,
      nodes: 1,
      moves: {},
      stateIn: undefined,
    }) as unknown as JobView;
  const value = (kind: Parameters<typeof progressValue>[0], hour: number, doneH: number, zones = [], rate = 1) =>
    progressValue(kind, view(hour), job(doneH), zones, rate);

  it("is on-demand's price on the line, more behind it, less ahead of it, and never below the cheapest spot", () => {
    expect(value("rate-ratio", 30, 20)).toBeCloseTo(6, 12);
    expect(value("rate-ratio", 30, 10)).toBeCloseTo(9, 12); // 30 h in 30, planned 2 in 3
    expect(value("rate-ratio", 30, 30)).toBeCloseTo(3, 12);
    expect(value("rate-ratio", 30, 39)).toBe(1);
    expect(value("rate-ratio", 60, 39)).toBe(Infinity);
  });

  it("by the log-barrier asks how fast it has been, not how fast it was planned: 30 / 30 over 10 / 30", () => {
    expect(value("log-barrier", 30, 10)).toBeCloseTo(18, 12);
    expect(value("log-barrier", 0, 0)).toBeCloseTo(6, 12);
  });

  it("by a reference is 1.2 times the price of a plan for the rest: half of it in the one zone there is, half on-demand", () => {
    const zones = [{ priceUsdPerHour: 2, availability: 0.5, lifetimeH: 1_000 }];
    // 30 h left in 30 h; 15 h of spot at 2, 15 h at 6.
    expect(progressValue("reference-cost", view(30), job(10), zones, 1)).toBeCloseTo(1.2 * 4, 12);
  });
});

describe("SkyNomad", () => {
  const always: Steps = [[0, 1]];
  const net = [{ name: "with-safety-net", params: { overheads: 1 } }];
  const run = (prices: readonly (readonly [region: string, price: Steps])[], workH = 10) =>
    simulate(
      jobInput({
        table: table(
          prices.map(([region, price]) => ({ region, price, capacity: always })),
          16 * HOUR,
        ),
        cloud: zonesCloud,
        job: { workH, deadlineH: 15, restartOverheadS: 600, moves: { stateGib: 50 } },
        traced: true,
      }),
      scenario("skynomad", { wrappers: net }),
    );
  const ranIn = ({ timeline }: ReturnType<typeof run>) =>
    timeline!.instances
      .filter(({ runningS, endS }) => endS > runningS!)
      .map(({ market }) => timeline!.markets[market]!.name);

  it("begins in the cheapest zone and probes the other once, for a minute", () => {
    const result = run([
      ["us-east", [[0, 2]]],
      ["us-west", [[0, 1]]],
    ]);
    expect(ranIn(result)).toEqual(["g.x z1 spot"]);
    expect(result.metrics.launches).toBe(2);
    // 10 h 10 min at 1 USD, and a minute at 2.
    expect(result.metrics.costUsd).toBeCloseTo(10 + 10 / 60 + 2 / 60, 9);
  });

  it("moves when another zone is cheaper by more than its margin, and pays a dollar for its state", () => {
    // After 3 h an hour is worth 3.2 USD: here -0.3 of it is left, there 1.1.
    const result = run([
      ["us-east", [[0, 2]]],
      [
        "us-west",
        [
          [0, 1],
          [3 * HOUR, 3.5],
        ],
      ],
    ]);
    expect(ranIn(result)).toEqual(["g.x z1 spot", "g.x z0 spot"]);
    expect(result.metrics).toMatchObject({ transferUsd: 1, gangStarts: 2, deadlineMetShare: 1 });
  });

  it("stays for a difference within its margin", () => {
    const result = run([
      ["us-east", [[0, 1]]],
      [
        "us-west",
        [
          [0, 0.9],
          [3 * HOUR, 1.2],
        ],
      ],
    ]);
    expect(ranIn(result)).toEqual(["g.x z1 spot"]);
  });
});
