import pc from "picocolors";
import { beforeAll, describe, expect, it } from "vitest";
import { replayCantBeLate } from "../../../experiments/validation/papers/cant-be-late.ts";
import { type Figure, judgedRow, middleOf, type Row } from "../../../experiments/validation/papers/paper.ts";
import { figureTable, pointsCsv } from "../../../experiments/validation/papers/papers-table.ts";
import { describeReal, skypilotRoot } from "../../traces/real-data.ts";

const row = (of: string, points: readonly [published: number, ...runs: number[]][], why?: string): Row => ({
  of,
  why,
  points: points.map(([published, ...runs], i) => ({ at: `place ${i}`, published, runs })),
});

describe("a row of a figure", () => {
  it("holds on average where its points are off by less on average, though one is off by more", () => {
    const points = row("greedy", [
      [10, 10, 11], // ours 10.5
      [20, 18.5],
    ]);
    expect(judgedRow(points, { mean: 1 })).toEqual({
      publishedMean: 15,
      oursMean: 14.5,
      offMean: 1,
      offMost: -1.5,
      mostAt: "place 1",
      verdict: "holds",
    });
    expect(judgedRow(points, { mean: 0.99 }).verdict).toBe("does not hold");
    expect(judgedRow(points, { each: 1.5 }).verdict).toBe("holds");
    expect(judgedRow(points, { each: 1.49 }).verdict).toBe("does not hold");
  });

  it("that was one run holds where it lies among the middle of our starts", () => {
    const runs = Array.from({ length: 101 }, (_, i) => i);
    expect(middleOf(runs, 0.5)).toEqual([25, 75]);
    expect(judgedRow(row("greedy", [[75, ...runs]]), { starts: 0.5 }).verdict).toBe("holds");
    expect(judgedRow(row("greedy", [[76, ...runs]]), { starts: 0.5 }).verdict).toBe("does not hold");
  });

  const figure: Figure = {
    id: "figure 1",
    title: "Savings",
    unit: "%",
    within: { mean: 1 },
    rows: [row("greedy", [[10, 12]], "its start is not published"), row("sliced", new Array(5).fill([10, 10.5]))],
  };

  it("is written out where it has few points, and why it does not hold below", () => {
    const table = figureTable(figure, pc.createColors(false));
    expect(table).toContain("Figure 1: Savings, % (holds within 1 on average)");
    expect(table).toMatch(/ greedy, place 0 +│ +10 │ +12\.0 │ +\+2\.00 │ +│ does not │/);
    expect(table).toMatch(/ sliced, mean of 5 points +│ +10\.0 │ +10\.5 │ +0\.50 │ +\+0\.50 │ holds +│/);
    expect(table).toMatch(/greedy: its start is not published$/);
  });

  it("is a row a point for a spreadsheet", async () => {
    expect((await pointsCsv([figure])).split("\n").slice(0, 2)).toEqual([
      "figure,of,at,unit,published,ours,difference,verdict",
      "figure 1,greedy,place 0,%,10,12,2,does not hold",
    ]);
  });
});

// The paper's traces are public; where in them its samples begin was fitted for Figure 11 (two numbers, 93 points).
describeReal("Can't Be Late, on the traces that it published", () => {
  let figures: readonly Figure[];
  beforeAll(async () => {
    figures = await replayCantBeLate(skypilotRoot, { jobs: 2, progress: () => () => {} }, [
      "figure8",
      "figure11",
      "figure12",
      "table3",
    ]);
  }, 600_000);
  const judged = (id: string) => {
    const { rows, within } = figures.find((figure) => figure.id === id)!;
    return Object.fromEntries(rows.map((row) => [row.of, { points: row.points.length, ...judgedRow(row, within) }]));
  };

  it("Figure 11: greedy, Uniform Progress, its oracle and the optimum lie within 0.5 points on average, over 8 traces and 9 deadlines", () => {
    const rows = judged("figure 11");
    const { omniscient_sliced, ...published } = rows;
    expect(omniscient_sliced!.points).toBe(72);
    expect(omniscient_sliced!.offMean).toBeLessThanOrEqual(1.1); // a point low where the deadline is loose, 3 high where it is tight
    expect(Object.keys(published)).toEqual(["greedy", "uniform_progress", "up_oracle", "omniscient"]);
    for (const [policy, { points, offMean }] of Object.entries(published)) {
      expect(points, policy).toBe(72);
      expect(offMean, policy).toBeLessThanOrEqual(0.5);
    }
  });

  it("Table 3: hours on spot and on on-demand lie within 1.5 h", () => {
    const rows = judged("table 3");
    expect(Object.keys(rows)).toEqual(["greedy", "uniform_progress", "omniscient"]);
    for (const [policy, { offMost }] of Object.entries(rows))
      expect(Math.abs(offMost), policy).toBeLessThanOrEqual(1.5);
  });

  it("Figures 8 and 12 hold within a point on average", () => {
    for (const id of ["figure 8", "figure 12"]) {
      for (const [policy, { verdict }] of Object.entries(judged(id))) expect(verdict, `${id} ${policy}`).toBe("holds");
    }
  });
});
