import { describe, expect, it } from "vitest";
import type { BillSpec, CloudSpec } from "../../policies/contract/scenario.ts";
import { simulate } from "../../sim/simulate.ts";
import type { SimulationResult } from "../../sim/simulation.ts";
import type { TasksParams } from "../../sim/workloads/tasks-params.ts";
import { handCloud, input, type Steps, scenario, table } from "../support/runs.ts";

// The hand cloud grants after 4 s, runs from 44 s, is ready at 60 s; 500 MiB go through its card in 5 s.

const HOUR = 3600;
const MONTH = 30 * 24 * HOUR;
const lead = (value: number): Partial<CloudSpec> => ({ noticeLeadS: { kind: "constant", value } });
const transfer = (regions: NonNullable<BillSpec["transfer"]>["betweenRegionsUsdPerGib"], storageRegion?: string) => ({
  transfer: {
    betweenZonesUsdPerGib: 0.01,
    betweenRegionsUsdPerGib: regions,
    ...(storageRegion !== undefined && { storageRegion }),
  },
});

interface World {
  readonly zones: readonly { readonly capacity?: Steps; readonly region?: string }[];
  readonly bill?: BillSpec;
  readonly scheduling?: string;
  readonly cloud?: Partial<CloudSpec>;
  readonly tasks?: Partial<TasksParams>;
  readonly endS?: number;
}
const run = ({ zones, bill, scheduling = "greedy", cloud, tasks, endS = 4 * HOUR }: World): SimulationResult =>
  simulate(
    input({
      table: table(zones, endS),
      cloud: { ...handCloud, ...cloud, ...(bill && { bill }) },
      tasks: { state: { baseMiB: 500, perHourMiB: 0, maxMiB: 500, grows: false }, ...tasks },
      traced: true,
    }),
    scenario(scheduling),
  );

describe("disks and addresses", () => {
  const bill = { disk: { gib: 100, usdPerGibMonth: 0.08 }, addressUsdPerHour: 0.005 };

  it("are billed from the grant to the end: one hour of work on an instance granted at 4 s and ended at 3,660 s", () => {
    const { metrics } = run({ zones: [{}], bill, scheduling: "on-demand-only" });
    expect(metrics.diskUsd).toBeCloseTo((100 * 0.08 * 3656) / MONTH, 12);
    expect(metrics.addressUsd).toBeCloseTo((0.005 * 3656) / HOUR, 12);
    expect(metrics.instanceUsd).toBeCloseTo((3.6 * 3616) / HOUR, 12);
    expect(metrics.costUsd).toBeCloseTo(metrics.instanceUsd! + metrics.diskUsd! + metrics.addressUsd!, 12);
    expect(metrics.usdPerWorkHour).toBeCloseTo(metrics.costUsd!, 12);
  });

  it("stay charged in a free first hour: an instance taken back at 1,920 s costs its disk and address and nothing else", () => {
    const capacity: Steps = [
      [0, 1],
      [1800, 0],
    ];
    const { metrics } = run({ zones: [{ capacity }], bill });
    expect(metrics).toMatchObject({ instanceUsd: 0, reclaims: 1 });
    expect(metrics.diskUsd).toBeCloseTo((100 * 0.08 * 1916) / MONTH, 12);
    expect(metrics.addressUsd).toBeCloseTo((0.005 * 1916) / HOUR, 12);
  });

  it("cost at least a minute, also of an instance that never came to run", () => {
    const capacity: Steps = [
      [0, 1],
      [10, 0],
    ];
    const { metrics } = run({ zones: [{ capacity }], bill, cloud: lead(0) });
    expect(metrics).toMatchObject({ upHours: 0, reclaims: 1 });
    expect(metrics.diskUsd).toBeCloseTo((100 * 0.08 * 60) / MONTH, 12);
    expect(metrics.addressUsd).toBeCloseTo((0.005 * 60) / HOUR, 12);
  });

  it("cost nothing for a launch that was refused", () => {
    const { metrics } = run({ zones: [{ capacity: [[0, 0]] }], bill, cloud: { visibility: "tried" } });
    expect(metrics.refusals).toBeGreaterThan(0);
    expect(metrics.costUsd).toBe(0);
  });
});

it("a load balancer costs the hours of the run, the begun one whole: 3,660 s are two", () => {
  const { metrics } = run({ zones: [{}], bill: { balancerUsdPerHour: 0.0225 }, scheduling: "on-demand-only" });
  expect(metrics.balancerUsd).toBe(0.045);
});

