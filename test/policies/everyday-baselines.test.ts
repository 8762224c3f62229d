import { describe, expect, it } from "vitest";
import type { Scenario } from "../../policies/contract/scenario.ts";
import { handCloud, type Steps, serviceInput, table } from "../support/runs.ts";
import { storyOf, storyOfRun } from "../support/story.ts";

// What people run today, worked by hand. A launch is answered after 4 s, billed from 44 s, ready at 60 s; a notice is 120 s long.

type World = Parameters<typeof storyOf>[0];
const DAY = 86_400;
const tried = { ...handCloud, visibility: "tried" as const };

const story = (world: World, scheduling: Scenario["scheduling"]) =>
  storyOf(world, { scheduling, assignment: "first-fit" });

describe("karpenter-like", () => {
  const scarce = table(
    [
      {
        price: [[0, 1.8]],
        capacity: [
          [0, 0],
          [150, 1],
        ],
      },
      {
        price: [[0, 1.5]],
        capacity: [
          [0, 0],
          [500, 1],
        ],
      },
    ],
    DAY,
  );

  it("asks the cheapest spot offering, then the next, then on-demand, each as soon as the last has refused", () => {
    expect(story({ table: scarce, cloud: tried }, "karpenter-like")).toEqual([
      "0: launch spot z1",
      "4: launch spot z0",
      "8: launch on-demand z0",
      "3668: end 2", // ready at 8 + 60, and an hour of work
    ]);
  });

  it("asks an offering that refused again after three minutes, not before, and not those still in the cache", () => {
    const spotOnly = { name: "karpenter-like", params: { onDemand: false } };
    expect(story({ table: scarce, cloud: tried }, spotOnly)).toEqual([
      "0: launch spot z1",
      "4: launch spot z0",
      "184: launch spot z1", // refused at 4
      "188: launch spot z0", // refused at 8; there since 150
      "3848: end 3",
    ]);
  });

  it("without on-demand buys what greedy in a capacity memory buys: the same rule, come at from two sides", () => {
    const flicker = (offsetS: number): Steps =>
      Array.from({ length: 30 }, (_, i) => [i === 0 ? 0 : i * 2400 + offsetS, (i * 7 + offsetS) % 3]);
    const world = {
      table: table([{ price: [[0, 1.5]], capacity: flicker(0) }, { capacity: flicker(731) }], DAY),
      cloud: tried,
      tasks: {
        tasks: 40,
        arrivals: { kind: "uniform", spanH: 18 },
        workH: { kind: "uniform", min: 0.1, max: 2 },
      } as const,
    };
    const ours = story(world, { name: "karpenter-like", params: { onDemand: false } });
    expect(ours.length).toBeGreaterThan(200);
    const wrappers = [{ name: "with-capacity-memory", params: { memoryS: 180 } }];
    expect(ours).toEqual(storyOf(world, { scheduling: "greedy", wrappers, assignment: "first-fit" }));
  });

  it("starts the replacement at the notice, and elsewhere: the offering that reclaims is unavailable too", () => {
    const reclaiming = table(
      [
        { price: [[0, 1.8]], capacity: [[0, 1]] },
        {
          price: [[0, 1.5]],
          capacity: [
            [0, 1],
            [1000, 0],
            [1010, 1],
          ],
        },
      ],
      DAY,
    );
    expect(story({ table: reclaiming, cloud: tried }, "karpenter-like").slice(0, 2)).toEqual([
      "0: launch spot z1",
      "1000: launch spot z0",
    ]);
  });

  it("ends an instance once it has been empty for consolidateAfterS, and keeps one that got work meanwhile", () => {
    const ample = table([{ capacity: [[0, 1]] }], DAY);
    const patient = { name: "karpenter-like", params: { consolidateAfterS: 600 } };
    expect(story({ table: ample }, "karpenter-like")).toEqual(["0: launch spot z0", "3660: end 0"]);
    expect(story({ table: ample }, patient)).toEqual(["0: launch spot z0", "4260: end 0"]);
    // Two tasks one after the other on the one instance: the empty time begins anew, after the second.
    const twice = { tasks: 2, workH: { kind: "constant", value: 1 } } as const;
    expect(
      story({ table: ample, tasks: twice }, { ...patient, params: { ...patient.params, onDemand: false } }),
    ).toEqual(["0: launch spot z0", "7860: end 0"]);
  });
});

