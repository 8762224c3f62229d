import { describe, expect, it } from "vitest";
import { renderTrace } from "../../reports/trace-page.ts";
import { marketHistory } from "../../reports/views/market-history.ts";
import { zoneCorrelation } from "../../reports/views/zone-correlation.ts";
import { type MarketSeries, tableFromSeries } from "../../traces/columns.ts";
import type { ImportReport } from "../../traces/import-report.ts";
import { traceDrawing } from "../../traces/trace-drawing.ts";

const report: ImportReport = {
  format: "invented",
  files: [{ name: "<img src=x>.csv", bytes: 12, sha256: "ab" }],
  rowsRead: 6,
  kept: 5,
  collapsed: 1,
  merged: 0,
  dropped: [],
  contradictions: 0,
  gaps: { count: 0, rule: "hold" },
  warnings: ["a <b>warning</b>"],
  startsAt: "time 0",
  hours: 8,
  markets: [],
};
const market = (zone: string, capacity?: MarketSeries["capacity"]): MarketSeries => ({
  market: { instanceType: "g", region: "r", zone, capacityType: "spot" },
  price: { timesS: [0, 7_200], usdPerHour: [1, 3] },
  ...(capacity && { capacity }),
  depth: { kind: "observed", instances: 1 },
  gapS: 60,
});
const drawing = (...series: MarketSeries[]) =>
  traceDrawing(tableFromSeries(series, { digest: "d", endS: 28_800 }), report, 4);
// Up in the first and third quarter; the other in the second and fourth.
const inTurn = drawing(
  market("a", { timesS: [0, 7_200, 14_400, 21_600], counts: [1, 0, 1, 0] }),
  market("b", { timesS: [0, 7_200, 14_400, 21_600], counts: [0, 1, 0, 1] }),
);
/** Rows of the layer of a chart that holds a field. */
const rowsWith = (spec: unknown, field: string): Record<string, unknown>[] => {
  const found: Record<string, unknown>[][] = [];
  JSON.stringify(spec, (key, value) => {
    if (key === "values" && Array.isArray(value) && value[0]?.[field] !== undefined) found.push(value);
    return value;
  });
  return found[0] ?? [];
};

describe("the page of a trace", () => {
  it("draws the mean price of each slice, the lowest at the foot of its panel, the highest at its top", () => {
    const points = rowsWith(marketHistory(inTurn).spec, "mean").filter(({ market }) => market === "g a");
    const heights = points.map(({ mean }) => mean as number);
    expect(points.map(({ from }) => from)).toEqual([0, 2, 4, 6, 8]); // hours; the last step reaches to the end
    expect(heights.slice(1)).toEqual(heights.slice(1).map(() => heights[1]));
    expect(heights[0]! - heights[1]!).toBeCloseTo(52 - 8 - 3, 1); // all of the plot above the strip
  });

  it("shades capacity by its share of a slice, and draws none where the source says nothing of it", () => {
    const strips = rowsWith(marketHistory(inTurn).spec, "share").filter(({ tip }) => String(tip).startsWith("g a"));
    expect(strips.map(({ from, to, share }) => [from, to, share])).toEqual([
      [0, 2, 1],
      [2, 4, 0],
      [4, 6, 1],
      [6, 8, 0],
    ]);
    const silent = marketHistory(drawing(market("a")));
    expect(rowsWith(silent.spec, "share")).toEqual([]);
    expect(silent.caption).toContain("The source says nothing of capacity");
  });

  it("says which markets fail together: two that take turns are at -1", () => {
    const chart = zoneCorrelation(inTurn)!;
    expect(rowsWith(chart.spec, "shade").map(({ text }) => text)).toEqual(["1.00", "\u22121.00", "\u22121.00", "1.00"]);
    expect(zoneCorrelation(drawing(market("a"), market("b")))).toBeUndefined();
  });

  it("is one text without addresses, the same each time, and escapes what files are called and say", async () => {
    const page = await renderTrace("<script>alert(1)</script>", inTurn);
    expect(page).toBe(await renderTrace("<script>alert(1)</script>", inTurn));
    expect(page).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
    expect(page).toContain("&lt;img src=x&gt;.csv");
    expect(page).toContain("a &lt;b&gt;warning&lt;/b&gt;");
    expect(page).not.toMatch(/(?:src|href)="(?!#)/);
  });
});
