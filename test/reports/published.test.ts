import { describe, expect, test } from "vitest";
import type { Verdict } from "../../experiments/summary.ts";
import { chartHtml } from "../../reports/chart.ts";
import { answer } from "../../reports/sections/answer.ts";
import { published } from "../../reports/sections/published.ts";
import { figureViews } from "../../reports/views/index.ts";
import { waterfall } from "../../reports/views/waterfall.ts";
import { inventedFigures, inventedReport } from "./invented.ts";

const figures = inventedFigures();
const [spot, half] = figures;

describe("the table of published figures", () => {
  const { markup } = published(figures);
  const text = markup.replace(/<[^>]*>/g, " ").replace(/\s+/g, " ");

  test("shows each as it was published, ours with its interval, the verdict and the reason", () => {
    expect(text).toMatch(/Spot saves 80 % .* 80 % ± 2 % 60\.0 % \[58\.0, 63\.0\] does not hold Spot saves 80 %/);
    expect(text).toMatch(/At least half .* at least 50 % .* 60\.0 % \[58\.0, 63\.0\] holds/);
    expect(text).toMatch(/Not in these runs .* 10 % to 20 % ± 2 % – cannot be told –/);
  });

  test("says how verdicts are made, and what single runs would have shown", () => {
    expect(text).toContain("Verdicts are computed.");
    expect(text).toMatch(/spot-saves .* −20\.0 points 20 40\.0 to 85\.0 % 25 %/);
  });
});

test("the answer counts the verdicts, and leads to them", () => {
  const { summary } = inventedReport();
  const text = (verdicts: readonly Verdict[]) => {
    const expected = verdicts.map((verdict) => ({ ...half!, verdict }));
    const { markup } = answer({ ...summary, expected });
    return /<a href="#expected">.*/.exec(markup)?.[0].replace(/<[^>]*>/g, "");
  };
  expect(text(["holds", "holds", "does not hold"])).toBe("Of 3 expectations 2 hold and 1 does not.");
  expect(text(["does not hold", "does not hold", "cannot be told"])).toBe(
    "Of 3 expectations 2 do not hold and 1 cannot be told.",
  );
  expect(text(["holds"])).toBe("Of 1 expectation 1 holds.");
  expect(text([])).toBeUndefined();
  expect(answer(summary).markup).toContain(
    '<a href="#published">Of 3 published figures</a> 1 holds, 1 does not and 1 cannot be told.',
  );
});

describe("the waterfall", () => {
  const chart = waterfall.draw({ figure: spot! })!;
  const bars = (chart.spec as unknown as { data: { values: Readonly<Record<string, unknown>>[] } }).data.values;

  test("begins at the published number, each bar where the last ended, and ends in ours", () => {
    const rounded = bars.map(({ from, to, kind }) => [Math.round(from as number), Math.round(to as number), kind]);
    expect(rounded).toEqual([
      [0, 80, "level"],
      [80, 70, "less"],
      [70, 55, "less"],
      [0, 60, "level"],
    ]);
    expect(bars.map(({ text }) => text)).toEqual([
      "80\u00A0%",
      "70.0\u00A0% (−10.0\u00A0points)",
      "55.0\u00A0% (−15.0\u00A0points)",
      "60.0\u00A0% (+5.0\u00A0points)",
    ]);
  });

  test("compiles without a warning, draws, and says n, the interval and that the order matters", async () => {
    const { markup } = await chartHtml("waterfall-1", chart);
    expect(markup).toContain("<svg ");
    expect(chart.caption).toMatch(/20 units.*bootstrap-t.*another order/);
    for (const { columns, rows } of chart.tables) for (const row of rows) expect(row).toHaveLength(columns.length);
  });

  test("is drawn for figures whose steps the study names, and for no other", () => {
    expect(figureViews).toEqual([waterfall]);
    expect(figures.map((figure) => waterfall.draw({ figure }) !== undefined)).toEqual([true, false, false]);
    expect(waterfall.draw({ figure: { ...spot!, from: half!.from, to: half!.to } })).toBeUndefined();
  });
});
