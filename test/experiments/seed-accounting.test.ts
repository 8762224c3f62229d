import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seedAccounting } from "../../experiments/audit/seed-accounting.ts";
import type { RunSpec } from "../../experiments/record.ts";
import { runCell } from "../../experiments/run-cell.ts";
import type { Timeline, TimelineWork } from "../../sim/simulation.ts";
import { handCloud, handTasks, type Steps, table } from "../support/runs.ts";

const HOUR = 3600;

/** 1.8 USD/h at first, 0.9 from 1 h on, 1.2 from 1.5 h on. */
const market = table(
  [
    {
      price: [
        [0, 1.8],
        [HOUR, 0.9],
        [1.5 * HOUR, 1.2],
      ],
    },
  ],
  24 * HOUR,
);

/** A log of instances launched when they are first used, each in the one spot market. */
const log = (work: readonly Omit<TimelineWork, "work">[], endS = 24 * HOUR) => ({
  timeline: {
    endS,
    instances: work.map(({ instance, fromS }) => ({
      ...({} as Timeline["instances"][number]),
      id: instance,
      market: 0,
      requestedS: fromS,
    })),
    work: work.map((stretch) => ({ work: 0, ...stretch })),
  },
  table: market,
  workS: () => 2 * HOUR,
});

describe("a task of two hours, by hand", () => {
  it("that is never taken back costs its hours at the launch's price, whoever counts; the price path is our own", () => {
    const accounts = seedAccounting(log([{ instance: 0, fromS: 0, toS: 2 * HOUR, ended: "completed" }]));
    for (const bill of ["seedUsd", "seedTrueEndsUsd", "seedAllStartsUsd", "seedAllTasksUsd"]) {
      expect(accounts[bill], bill).toBeCloseTo(3.6, 12);
    }
    expect(accounts.taskHourUsd).toBeCloseTo(1.8 + 0.45 + 0.6, 12);
    expect(accounts).toMatchObject({ taskHours: 2, seedTaskHours: 2, seedTasksCompleted: 1, seedTasksUnbilled: 0 });
  });

  it("that is taken back half-way completes at its first end for the seed, which bills the hour since its second start", () => {
    const accounts = seedAccounting(
      log([
        { instance: 0, fromS: 0, toS: HOUR, ended: "stopped" },
        { instance: 1, fromS: HOUR, toS: 3 * HOUR, ended: "completed" },
      ]),
    );
    expect(accounts.seedUsd).toBeCloseTo(0.9, 12); // 1 h to 2 h, at the price of the second launch
    expect(accounts.seedTrueEndsUsd).toBeCloseTo(2 * 0.9, 12); // 1 h to 3 h
    expect(accounts.seedAllStartsUsd).toBeCloseTo(1.8 + 2 * 0.9, 12); // and the hour before
    expect(accounts.seedAllTasksUsd).toBeCloseTo(1.8 + 2 * 0.9, 12);
    expect(accounts.taskHourUsd).toBeCloseTo(1.8 + 0.5 * 0.9 + 1.5 * 1.2, 12); // along the price path
    expect(accounts).toMatchObject({ taskHours: 3, seedTaskHours: 1, seedTasksCompleted: 1, seedTasksUnbilled: 0 });
  });

  it("that has no instance at its first end costs the seed nothing", () => {
    const accounts = seedAccounting(
      log([
        { instance: 0, fromS: 0, toS: HOUR, ended: "stopped" },
        { instance: 1, fromS: 2.5 * HOUR, toS: 4.5 * HOUR, ended: "completed" },
      ]),
    );
    expect(accounts).toMatchObject({ seedUsd: 0, seedTaskHours: 0, seedTasksCompleted: 1, seedTasksUnbilled: 1 });
    expect(accounts.seedTrueEndsUsd).toBeCloseTo(2 * 1.2, 12);
  });

  it("that is taken back twice is billed from the start that was under way at its first end, not from later ones", () => {
    const accounts = seedAccounting(
      log([
        { instance: 0, fromS: 0, toS: HOUR, ended: "stopped" },
        { instance: 1, fromS: HOUR, toS: 2.5 * HOUR, ended: "stopped" },
        { instance: 2, fromS: 3 * HOUR, toS: 5 * HOUR, ended: "completed" },
      ]),
    );
    expect(accounts.seedUsd).toBeCloseTo(0.9, 12);
    expect(accounts.seedAllStartsUsd).toBeCloseTo(1.8 + 1.5 * 0.9 + 2 * 1.2, 12);
  });

  it("that still runs at the end is billed by nobody but the honest", () => {
    const accounts = seedAccounting(log([{ instance: 0, fromS: 0, toS: 1.5 * HOUR, ended: "cut" }], 1.5 * HOUR));
    expect(accounts).toMatchObject({ seedUsd: 0, seedTasksCompleted: 0, seedTrueEndsUsd: 0, seedAllStartsUsd: 0 });
    expect(accounts.seedAllTasksUsd).toBeCloseTo(1.5 * 1.8, 12);
    expect(accounts.taskHourUsd).toBeCloseTo(1.8 + 0.5 * 0.9, 12);
  });

  it("and two that share an instance are billed its price twice", () => {
    const one = { instance: 0, fromS: 0, toS: 2 * HOUR, ended: "completed" } as const;
    const shared = log([one]);
    const timeline = {
      ...shared.timeline,
      work: [
        { work: 0, ...one },
        { work: 1, ...one },
      ],
    };
    expect(seedAccounting({ ...shared, timeline }).seedUsd).toBeCloseTo(2 * 3.6, 12);
    expect(seedAccounting({ ...shared, timeline }).taskHourUsd).toBeCloseTo(2 * (1.8 + 0.45 + 0.6), 12);
  });
});