describe("transfer", () => {
  const GIB = 500 / 1024;
  /** z0 is taken back from 1,800 s on, z1 is there from then on. */
  const moving = (first = "r", second = first) => [
    {
      region: first,
      capacity: [
        [0, 1],
        [1800, 0],
      ] as Steps,
    },
    {
      region: second,
      capacity: [
        [0, 0],
        [1800, 1],
      ] as Steps,
    },
  ];

  it("of state between zones is charged where it leaves and where it arrives", () => {
    const { metrics } = run({
      zones: moving(),
      bill: transfer(0.02),
      cloud: lead(600),
      tasks: { onReclaim: "migrate" },
    });
    expect(metrics).toMatchObject({ reclaims: 1, lostWorkHours: 0 });
    expect(metrics.transferGiB).toBeCloseTo(GIB, 12);
    expect(metrics.transferUsd).toBeCloseTo(2 * 0.01 * GIB, 12);
  });

  it("inside a zone costs nothing: the same market takes over", () => {
    const capacity: Steps = [
      [0, 1],
      [1800, 0],
      [1801, 1],
    ];
    const { metrics } = run({
      zones: [{ capacity }],
      bill: transfer(0.02),
      cloud: lead(600),
      tasks: { onReclaim: "migrate" },
    });
    expect(metrics).toMatchObject({ reclaims: 1, lostWorkHours: 0, transferGiB: 0, transferUsd: 0 });
  });

  it("between regions is charged at the price of the region that is left", () => {
    const { metrics } = run({
      zones: moving("east", "west"),
      bill: transfer({ east: 0.03, west: 0.5 }),
      cloud: lead(600),
      tasks: { onReclaim: "migrate" },
    });
    expect(metrics.transferGiB).toBeCloseTo(GIB, 12);
    expect(metrics.transferUsd).toBeCloseTo(0.03 * GIB, 12);
  });

  it("that a reclaim cuts off is charged for what had moved: the new place is ready 2.5 s before it, half of 5", () => {
    // Notice at 1,800 s; asked for then, the new place is ready at 1,860 s; reclaimed at 1,862.5 s.
    const { metrics } = run({
      zones: moving(),
      bill: transfer(0.02),
      cloud: lead(62.5),
      tasks: { onReclaim: "migrate" },
    });
    expect(metrics.lostWorkHours).toBeCloseTo(1740 / HOUR, 9);
    expect(metrics.transferGiB).toBeCloseTo(GIB / 2, 9);
  });

  it("of weights that a reclaim cuts off is charged for what had come, and nothing for the state that would have followed", () => {
    // Found by a property test: 2,048 MiB take 20.48 s from 60 s on, and the instance goes at 70.24 s.
    const { metrics } = run({
      zones: [
        {
          capacity: [
            [0, 1],
            [70.24, 0],
          ],
        },
      ],
      bill: transfer(0.02, "far"),
      cloud: lead(0),
      tasks: { models: [{ name: "m", weightsMiB: 2048, share: 1 }] },
    });
    expect(metrics.transferGiB).toBeCloseTo(1, 9);
  });

  it("of what the end of the run cuts off is charged as far as it came", () => {
    const { metrics } = run({
      zones: moving(),
      bill: transfer(0.02),
      cloud: lead(600),
      tasks: { onReclaim: "migrate" },
      endS: 1861,
    });
    expect(metrics.transferGiB).toBeCloseTo(GIB / 5, 9);
  });

  it("of two states through one card is charged as it goes: the second starts when the first is through", () => {
    // Reclaimed at 1,867.5 s: one state went from 1,860 to 1,865 s, of the other 2.5 of 5 s.
    const { metrics } = run({
      zones: moving(),
      bill: transfer(0.02),
      cloud: { ...lead(67.5), slotsPerInstance: 2 },
      tasks: { tasks: 2, onReclaim: "migrate" },
    });
    expect(metrics.transferGiB).toBeCloseTo(1.5 * GIB, 9);
  });

  it.each([
    ["where they were written, so only the reading crosses", undefined, 0.03 * GIB],
    ["in the second region, so only the writing crosses", "west", 0.03 * GIB],
    ["in a third, so both do", "far", (0.03 + 0.7) * GIB],
  ])("of a checkpoint in the grace period: checkpoints lie %s", (_, storageRegion, usd) => {
    const { metrics } = run({
      zones: moving("east", "west"),
      bill: transfer({ east: 0.03, west: 0.5, far: 0.7 }, storageRegion),
      tasks: { onReclaim: "checkpointInGrace" },
    });
    expect(metrics).toMatchObject({ reclaims: 1, lostWorkHours: 0 });
    expect(metrics.transferUsd).toBeCloseTo(usd, 12);
  });

  it("of periodic checkpoints and weights, stored elsewhere: five whole writes in an hour, and the weights once an instance", () => {
    // Writes begin after 600, 1,200, ... 3,000 s of work; the sixth would begin with the last second.
    const { metrics } = run({
      zones: [{}],
      bill: transfer({ r: 0.03, far: 0.7 }, "far"),
      scheduling: "on-demand-only",
      tasks: {
        onReclaim: "checkpointEvery",
        checkpoint: { everyS: 600, writeMiBPerS: 50 },
        models: [{ name: "m", weightsMiB: 2048, share: 1 }],
      },
    });
    expect(metrics.transferGiB).toBeCloseTo(5 * GIB + 2, 12);
    expect(metrics.transferUsd).toBeCloseTo(0.03 * 5 * GIB + 0.7 * 2, 12);
  });

  it("of a periodic checkpoint that the end of the work overtakes: 5 s at 50 MiB/s of 500 MiB", () => {
    const { metrics } = run({
      zones: [{}],
      bill: transfer(0.02, "far"),
      scheduling: "on-demand-only",
      tasks: { onReclaim: "checkpointEvery", checkpoint: { everyS: 3595, writeMiBPerS: 50 } },
    });
    expect(metrics.transferGiB).toBeCloseTo(250 / 1024, 9);
  });

  it("of a checkpoint read back in another region is charged to the region it lies in, and written anew from there on", () => {
    // 1,740 s of work at the notice: writes after 600 and 1,200 s in east, read back in west, where 1,800, 2,400 and 3,000 follow.
    const tasks: Partial<TasksParams> = {
      onReclaim: "checkpointEvery",
      checkpoint: { everyS: 600, writeMiBPerS: 50 },
    };
    const zones = moving("east", "west");
    const own = run({ zones, tasks, bill: transfer({ east: 0.03, west: 0.5 }) }).metrics;
    expect(own.transferUsd).toBeCloseTo(0.03 * GIB, 12);
    const inEast = run({ zones, tasks, bill: transfer({ east: 0.03, west: 0.5 }, "east") }).metrics;
    expect(inEast.transferUsd).toBeCloseTo(0.03 * GIB + 3 * 0.5 * GIB, 12);
  });

  it("without a price for a region is refused by name, with the remedy", () => {
    const world = { zones: moving("east", "west"), bill: transfer({ east: 0.03 }) };
    expect(() => run(world)).toThrow(
      /^no price for what leaves west; add cloud.bill.transfer.betweenRegionsUsdPerGib.west/,
    );
    expect(() => run({ ...world, zones: moving("east") })).not.toThrow();
  });

  it("equals what a look at the timeline finds: state that arrived, and what a reclaim let through of the rest", () => {
    // Each of three zones is gone for 1,000 of 3,000 s; some leads let 500 MiB through, others a part of it, or nothing.
    const zones = [0, 1, 2].map((z) => ({
      capacity: Array.from({ length: 40 }, (_, i) => [i * 1000, (i + z) % 3 === 0 ? 0 : 1] as const),
    }));
    let whole = 0;
    let partial = 0;
    for (const leadS of [55, 61, 63, 64.5, 70, 120]) {
      const { metrics, timeline } = run({
        zones,
        bill: transfer(0.02),
        cloud: lead(leadS),
        tasks: {
          tasks: 10,
          arrivals: { kind: "uniform", spanH: 7 },
          workH: { kind: "constant", value: 0.4 },
          onReclaim: "migrate",
        },
        endS: 11 * HOUR,
      });
      expect(metrics.tasksCompleted).toBe(10);
      const { instances, work } = timeline!;
      let giB = 0;
      for (const stretch of work) {
        const next = work.find((other) => other.work === stretch.work && other.fromS > stretch.fromS);
        if (next === undefined) continue;
        const [from, to] = [stretch, next].map((each) => instances.find(({ id }) => id === each.instance)!);
        if (from!.market === to!.market) continue;
        const beganS = Math.max(to!.readyS!, from!.noticeS!);
        const movedS = Math.max(0, Math.min(5, from!.noticeS! + leadS - beganS));
        if (movedS === 5) whole++;
        else if (movedS > 0) partial++;
        giB += (movedS * 100) / 1024;
      }
      expect(metrics.transferGiB).toBeCloseTo(giB, 9);
    }
    expect(whole).toBeGreaterThan(5);
    expect(partial).toBeGreaterThan(2);
  });
});

describe("the bill beside instances", () => {
  const all: BillSpec = {
    disk: { gib: 100, usdPerGibMonth: 0.08 },
    addressUsdPerHour: 0.005,
    ...transfer(0.02),
    balancerUsdPerHour: 0.0225,
  };
  const said = (bill: BillSpec) => run({ zones: [{}], bill }).assumptions.filter((each) => /billed/.test(each));

  it("has only the lines that the study names, and the record says which are left out", () => {
    const { metrics } = run({ zones: [{}], bill: { addressUsdPerHour: 0.005 } });
    expect(
      Object.keys(metrics).filter((name) => /^(instance|other|disk|address|transfer|balancer)/.test(name)),
    ).toEqual(["instanceUsd", "otherUsd", "addressUsd"]);
    expect(said({ addressUsdPerHour: 0.005 })[0]).toBe(
      "not billed: disks, transfer between zones and regions, a load balancer; cloud.bill turns them on",
    );
    expect(said(all).join()).not.toContain("not billed: ");
    expect(run({ zones: [{}], bill: {} }).metrics).toEqual(run({ zones: [{}] }).metrics);
  });
});
