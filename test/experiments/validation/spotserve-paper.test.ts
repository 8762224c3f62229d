import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { judgedRow, oursAt } from "../../../experiments/validation/papers/paper.ts";
import { replaySpotserve } from "../../../experiments/validation/papers/spotserve.ts";
import { sharedData } from "../../traces/real-data.ts";

// SpotServe's evaluation, run through the one engine on its own traces, requests and profiles. docs/VALIDATION.md tells it.

const folder = join(sharedData, "spotserve");
const missing = !existsSync(folder) && process.env.REQUIRE_ALL !== "1";
if (missing) console.warn("SKIPPED: SpotServe's runs, ../shared/data is not there; REQUIRE_ALL=1 makes them fail");

describe.skipIf(missing)("SpotServe, run again", async () => {
  const figures = missing ? [] : await replaySpotserve(folder, { progress: () => () => {} });
  const rowsOf = (title: string) => figures.find((figure) => figure.title.startsWith(title))!;
  const ours = (title: string, of: string) =>
    rowsOf(title)
      .rows.find((row) => row.of === of)!
      .points.map(oursAt);

  it("Table 1 comes out to the millisecond", () => {
    const { rows, within } = rowsOf("Execution latency");
    expect(rows.map((row) => judgedRow(row, within).verdict)).toEqual(["holds", "holds", "holds"]);
  });

  it("averages of SpotServe on GPT-20B are met within 16 % on all four traces, P99 within 30 % on three", () => {
    const off = (title: string) =>
      rowsOf(title)
        .rows.filter(({ of }) => of === "SpotServe, GPT-20B")
        .map(({ points: [point] }) => Math.abs(oursAt(point!) / point!.published - 1));
    expect(Math.max(...off("Average"))).toBeLessThan(0.16);
    expect(off("P99 latency").filter((each) => each < 0.3)).toHaveLength(3);
  });

  it("it is better than Reparallelization in all 12 panels, and than Rerouting where the model needs several instances", () => {
    const { rows } = rowsOf("P99 of the baselines");
    expect(rows).toHaveLength(12);
    for (const { of, points } of rows) {
      const [reparallelization, rerouting] = points.map(oursAt);
      expect(reparallelization, of).toBeGreaterThan(1.4);
      if (!of.startsWith("OPT")) expect(rerouting, of).toBeGreaterThan(0.99);
    }
  });

  it("a token costs on A and B what it costs there, within 2 %", () => {
    const { rows } = rowsOf("Cost of GPT-20B");
    for (const { points } of rows) {
      for (const point of points.slice(0, 2)) expect(Math.abs(oursAt(point) / point.published - 1)).toBeLessThan(0.02);
    }
  });

  it("spot saves 51 % against 8 instances on-demand, which is what the prices differ by", () => {
    expect(ours("What on-demand", "saving")[0]).toBeCloseTo(100 * (1 - 1.9046 / 3.912), -0.5);
  });

  it("the controller is the part that matters where instances are few; the mapper alone is worth 4 and 13 %", () => {
    const [controller] = ours("P99 of GPT-20B as parts", "B");
    expect(controller).toBeGreaterThan(2.5);
    expect(ours("What matching", "A")[0]).toBeCloseTo(1.04, 2);
    expect(ours("What matching", "B")[0]).toBeCloseTo(1.13, 2);
  });

  it("every row that does not hold says what is otherwise here", () => {
    for (const { rows, within } of figures) {
      for (const row of rows) if (judgedRow(row, within).verdict !== "holds") expect(row.why, row.of).toBeTruthy();
    }
  });
});
