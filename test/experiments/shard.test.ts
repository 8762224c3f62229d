import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Cell } from "../../experiments/grid.ts";
import { cellsOfShard, shardOf } from "../../experiments/shard.ts";

describe("which part of a study a task runs", () => {
  test.each([
    ["a command line that says so", "2/3", {}, { index: 2, of: 3 }, "--shard"],
    [
      "a Slurm array from 1",
      undefined,
      { SLURM_ARRAY_TASK_ID: "2", SLURM_ARRAY_TASK_MIN: "1", SLURM_ARRAY_TASK_COUNT: "3" },
      { index: 2, of: 3 },
      "SLURM_ARRAY_TASK_ID",
    ],
    [
      "a Slurm array 10-18:4, whose tasks are 10, 14 and 18",
      undefined,
      {
        SLURM_ARRAY_TASK_ID: "18",
        SLURM_ARRAY_TASK_MIN: "10",
        SLURM_ARRAY_TASK_STEP: "4",
        SLURM_ARRAY_TASK_COUNT: "3",
      },
      { index: 3, of: 3 },
      "SLURM_ARRAY_TASK_ID",
    ],
    [
      "an array of AWS Batch, counted from 0",
      undefined,
      { AWS_BATCH_JOB_ARRAY_INDEX: "0", AWS_BATCH_JOB_ARRAY_SIZE: "4" },
      { index: 1, of: 4 },
      "AWS_BATCH_JOB_ARRAY_INDEX",
    ],
    [
      "an indexed Job of Kubernetes, which does not say its size",
      "auto/4",
      { JOB_COMPLETION_INDEX: "3" },
      { index: 4, of: 4 },
      "JOB_COMPLETION_INDEX",
    ],
    ["a command line before the scheduler", "1/1", { SLURM_ARRAY_TASK_ID: "9" }, { index: 1, of: 1 }, "--shard"],
  ] as const)("by %s", (_, option, environment, shard, by) => {
    expect(shardOf(option, environment)).toEqual({ shard, by });
  });

  test("outside of an array job it is all of it", () => {
    expect(shardOf(undefined, { PATH: "/bin" })).toBeUndefined();
  });

  test.each([
    ["3/2", {}, /--shard asks for part 3 of 2/],
    ["0/2", {}, /--shard asks for part 0 of 2/],
    ["half", {}, /--shard half: expected i\/n, such as 2\/3/],
    ["auto/4", {}, /no task of an array job \(none of SLURM_ARRAY_TASK_ID/],
    [
      undefined,
      { JOB_COMPLETION_INDEX: "3" },
      /JOB_COMPLETION_INDEX is 3, but of how many tasks is not said; say --shard auto\/n/,
    ],
    [undefined, { SLURM_ARRAY_TASK_ID: "3" }, /SLURM_ARRAY_TASK_COUNT is not set/],
    ["auto/4", { JOB_COMPLETION_INDEX: "x" }, /JOB_COMPLETION_INDEX is x/],
    [
      undefined,
      { SLURM_ARRAY_TASK_ID: "4", SLURM_ARRAY_TASK_MIN: "1", SLURM_ARRAY_TASK_STEP: "2", SLURM_ARRAY_TASK_COUNT: "2" },
      /asks for part 2.5 of 2/,
    ],
  ])("%s in %o is refused", (option, environment, message) => {
    expect(() => shardOf(option, environment)).toThrow(message);
  });
});

describe("the shards of a study", () => {
  const grid = fc
    .record({
      points: fc.integer({ min: 1, max: 4 }),
      runs: fc.integer({ min: 1, max: 9 }),
      policies: fc.integer({ min: 1, max: 4 }),
      of: fc.integer({ min: 1, max: 8 }),
    })
    .map(({ points, runs, policies, of }) => {
      const cells = Array.from({ length: points }, (_, point) => ({ point })).flatMap((axes) =>
        Array.from({ length: runs * policies }, (_, i) => {
          const spec = { axes, seed: `one/seed ${Math.floor(i / policies)}/0`, policyId: `p${i % policies}` };
          return { key: `${axes.point}/${i}`, spec } as unknown as Cell;
        }),
      );
      return { cells, of, policies };
    });

  test("have each cell in one of them, in the study's order, all policies of a run together, and are as large as they can be alike", () => {
    fc.assert(
      fc.property(grid, ({ cells, of, policies }) => {
        const shards = Array.from({ length: of }, (_, i) => cellsOfShard(cells, { index: i + 1, of }));
        const places = new Map(cells.map((cell, at) => [cell, at]));
        const all = shards.flat().map((cell) => places.get(cell)!);
        expect(all.toSorted((a, b) => a - b)).toEqual([...cells.keys()]);
        const sizes = shards.map((shard) => shard.length);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(policies);
        for (const shard of shards) {
          const at = shard.map((cell) => places.get(cell)!);
          expect(at).toEqual(at.toSorted((a, b) => a - b));
          const runs = Map.groupBy(shard, ({ spec }) => JSON.stringify([spec.axes, spec.seed]));
          for (const run of runs.values()) expect(run).toHaveLength(policies);
        }
      }),
    );
  });
});