describe("a cell that is accounted for", () => {
  const spec = (changes: Partial<RunSpec> = {}): RunSpec =>
    ({
      lengthS: 24 * HOUR,
      drainS: 0,
      seed: "luck",
      workload: { model: "tasks", params: { ...handTasks, tasks: 12, workH: { kind: "uniform", min: 1, max: 6 } } },
      cloud: { ...handCloud, interruptions: { model: "hazard", perHour: 0.3 }, slotsPerInstance: 3 },
      cadence: { onChange: true },
      policy: { scheduling: "greedy", assignment: "earliest-node" },
      ...changes,
    }) as RunSpec;

  it("does what it does without, and keeps no log", () => {
    const plain = runCell(spec(), market);
    const accounted = runCell(spec({ accounting: "synkti-seed" }), market);
    expect(accounted.fingerprint).toBe(plain.fingerprint);
    expect(accounted.metrics).toMatchObject(plain.metrics);
    expect(accounted.metrics.seedUsd).toBeGreaterThan(0);
    expect(accounted).not.toHaveProperty("timeline");
    expect(
      runCell(spec({ accounting: "synkti-seed" }), market, { traced: true }).timeline?.work.length,
    ).toBeGreaterThan(11);
  });

  it("runs as many task-hours as were done and lost, and the seed bills no more of them and no fewer tasks than complete", () => {
    const seeds = fc.string({ minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(seeds, fc.integer({ min: 0, max: 20 }), (seed, tenths) => {
        const cloud = { ...spec().cloud, interruptions: { model: "hazard", perHour: tenths / 10 } as const };
        const { metrics } = runCell(spec({ seed, cloud, accounting: "synkti-seed" }), market);
        expect(metrics.taskHours).toBeCloseTo(metrics.workHoursDone! + metrics.lostWorkHours!, 6);
        expect(metrics.seedTaskHours).toBeLessThanOrEqual(metrics.taskHours! + 1e-9);
        expect(metrics.seedTasksCompleted).toBeGreaterThanOrEqual(metrics.tasksCompleted!);
        expect(metrics.seedTrueEndsUsd).toBeLessThanOrEqual(metrics.seedAllStartsUsd! + 1e-9);
        expect(metrics.seedAllStartsUsd).toBeLessThanOrEqual(metrics.seedAllTasksUsd! + 1e-9);
      }),
      { numRuns: 40 },
    );
  });

  it("at one price and without reclaims differs from task-hours by nothing but what still runs at the end", () => {
    const flat: Steps = [[0, 0.5]];
    const cloud = { ...spec().cloud, interruptions: { model: "hazard", perHour: 0 } as const };
    const { metrics } = runCell(spec({ cloud, accounting: "synkti-seed" }), table([{ price: flat }], 24 * HOUR));
    expect(metrics.tasksCompleted).toBe(12);
    expect(metrics.seedUsd).toBeCloseTo(0.5 * metrics.workHoursDone!, 9);
    expect(metrics.taskHourUsd).toBeCloseTo(metrics.seedUsd!, 9);
  });
});
