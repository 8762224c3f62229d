import { describe, expect, it } from "vitest";
import { resolveScenario, unfitFor } from "../../policies/registry.ts";
import { simulate } from "../../sim/simulate.ts";
import { handCloud, input, jobInput, run, table } from "../support/runs.ts";
import { storyOf } from "../support/story.ts";

// A launch is answered after 4 s, billed from 44 s, ready at 60 s; a probe every 600 s.

const DAY = 86_400;
const tried = { ...handCloud, visibility: "tried" as const };
const probing = { scheduling: "greedy", assignment: "first-fit", wrappers: [{ name: "with-probing" }] } as const;
const probe = "to learn whether it grants";
const story = (world: Parameters<typeof input>[0]) => storyOf(world, probing, { reasons: true });

describe("with-probing", () => {
  const comesLate = table(
    [
      {
        capacity: [
          [0, 0],
          [1000, 1],
        ],
      },
    ],
    DAY,
  );

  it("a policy that is refused waits for a probe to find capacity, and launches when the probe has made room", () => {
    expect(story({ table: comesLate, cloud: tried, horizonS: 1700 })).toEqual([
      "0: launch spot z0, work without a place", // nobody knows yet, so it is tried: refused at 4
      `604: launch spot z0, ${probe}`, // refused at 608
      `1208: launch spot z0, ${probe}`, // granted at 1212, running at 1252
      "1252: end 2, the probe has answered",
      "1252: launch spot z0, work without a place",
    ]);
    // Bare, it asks a minute after each refusal: at 0, 64, 128 and so on, until 1024.
    expect(storyOf({ table: comesLate, cloud: tried, horizonS: 1700 }, { ...probing, wrappers: [] })).toHaveLength(17);
  });

  it("probes every market that nobody has asked, and none that has just answered", () => {
    const two = table([{ capacity: [[0, 1]] }, { price: [[0, 9]], capacity: [[0, 1]] }], DAY);
    expect(story({ table: two, cloud: tried, horizonS: 1300 })).toEqual([
      "0: launch spot z0, work without a place", // granted at 4
      `0: launch spot z1, ${probe}`, // granted at 4
      "44: end 1, the probe has answered",
      `604: launch spot z0, ${probe}`, // the work holds what there is: refused at 608
      `644: launch spot z1, ${probe}`,
      "688: end 3, the probe has answered",
      `1208: launch spot z0, ${probe}`,
      `1288: launch spot z1, ${probe}`,
    ]);
  });

  it("is billed for what it learns: 60 s for each probe that ran", () => {
    const two = table([{ capacity: [[0, 1]] }, { price: [[0, 9]], capacity: [[0, 1]] }], DAY);
    const world = { table: two, cloud: tried, horizonS: 1280 };
    const bare = run(world, resolveScenario({ ...probing, wrappers: [] })).metrics;
    const probed = run(world, resolveScenario(probing)).metrics;
    expect(probed.costUsd! - bare.costUsd!).toBeCloseTo((2 * 60 * 9) / 3600, 9);
    expect(probed.tasksCompleted).toBe(bare.tasksCompleted);
  });

  it("gives its probes no work, though nothing else has room", () => {
    // The one spot slot is held by a probe, on a market too dear to be tried while the cheap one grants.
    const world = {
      table: table([{ capacity: [[0, 1]] }, { price: [[0, 9]], capacity: [[0, 1]] }], DAY),
      cloud: { ...tried, launchS: { ...handCloud.launchS!, boot: { kind: "constant", value: 500 } as const } },
      tasks: { tasks: 2, workH: { kind: "constant", value: 1 } as const },
    };
    const placed: number[] = [];
    const probes = new Set<number>();
    simulate({ ...input(world), traced: true }, resolveScenario(probing), (_, { actions, notes }) => {
      for (const [i, action] of actions.entries()) {
        if (action.do === "place") placed.push(...action.instances);
        if (action.do === "launch" && notes.some((note) => note.action === i && note.why === probe)) {
          probes.add(action.instance);
        }
      }
    });
    expect(probes.size).toBeGreaterThan(0);
    expect(placed.filter((instance) => probes.has(instance))).toEqual([]);
  });

  it("leaves a probe that comes under notice to the provider, which then bills nothing", () => {
    // Granted at 4, notice at 20, running at 44, gone at 140.
    const world = {
      table: table(
        [
          {
            capacity: [
              [0, 1],
              [20, 0],
            ],
          },
        ],
        DAY,
      ),
      cloud: tried,
      horizonS: 500,
      tasks: { tasks: 1 },
    };
    const idle = { ...world, tasks: { tasks: 1, arrivals: { kind: "uniform", spanH: 20 } } as const };
    expect(story(idle)).toEqual([`0: launch spot z0, ${probe}`]);
    const { metrics } = run(idle, resolveScenario(probing));
    expect([metrics.reclaims, metrics.costUsd, metrics.freeHours]).toEqual([1, 0, (140 - 44) / 3600]);
  });

  it("tells a policy that must be told: uniform progress then runs on spot where only trying tells", () => {
    const world = jobInput({
      table: table([{ capacity: [[0, 1]] }], DAY),
      job: { nodes: 1, workH: 2, deadlineH: 5, restartOverheadS: 60 },
      cadence: { onChange: true, everyS: 60 },
      cloud: tried,
      horizonS: 6 * 3600,
    });
    const told = resolveScenario({ ...probing, scheduling: "uniform-progress" });
    const bare = resolveScenario({ ...probing, scheduling: "uniform-progress", wrappers: [] });
    const unfit = (decisions: typeof told) => unfitFor(decisions, "deadline-job", world.cloud, world.cadence);
    expect(unfit(bare)).toContain("must be told what is obtainable");
    expect(unfit(told)).toBeUndefined();
    const { metrics } = simulate(world, told);
    // On-demand for the first minutes, while nobody knows; then the probe has found spot.
    expect(metrics.deadlineMetShare).toBe(1);
    expect(metrics.onDemandUpHours).toBeLessThan(0.1);
    expect(metrics.spotUpHours).toBeGreaterThan(1.9);
  });

  it("does nothing where what is obtainable is told", () => {
    const world = { table: comesLate, horizonS: 4000 };
    expect(story(world)).toEqual(storyOf(world, { ...probing, wrappers: [] }, { reasons: true }));
  });

  it("keeps the caps: a probe that the guard holds back is not asked for again at once", () => {
    const world = { table: table([{ capacity: [[0, 1]] }, {}, {}], DAY), cloud: tried, horizonS: 1000 };
    const launches = storyOf(world, { ...probing, caps: { instances: 1 } });
    expect(launches).toEqual(["0: launch spot z0"]);
  });
});
