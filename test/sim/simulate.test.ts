import { describe, expect, it } from "vitest";
import { type AnyPolicySpec, definePolicy } from "../../policies/contract/policy.ts";
import type { InstanceView } from "../../policies/contract/view.ts";
import { simulate } from "../../sim/simulate.ts";
import { handCloud, input, run, scenario, table } from "../support/runs.ts";

const HOUR = 3600;
const DAY = 24 * HOUR;

describe("answers that take no time", () => {
  it("a market that refused and opens is asked for one launch, then for twice as many with each grant, in one instant", () => {
    const launches: number[] = [];
    simulate(
      input({
        table: table(
          [
            {
              capacity: [
                [0, 0],
                [600, 100],
              ],
            },
          ],
          DAY,
        ),
        tasks: { tasks: 36 },
        cloud: { ...handCloud, visibility: "tried", answerS: { kind: "constant", value: 0 } },
      }),
      scenario("greedy"),
      (nowS, { actions }) => {
        if (nowS >= 600 && nowS < 700) launches.push(actions.filter((action) => action.do === "launch").length);
      },
    );
    // Two markets: markets + 2 rounds would end after the third.
    expect(launches.slice(0, 6)).toEqual([1, 2, 4, 8, 16, 5]);
  });
});

describe("one task, by hand", () => {
  it("work on an instance that its policy ends counts up to that instant, also when nothing else happens then", () => {
    // Ready at 60 s; at 1200 s only the grid asks.
    let own: InstanceView | undefined;
    const ending = definePolicy({
      name: "ending",
      summary: "launches at the start, ends after 1200 s",
      source: "house",
      params: { parse: () => ({}) },
      memory: () => ({}),
      create: () => ({
        decide(view, act) {
          if (view.nowS === 1200 && own!.status !== "ended") act.terminate(own!);
          if (view.nowS > 0 || own !== undefined) return;
          own = act.launch(view.markets[1]!);
          act.place(view.work.pending[0]!, { instances: [own] });
        },
      }),
    });
    const decisions = { ...scenario("greedy"), params: {}, scheduling: ending as unknown as AnyPolicySpec };
    const world = { table: table([{}], DAY), cadence: { onChange: false, everyS: 600 }, horizonS: 2 * HOUR };
    expect(run(world, decisions).metrics.lostWorkHours).toBeCloseTo(1140 / HOUR, 12);
  });

  it("on-demand is billed from running to the end of the work: 16 s of warming and an hour", () => {
    const { metrics } = run({ table: table([{ capacity: [[0, 1]] }], DAY) }, scenario("on-demand-only"));
    expect(metrics.costUsd).toBeCloseTo((3.6 * (16 + HOUR)) / HOUR, 12);
    expect(metrics.completionMeanH).toBeCloseTo((60 + HOUR) / HOUR, 12);
    expect(metrics.upHours).toBeCloseTo((16 + HOUR) / HOUR, 12);
    expect(metrics.idleHours).toBe(0);
    expect(metrics).toMatchObject({
      tasksArrived: 1,
      tasksCompleted: 1,
      completedShare: 1,
      launches: 1,
      refusals: 0,
      workHoursDone: 1,
    });
  });

  it("spot is billed along the price path, not at the price of the launch", () => {
    const market = {
      price: [
        [0, 1.8],
        [44 + 1800, 0.9],
      ],
      capacity: [[0, 1]],
    } as const;
    const { metrics } = run({ table: table([market], DAY) }, scenario("greedy"));
    expect(metrics.costUsd).toBeCloseTo((1.8 * 1800 + 0.9 * (16 + HOUR - 1800)) / HOUR, 12);
  });

  it("a task that is reclaimed half-way ends later than one that is not, and its lost work is counted", () => {
    const calm = run({ table: table([{ capacity: [[0, 1]] }], DAY) }, scenario("greedy"));
    // Capacity is gone from 1800 s to 2400 s: notice at 1800, released at once with 1740 s done, end at 1920.
    // Told again at 2400: launched then, ready at 2460, an hour of work.
    const reclaimed = run(
      {
        table: table(
          [
            {
              capacity: [
                [0, 1],
                [1800, 0],
                [2400, 1],
              ],
            },
          ],
          DAY,
        ),
      },
      scenario("greedy"),
    );
    expect(calm.metrics.completionMeanH).toBeCloseTo((60 + HOUR) / HOUR, 12);
    expect(reclaimed.metrics.completionMeanH).toBeCloseTo((2460 + HOUR) / HOUR, 12);
    expect(reclaimed.metrics.lostWorkHours).toBeCloseTo(1740 / HOUR, 12);
    // Stopped at 1800, ran again at 2460, and there was nothing to fetch.
    expect(reclaimed.metrics).toMatchObject({
      reclaims: 1,
      reclaimsIdle: 0,
      launches: 2,
      downMeanS: 660,
      migrationMeanS: 0,
    });
  });

  it("an instance that the provider takes back in its first hour is free, one that we end is not", () => {
    const { metrics } = run(
      {
        table: table(
          [
            {
              capacity: [
                [0, 1],
                [1800, 0],
                [2400, 1],
              ],
            },
          ],
          DAY,
        ),
      },
      scenario("greedy"),
    );
    // The first ran from 44 to 1920 (left to the provider: it is younger than an hour), the second from 2444 to 6060.
    expect(metrics.freeHours).toBeCloseTo((1920 - 44) / HOUR, 12);
    expect(metrics.chargedHours).toBeCloseTo((6060 - 2444) / HOUR, 12);
    expect(metrics.costUsd).toBeCloseTo((1.8 * (6060 - 2444)) / HOUR, 12);
    expect(metrics.freeUsd).toBeCloseTo((1.8 * (1920 - 44)) / HOUR, 12);
  });

  it("an instance past its first hour is ended after the drain, and pays for what it ran", () => {
    const { metrics } = run(
      {
        table: table(
          [
            {
              capacity: [
                [0, 1],
                [5000, 0],
                [9000, 1],
              ],
            },
          ],
          DAY,
        ),
        tasks: { workH: { kind: "constant", value: 2 } },
      },
      scenario("greedy"),
    );
    // Noticed at 5000 with 4940 s done: the work is released and the instance ended at that very instant.
    expect(metrics.freeHours).toBe(0);
    expect(metrics.costUsd).toBeCloseTo((1.8 * (5000 - 44 + (9060 + 2 * HOUR - 9044))) / HOUR, 12);
  });

  it("work that will finish inside the notice stays where it is", () => {
    const { metrics } = run(
      {
        table: table(
          [
            {
              capacity: [
                [0, 1],
                [60 + HOUR - 100, 0],
              ],
            },
          ],
          DAY,
        ),
      },
      scenario("greedy"),
    );
    expect(metrics).toMatchObject({ tasksCompleted: 1, launches: 1, lostWorkHours: 0 });
    expect(metrics.completionMeanH).toBeCloseTo((60 + HOUR) / HOUR, 12);
  });

  it("what is up at the horizon is billed to the horizon, and its work counts as done", () => {
    const { metrics } = run({ table: table([{ capacity: [[0, 1]] }], 1844) }, scenario("greedy"));
    expect(metrics.costUsd).toBeCloseTo((1.8 * 1800) / HOUR, 12);
    expect(metrics.workHoursDone).toBeCloseTo((1844 - 60) / HOUR, 12);
    expect(metrics.tasksCompleted).toBe(0);
  });

  it("each start costs at least a minute", () => {
    // 0.5 s of work: up for 16.5 s.
    const { metrics } = run(
      { table: table([{ capacity: [[0, 1]] }], DAY), tasks: { workH: { kind: "constant", value: 0.5 / HOUR } } },
      scenario("on-demand-only"),
    );
    expect(metrics.paddingHours).toBeCloseTo(43.5 / HOUR, 12);
    expect(metrics.costUsd).toBeCloseTo((3.6 * 60) / HOUR, 12);
  });
});