describe("asg-price-capacity-optimized", () => {
  const asg = (params: object) => ({ name: "asg-price-capacity-optimized", params });
  const crowd = (tasks: number) => ({ tasks, workH: { kind: "constant", value: 1 } }) as const;
  const three = (capacities: readonly [number, number, number]) =>
    table(
      capacities.map((count, z) => ({ price: [[0, 1 + z / 10]], capacity: [[0, count]] })),
      DAY,
    );

  it("grows when work has lacked an instance for three minutes, and shrinks after fifteen of surplus", () => {
    expect(story({ table: three([1, 1, 1]) }, "asg-price-capacity-optimized")).toEqual([
      "180: launch spot z0",
      "4740: end 0", // ready at 240, an hour of work, 900 s of surplus
    ]);
  });

  it("balances the zones whatever they cost, and as a fleet takes the cheapest", () => {
    const world = { table: three([3, 3, 3]), tasks: crowd(3) };
    const launches = (zones: string) => story(world, asg({ zones })).slice(0, 3);
    expect(launches("balanced")).toEqual(["180: launch spot z0", "180: launch spot z1", "180: launch spot z2"]);
    expect(launches("any")).toEqual(["180: launch spot z0", "180: launch spot z0", "180: launch spot z0"]);
  });

  it("prefers the pool that can give all that is missing to a cheaper one that cannot", () => {
    // Two missing: z1 could give two, z0 one. Then one is missing, and both could give it: the cheaper.
    expect(story({ table: three([1, 2, 0]), tasks: crowd(2) }, asg({ zones: "any" })).slice(0, 2)).toEqual([
      "180: launch spot z1",
      "180: launch spot z0",
    ]);
  });

  it("where only trying tells, a pool that refused is a bad choice until the score forgets it", () => {
    const world = {
      table: table(
        [
          {
            price: [[0, 1]],
            capacity: [
              [0, 0],
              [200, 9],
            ],
          },
          {
            price: [[0, 1.5]],
            capacity: [
              [0, 9],
              [2000, 0],
            ],
          },
          { price: [[0, 2]], capacity: [[0, 9]] },
        ],
        DAY,
      ),
      cloud: tried,
    };
    const launches = (scoreWindowS: number) => story(world, asg({ zones: "any", scoreWindowS })).slice(0, 3);
    const first = ["180: launch spot z0", "184: launch spot z1"]; // z0 refuses at 184, z1 gives notice at 2000
    expect(launches(3600)).toEqual([...first, "2000: launch spot z2"]);
    expect(launches(600)).toEqual([...first, "2000: launch spot z0"]);
  });

  it("replaces at the notice with Capacity Rebalancing, and when the instance is gone without", () => {
    const world = {
      table: table(
        [
          {
            capacity: [
              [0, 1],
              [2000, 0],
            ],
          },
          { capacity: [[0, 1]] },
        ],
        DAY,
      ),
      tasks: crowd(1),
    };
    const replacement = (capacityRebalancing: boolean) => story(world, asg({ capacityRebalancing }))[1];
    expect(replacement(true)).toBe("2000: launch spot z1");
    expect(replacement(false)).toBe("2120: launch spot z1");
  });

  it("fills the on-demand base first, then keeps the share above it, rounded up", () => {
    // Base 1, half above: of 1, 2, 3, 4, 5 instances 1, 2, 2, 3, 3 are on-demand.
    const world = { table: three([9, 9, 9]), tasks: crowd(5) };
    const kinds = story(world, asg({ onDemandBase: 1, onDemandPercentAboveBase: 50 }))
      .slice(0, 5)
      .map((line) => (line.includes("on-demand") ? "on-demand" : "spot"));
    expect(kinds).toEqual(["on-demand", "on-demand", "spot", "on-demand", "spot"]);
  });

  it("asks every pool in turn, each again retryS after it refused, and never on-demand instead", () => {
    expect(story({ table: three([0, 0, 0]), cloud: tried, horizonS: 260 }, asg({ zones: "any" }))).toEqual([
      "180: launch spot z0",
      "184: launch spot z1",
      "188: launch spot z2",
      "244: launch spot z0",
      "248: launch spot z1",
      "252: launch spot z2",
    ]);
  });
});

describe("a service", () => {
  // Two or three replicas, in zones of which one gives notice at 1000 and takes its instance at 1120.
  const losing = (z: number) =>
    table(
      [0, 1, 2].map((zone) => ({
        price: [[0, 1 + zone / 10]],
        capacity:
          zone === z
            ? [
                [0, 1],
                [1000, 0],
                [5000, 1],
              ]
            : [[0, 3]],
      })),
      DAY,
    );
  const service = (world: Partial<Parameters<typeof serviceInput>[0]>, name: string, params: object = {}) =>
    storyOfRun(
      serviceInput({ table: losing(1), cloud: tried, cadence: { onChange: true }, horizonS: 4000, ...world }),
      { scheduling: { name, params }, assignment: "first-fit" },
    );
  const asg = "asg-price-capacity-optimized";
  const three = { service: { replicas: 3 } };

  it("an Auto Scaling group spreads it over the zones at once, and replaces at the notice where it is told to rebalance", () => {
    const start = ["0: launch spot z0", "0: launch spot z1", "0: launch spot z2"];
    expect(service(three, asg)).toEqual([...start, "1000: launch spot z0"]);
    // Else when the instance is gone, where there are fewest: which is where it was lost. Then the cheapest of the others.
    expect(service(three, asg, { capacityRebalancing: false })).toEqual([
      ...start,
      "1120: launch spot z1",
      "1124: launch spot z0",
    ]);
  });

  it("the group keeps its on-demand base and share, and follows what is wanted, the newest first on the way down", () => {
    const kinds = service(three, asg, { onDemandBase: 1, onDemandPercentAboveBase: 50 }).map((line) =>
      line.slice(10, 13),
    );
    expect(kinds).toEqual(["on-", "on-", "spo"]);
    const replicas = [
      { fromH: 0, replicas: 2 },
      { fromH: 0.5, replicas: 1 },
    ];
    expect(service({ table: losing(2), service: { replicas } }, asg)).toEqual([
      "0: launch spot z0",
      "0: launch spot z1",
      "1800: end 1",
    ]);
  });

  it("Karpenter takes on-demand when spot is known to be unavailable, and goes back to spot one replica at a time", () => {
    const scarce = table(
      [
        {
          price: [[0, 1]],
          capacity: [
            [0, 0],
            [150, 9],
          ],
        },
      ],
      DAY,
    );
    // Refused at 4, so not asked until 184; both are ready at 68. The new one is ready 60 s after its launch.
    expect(service({ table: scarce, service: { replicas: 2 }, horizonS: 1000 }, "karpenter-like")).toEqual([
      "0: launch spot z0",
      "0: launch spot z0",
      "4: launch on-demand z0",
      "4: launch on-demand z0",
      "184: launch spot z0",
      "244: launch spot z0",
      "244: end 3",
      "304: end 2",
    ]);
  });
});
