import { describe, expect, test } from "vitest";
import { chartHtml } from "../../reports/chart.ts";
import { published } from "../../reports/sections/published.ts";
import { figureViews } from "../../reports/views/index.ts";
import { waterfall } from "../../reports/views/waterfall.ts";
import { inventedFigures } from "./invented.ts";

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