describe("the four ways to meet a reclaim, by hand", () => {
  // Two zones: z0 is cheap and goes at 4000 s, z1 stays. At the notice 3940 s are done, the state is 3940 MiB.
  // The replacement is launched at the notice (4000) on z1 and ready at 4060; the card sends 100 MiB/s.
  const zones = [
    {
      price: [[0, 1]],
      capacity: [
        [0, 1],
        [4000, 0],
      ],
    },
    { price: [[0, 2]], capacity: [[0, 1]] },
  ] as const;
  const tasks = {
    workH: { kind: "constant", value: 2 },
    state: { baseMiB: 0, perHourMiB: 3600, maxMiB: 1e9, grows: true },
  } as const;
  const completion = (onReclaim: "restart" | "checkpointEvery" | "checkpointInGrace" | "migrate", leadS = 120) => {
    const { metrics } = run(
      {
        table: table(zones, DAY),
        tasks: {
          ...tasks,
          onReclaim,
          ...(onReclaim === "checkpointEvery" ? { checkpoint: { everyS: 900, writeMiBPerS: 100 } } : {}),
        },
        cloud: { ...handCloud, noticeLeadS: { kind: "constant", value: leadS } },
      },
      scenario("greedy"),
    );
    expect(metrics.tasksCompleted).toBe(1);
    return { endS: metrics.completionMeanH! * HOUR, lostS: metrics.lostWorkHours! * HOUR };
  };

  it("restart: all 3940 s are done again", () => {
    const { endS, lostS } = completion("restart");
    expect(endS).toBeCloseTo(4060 + 7200, 6);
    expect(lostS).toBeCloseTo(3940, 6);
  });

  it("checkpointEvery 900 s: the write at 3600 s (36 s long) was finished, and is read back in 36 s", () => {
    const { endS, lostS } = completion("checkpointEvery");
    expect(endS).toBeCloseTo(4060 + 36 + (7200 - 3600), 6);
    expect(lostS).toBeCloseTo(340, 6);
  });

  it("checkpointInGrace: 39.4 s to write, inside the notice; 39.4 s to read back", () => {
    const { endS, lostS } = completion("checkpointInGrace");
    expect(endS).toBeCloseTo(4060 + 39.4 + (7200 - 3940), 6);
    expect(lostS).toBeCloseTo(0, 9);
  });

  it("checkpointInGrace with 30 s of notice: the write is cut off and all is lost", () => {
    const { endS, lostS } = completion("checkpointInGrace", 30);
    expect(endS).toBeCloseTo(4060 + 7200, 6);
    expect(lostS).toBeCloseTo(3940, 6);
  });

  it("migrate: fetched from the old place once the new one is ready, 39.4 s, inside the notice", () => {
    const { endS, lostS } = completion("migrate");
    expect(endS).toBeCloseTo(4060 + 39.4 + (7200 - 3940), 6);
    expect(lostS).toBeCloseTo(0, 9);
  });

  it("migrate with 80 s of notice: the new place is ready after 60 s, the fetch is cut off", () => {
    const { endS, lostS } = completion("migrate", 80);
    expect(endS).toBeCloseTo(4080 + 7200, 6);
    expect(lostS).toBeCloseTo(3940, 6);
  });

  it("several states leave through one card, the smallest first: two of 39.4 s each fit into 120 s, the fourth does not", () => {
    const { metrics } = run(
      {
        table: table(
          [
            {
              price: [[0, 1]],
              capacity: [
                [0, 1],
                [4000, 0],
              ],
            },
            { price: [[0, 2]], capacity: [[0, 4]] },
          ],
          DAY,
        ),
        tasks: { ...tasks, tasks: 4, onReclaim: "checkpointInGrace" },
        cloud: { ...handCloud, slotsPerInstance: 4 },
      },
      scenario("greedy"),
    );
    expect(metrics.lostWorkHours! * HOUR).toBeCloseTo(3940, 6); // 39.4 x 3 = 118.2 s; the fourth would need 157.6 s
  });
});

