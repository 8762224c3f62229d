import { describe, expect, it } from "vitest";
import type { BillSpec, CloudSpec } from "../../policies/contract/scenario.ts";
import { simulate } from "../../sim/simulate.ts";
import { jobInput, type Steps, scenario, table, zonesCloud } from "../support/runs.ts";

// A job that takes its state from region to region, worked by hand: 2 h of work in 4 h, 10 min of overhead, ticks of 10 min.

const HOUR = 3600;
const net = [{ name: "with-safety-net", params: { overheads: 1 } }];

/** Spot in us-east at 1 USD/h for the first hour, in us-west at 2 USD/h throughout; on-demand at 3.6 USD/h. */
const capacity: Steps = [
  [0, 1],
  [HOUR, 0],
];
const world = (cloud: CloudSpec, mbps?: { inRegion: number; inContinent: number; across: number }) =>
  jobInput({
    table: table(
      [
        { price: [[0, 1]], capacity, region: "us-east" },
        { price: [[0, 2]], capacity: [[0, 1]], region: "us-west" },
      ],
      5 * HOUR,
    ),
    cloud,
    job: { workH: 2, deadlineH: 4, restartOverheadS: 600, moves: { stateGib: 50, ...(mbps && { mbps }) } },
    traced: true,
  });
const billing = (betweenRegionsUsdPerGib: NonNullable<BillSpec["transfer"]>["betweenRegionsUsdPerGib"]): CloudSpec => ({
  ...zonesCloud,
  bill: { transfer: { betweenZonesUsdPerGib: 0, betweenRegionsUsdPerGib } },
});

describe("a job that goes on in another region", () => {
  it("pays for its state once it is there: an hour in us-east, 50 GiB at 2 cents, 80 min in us-west", () => {
    const { metrics } = simulate(world(billing(0.02)), scenario("uniform-progress-failover", { wrappers: net }));
    // 50 min of work; then 10 min of overhead and the other 70.
    expect(metrics).toMatchObject({ gangStarts: 2, gangReclaims: 1, completionMeanH: expect.closeTo(1 + 80 / 60, 9) });
    expect(metrics.transferGiB).toBe(50);
    expect(metrics.costUsd).toBeCloseTo(1 + 50 * 0.02 + 2 * (80 / 60), 9);
  });

  it("waits for what takes longer than inside a region: 50 x 8192 Mibit at 8,192 instead of 16,384 are 25 s", () => {
    const slow = world(billing(0.02), { inRegion: 16_384, inContinent: 8_192, across: 1 });
    const { metrics } = simulate(slow, scenario("uniform-progress-failover", { wrappers: net }));
    expect(metrics.completionMeanH).toBeCloseTo(1 + 80 / 60 + 25 / HOUR, 9);
  });

  it("pays by the pair of regions, and nothing before there is any state", () => {
    const pair = billing({ "us-east": { "us-west": 0.05 }, "us-west": 0.02 });
    const { metrics } = simulate(world(pair), scenario("uniform-progress-failover", { wrappers: net }));
    expect(metrics.transferUsd).toBeCloseTo(2.5, 9);
    const stays = simulate(world(pair), scenario("on-demand-only"));
    expect(stays.metrics).toMatchObject({ transferUsd: 0, gangStarts: 1 });
  });

  it("is refused where a pair has no price", () => {
    const run = () => simulate(world(billing({ "us-east": {}, "us-west": 0.02 })), scenario("on-demand-only"));
    expect(run).toThrow(
      "no price for what leaves us-east for us-west; add cloud.bill.transfer.betweenRegionsUsdPerGib.us-east.us-west, or one number for all that leaves us-east",
    );
  });
});

describe("SkyNomad's ticks", () => {
  it("bill a probe that is granted as one minute of the zone's price, and one that is refused as nothing", () => {
    const policy = scenario("uniform-progress-availability", { wrappers: net });
    const { timeline } = simulate(world(billing(0.02)), policy);
    const probes = timeline!.instances.filter(({ runningS, endS }) => runningS === endS);
    expect(probes.map(({ market, requestedS, usd }) => ({ market, requestedS, usd }))).toEqual([
      { market: 1, requestedS: 0, usd: expect.closeTo(2 / 60, 12) },
    ]);
  });

  it("let an instance replace another within a tick, and bill the tick to the new one", () => {
    // us-west has granted its sample, us-east has been taken back: the job is there from the tick of the reclaim.
    const policy = scenario("uniform-progress-availability", { wrappers: net });
    const { timeline } = simulate(world(billing(0.02)), policy);
    const [first, second] = timeline!.instances.filter(({ runningS, endS }) => runningS !== endS);
    expect([first!.endS, second!.runningS]).toEqual([HOUR, HOUR]);
  });
});