describe("asking under visibility tried", () => {
  it("a refusal makes the policy ask the next market", () => {
    const { metrics } = run(
      {
        table: table(
          [
            { price: [[0, 1]], capacity: [[0, 0]] },
            { price: [[0, 2]], capacity: [[0, 1]] },
          ],
          DAY,
        ),
        cloud: { ...handCloud, visibility: "tried" },
      },
      scenario("greedy"),
    );
    expect(metrics).toMatchObject({ refusals: 1, launches: 2, tasksCompleted: 1 });
    // Refused at 4 s, asked elsewhere at once.
    expect(metrics.completionMeanH! * HOUR).toBeCloseTo(4 + 60 + HOUR, 6);
  });

  it("capacity memory asks a market again only when its time is over", () => {
    const zones = table(
      [
        {
          capacity: [
            [0, 0],
            [100, 1],
          ],
        },
      ],
      DAY,
    );
    const cloud = { ...handCloud, visibility: "tried" as const };
    const plain = run({ table: zones, cloud }, scenario("greedy"));
    const patient = run(
      { table: zones, cloud },
      scenario("greedy", { wrappers: [{ name: "with-capacity-memory", params: { memoryS: 180 } }] }),
    );
    // Plain: refused at 4, 68 (after retryS = 60), granted at 132 = 128 + 4. With memory: refused at 4, asked again at 184.
    expect(plain.metrics).toMatchObject({ refusals: 2 });
    expect(plain.metrics.completionMeanH! * HOUR).toBeCloseTo(128 + 60 + HOUR, 6);
    expect(patient.metrics).toMatchObject({ refusals: 1 });
    expect(patient.metrics.completionMeanH! * HOUR).toBeCloseTo(184 + 60 + HOUR, 6);
  });
});

describe("fallback", () => {
  it("puts a task on an on-demand instance of its own after two reclaims", () => {
    const capacity = [
      [0, 4],
      [1000, 0],
      [1100, 4],
      [2000, 0],
      [2100, 4],
    ] as const;
    const { metrics } = run({ table: table([{ capacity }], DAY) }, scenario("on-demand-fallback"));
    expect(metrics).toMatchObject({ reclaims: 2, launches: 3, tasksCompleted: 1 });
    expect(metrics.onDemandUpHours).toBeCloseTo((16 + HOUR) / HOUR, 9);
    expect(metrics.completionMeanH! * HOUR).toBeCloseTo(2000 + 60 + HOUR, 6);
  });
});

describe("the guard", () => {
  it("keeps the cap on instances: two tasks run one after the other", () => {
    const { metrics } = run(
      { table: table([{ capacity: [[0, 4]] }], DAY), tasks: { tasks: 2 } },
      scenario("greedy", { caps: { instances: 1 } }),
    );
    expect(metrics).toMatchObject({ launches: 1, tasksCompleted: 2 });
    expect(metrics.upHours).toBeCloseTo((16 + 2 * HOUR) / HOUR, 9);
  });

  it("keeps the cap on launches per hour, and asks again when the hour is over", () => {
    const { metrics } = run(
      { table: table([{ capacity: [[0, 4]] }], DAY), tasks: { tasks: 2, workH: { kind: "constant", value: 2 } } },
      scenario("greedy", { caps: { launchesPerHour: 1 } }),
    );
    expect(metrics).toMatchObject({ launches: 2, tasksCompleted: 2 });
    // One starts at 60 s, the other is launched when the first launch is an hour old.
    expect(metrics.completionMeanH! * HOUR).toBeCloseTo((60 + 3600 + 60) / 2 + 2 * HOUR, 6);
  });
});
