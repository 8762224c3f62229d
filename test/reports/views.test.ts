import { parse, View } from "vega";
import { compile, type TopLevelSpec } from "vega-lite";
import { describe, expect, test } from "vitest";
import type { Estimate, Saving, Summary } from "../../experiments/summary.ts";
import { type Chart, chartHtml } from "../../reports/chart.ts";
import { percentChange, scaleFor } from "../../reports/numbers.ts";
import { looksFor } from "../../reports/palette.ts";
import { convergence } from "../../reports/views/convergence.ts";
import { costAgainstService } from "../../reports/views/cost-against-service.ts";
import { differences } from "../../reports/views/differences.ts";
import { groupViews, luckViews } from "../../reports/views/index.ts";
import { savingSplit } from "../../reports/views/saving-split.ts";
import { differenceOverAxis, valueOverAxis } from "../../reports/views/sweep-line.ts";
import { sweepMap } from "../../reports/views/sweep-map.ts";
import { unitByUnit } from "../../reports/views/unit-by-unit.ts";
import { inventedReport, POLICIES } from "./invented.ts";

const looks = looksFor(POLICIES);
const { summary } = inventedReport();
const scene = { summary, group: summary.groups[0]!, looks };
const runs = inventedReport().timelines;

const layersOf = ({ spec }: Chart): readonly object[] => (spec as { layer?: readonly object[] }).layer ?? [];

/** All data that a chart draws, whichever layer it is in. */
const drawn = (chart: Chart): readonly Record<string, unknown>[] => {
  const layers = [chart.spec, ...layersOf(chart)];
  return layers.flatMap(
    (layer) => (layer as { data?: { values?: readonly Record<string, unknown>[] } }).data?.values ?? [],
  );
};
const layer = ({ spec }: Chart, at: number): readonly Record<string, unknown>[] =>
  (spec as unknown as { layer: { data: { values: Record<string, unknown>[] } }[] }).layer[at]!.data.values;
const charts = [
  ...groupViews.map((view) => [view.id, view.draw(scene)!] as const),
  ...luckViews.map((view) => [view.id, view.draw({ runs, looks })!] as const),
];

describe.each(charts)("the chart %s", (id, chart) => {
  test("is Vega-Lite that compiles without a warning and draws in Node, without a browser or a canvas", async () => {
    const { markup } = await chartHtml(id, chart);
    expect(markup).toContain("<svg ");
    expect(compile(chart.spec).spec.marks!.length).toBeGreaterThan(0);
  });

  test("says n and names the interval drawn, or that there is none", () => {
    expect(chart.caption).toMatch(/20 units|n = 1/);
    expect(chart.caption).toMatch(/bootstrap-t|no interval/);
  });

  test("has the numbers behind it as tables, each row as wide as its header", () => {
    expect(chart.tables.length).toBeGreaterThan(0);
    for (const { columns, rows } of chart.tables) {
      expect(rows.length).toBeGreaterThan(0);
      for (const row of rows) expect(row).toHaveLength(columns.length);
    }
  });

  test("takes the policy's colour from its look, and no other colour of the palette for it", () => {
    const text = JSON.stringify(chart.spec);
    expect(text).toContain(looks.get(POLICIES[1])!.colour);
    expect(text).not.toMatch(/--policy-[4-7]/);
  });
});

describe("the forest plot", () => {
  test("draws each difference with its interval, in the order and at the values of the summary", () => {
    const expected = scene.group.comparisons
      .filter(({ metric }) => metric === "usdPerWorkHour")
      .map(({ policyId, difference: { mean, low, high } }) => ({ policy: policyId, mean, low, high }));
    expect(expected).toHaveLength(3);
    expect(drawn(differences.draw(scene)!).slice(0, 3)).toMatchObject(expected);
  });

  test("calls the spread of fewer than 6 units a range and claims nothing from it", () => {
    const few = inventedReport({ units: 4 }).summary;
    const { caption } = differences.draw({ summary: few, group: few.groups[0]!, looks })!;
    expect(caption).toContain("range over units");
    expect(caption).not.toMatch(/95 %|by chance/);
  });

  test("is absent where nothing is compared", () => {
    expect(differences.draw({ ...scene, group: { ...scene.group, comparisons: [] } })).toBeUndefined();
  });
});

describe("the split of the savings", () => {
  const exactly = (mean: number, half = 1): Estimate => ({
    mean,
    low: mean - half,
    high: mean + half,
    kind: "interval",
    n: 20,
  });
  const saving = (policyId: string, against = POLICIES[0] as string): Saving => ({
    policyId,
    against,
    savingUsd: exactly(7),
    parts: {
      priceUsd: exactly(12),
      hoursUsd: exactly(-4),
      freeHoursUsd: exactly(0.5, 2),
      workNotDoneUsd: exactly(-1.5),
    },
  });
  const chartOf = (...savings: readonly Saving[]) =>
    savingSplit.draw({ ...scene, group: { ...scene.group, savings } })!;

  test("stacks the parts at their means, which come to the saving that the dot marks", () => {
    const chart = savingSplit.draw(scene)!;
    expect(scene.group.savings).toHaveLength(3);
    for (const { policyId, savingUsd } of scene.group.savings) {
      const bars = layer(chart, 0).filter(({ label }) => label === policyId);
      expect(bars.map(({ place }) => place)).toEqual([0, 1, 2, 3]);
      expect(bars.reduce((sum, { usd }) => sum + Number(usd), 0)).toBeCloseTo(savingUsd.mean, 6);
      const [dot] = layer(chart, 2).filter(({ label }) => label === policyId);
      expect(dot).toMatchObject({ saving: savingUsd.mean, low: savingUsd.low, high: savingUsd.high });
    }
  });

  test("draws to the left of 0 what costs more: by hand, 12 + 0.5 to the right, 4 + 1.5 to the left", async () => {
    const spec = compile(chartOf(saving(POLICIES[1])).spec as TopLevelSpec).spec;
    const view = new View(parse(spec), { renderer: "none" });
    await view.runAsync();
    const ends = (view.data("data_0") as { part: string; usd_start: number; usd_end: number }[]).map(
      ({ part, usd_start, usd_end }) => [part, Math.min(usd_start, usd_end), Math.max(usd_start, usd_end)],
    );
    expect(ends).toEqual([
      ["priceUsd", 0, 12],
      ["hoursUsd", -4, 0],
      ["freeHoursUsd", 12, 12.5],
      ["workNotDoneUsd", -5.5, -4],
    ]);
  });

  test("fades the part whose interval holds 0, and only that", () => {
    const unsure = layer(chartOf(saving(POLICIES[1])), 0).filter((bar) => bar.unsure);
    expect(unsure.map(({ part }) => part)).toEqual(["freeHoursUsd"]);
  });

  test("keeps the study's order of policies at every point of a sweep, pairs without the baseline last", () => {
    const chart = chartOf(
      saving(POLICIES[3]),
      saving(POLICIES[1], POLICIES[2]),
      saving(POLICIES[2]),
      saving(POLICIES[1]),
    );
    expect(layer(chart, 2).map(({ label }) => label)).toEqual([
      POLICIES[1],
      POLICIES[2],
      POLICIES[3],
      `${POLICIES[1]} against ${POLICIES[2]}`,
    ]);
  });

  test("says what would mislead: negative parts where there are some, work not done, USD that is not USD per work-hour", () => {
    const { caption } = chartOf(saving(POLICIES[1]));
    expect(caption).toMatch(/left of 0 costs more/);
    expect(caption).toMatch(/Work not done is no saving/);
    expect(caption).toMatch(/not USD per hour of work/);
    const positive = saving(POLICIES[1]);
    const parts = { ...positive.parts, hoursUsd: exactly(4), workNotDoneUsd: exactly(1.5) };
    expect(chartOf({ ...positive, parts }).caption).not.toMatch(/left of 0/);
  });

  test("shows the other lines of the bill where they are billed, and does not speak of them where they are not", () => {
    const without = chartOf(saving(POLICIES[1]));
    const { parts } = saving(POLICIES[1]);
    const billed = chartOf({ ...saving(POLICIES[1]), parts: { ...parts, otherUsd: exactly(-2) } });
    const titles = ({ tables }: Chart) => tables[0]!.columns.map(({ title }) => title);
    expect(titles(billed)).toContain("other lines of the bill");
    expect(layer(billed, 0)).toContainEqual(expect.objectContaining({ part: "otherUsd", usd: -2 }));
    expect(JSON.stringify([without.key, titles(without)])).not.toContain("other lines");
  });

  test("is absent where no record says what the savings consist of", () => {
    expect(savingSplit.draw({ ...scene, group: { ...scene.group, savings: [] } })).toBeUndefined();
  });
});

describe("the convergence of the primary comparisons", () => {
  const chart = convergence.draw(scene)!;
  const steps = drawn({ ...chart, spec: layersOf(chart)[1] } as Chart) as { n: number; mean: number; low: number }[];

  test("draws each at every n of the summary, and ends at the result", () => {
    const [first] = scene.group.comparisons;
    const sizes = first!.convergence.map(({ n }) => n);
    expect(steps.map(({ n }) => n)).toEqual([...sizes, ...sizes]); // two primary comparisons
    expect(JSON.stringify(chart.tables[0]!.rows[0])).toContain(
      scaleFor("USD/h", [first!.difference.mean]).formatSigned(first!.difference.mean),
    );
  });

  test("puts smaller values lower on the page, and 0 always into the panel", () => {
    const zero = Number(drawn({ ...chart, spec: layersOf(chart)[0] } as Chart).find(({ text }) => text === "0")!.px);
    for (const { mean, low } of steps.slice(0, 4)) {
      expect(mean).toBeGreaterThan(zero); // both policies cost less than the baseline
      expect(low).toBeGreaterThanOrEqual(mean);
    }
  });

  test("is absent below 6 units, where there is no interval to converge", () => {
    const few = inventedReport({ units: 4 }).summary;
    expect(convergence.draw({ summary: few, group: few.groups[0]!, looks })).toBeUndefined();
  });
});

describe("unit by unit", () => {
  /** Three units of two traces: a beats the baseline on all but the last. */
  const of = (a: readonly (number | null)[], base: readonly number[]) => ({ a, [summary.baseline]: base });
  const traces = [
    { trace: "east", units: ["week 1", "week 2"], values: of([1, 1], [3, 2]) },
    { trace: "west", units: ["week 1"], values: of([4], [3]) },
  ];
  const comparison = { ...scene.group.comparisons[0]!, policyId: "a" };
  const group = {
    ...scene.group,
    traces,
    policies: ["a", summary.baseline].map((policyId) => ({ policyId, metrics: {} })),
    comparisons: [comparison],
  };
  const bars = (chart: Chart) => layer(chart, 0);

  test("shows the differences by hand: -2, -1 and +1, the last one as lost", () => {
    const chart = unitByUnit.draw({ ...scene, group })!;
    expect(bars(chart)).toMatchObject([
      { from: 0.6, to: 1.4, wins: true, tip: expect.stringContaining("\u22122.00 USD/h") },
      { from: 1.6, to: 2.4, wins: true, tip: expect.stringContaining("\u22121.00 USD/h") },
      { from: 2.6, to: 3.4, wins: false, tip: expect.stringContaining("+1.00 USD/h") },
    ]);
    expect(JSON.stringify(chart.spec)).toContain("better on 2 of 3 units; \u22122.00 to +1.00 USD/h");
    expect(chart.tables[0]!.rows.map((row) => row.slice(1))).toEqual([
      ["1.00", "3.00"],
      ["1.00", "2.00"],
      ["4.00", "3.00"],
    ]);
  });

  test("leaves out a unit that either of the two has not finished", () => {
    const holed = [{ ...traces[0]!, values: of([null, 1], [3, 2]) }];
    expect(bars(unitByUnit.draw({ ...scene, group: { ...group, traces: holed } })!)).toMatchObject([{ from: 1.6 }]);
  });

  test("lets neighbours share a bar where there are more units than can be told apart, and never across traces", () => {
    const many = (trace: string, count: number) => ({
      trace,
      units: Array.from({ length: count }, (_, i) => `seed ${i + 1}`),
      values: of(
        Array.from({ length: count }, (_, i) => 3 - (i % 2)),
        Array.from({ length: count }, () => 4),
      ),
    });
    const chart = unitByUnit.draw({ ...scene, group: { ...group, traces: [many("east", 151), many("west", 150)] } })!;
    expect(bars(chart).length).toBeLessThanOrEqual(82);
    expect(chart.caption).toContain("the mean of 4 neighbouring units");
    const ends = bars(chart).map(({ from, to }) => [Number(from) + 0.4, Number(to) - 0.4]);
    expect(ends.some(([first, last]) => first! <= 151 && last! > 151)).toBe(false);
    expect(bars(chart)[0]!.tip).toContain("seed 1 to seed 4, mean\n\u22121.50 USD/h");
  });

  test("is absent where only one unit was run", () => {
    expect(unitByUnit.draw({ ...scene, group: { ...group, traces: traces.slice(1) } })).toBeUndefined();
  });
});

describe("over the sweep", () => {
  const swept = (groups: readonly Readonly<Record<string, unknown>>[]) => ({
    summary: inventedReport({ groups, units: 8 }).summary,
    looks,
  });
  const slots = swept([1, 2, 8].map((count) => ({ "cloud.slotsPerInstance": count })));
  const grid = swept(
    [1, 2].flatMap((count) => ["told", "tried"].map((visibility) => ({ count, "cloud.visibility": visibility }))),
  );

  test.each([
    ["the value", valueOverAxis, 4 * 3],
    ["the difference from the baseline", differenceOverAxis, 3 * 3],
  ] as const)("draws %s of every policy at every value of one numeric axis, at its place", async (_, view, count) => {
    const chart = view.draw(slots)!;
    const points = drawn({ ...chart, spec: layersOf(chart).at(-1) } as Chart);
    expect(points).toHaveLength(count);
    expect(new Set(points.map(({ x }) => x))).toEqual(new Set([1, 2, 8]));
    expect(JSON.stringify(chart.spec)).toMatch(/"type":"linear".*"slots per instance \(cloud\.slotsPerInstance\)"/);
    expect(chart.caption).toMatch(/8 units of inference at each of 3 points.*bootstrap-t/);
    expect(chart.tables[0]!.rows).toHaveLength(3);
    expect((await chartHtml("sweep", chart)).markup).toContain("<svg ");
  });

  test("draws the very means and intervals of the summary", () => {
    const chart = valueOverAxis.draw(slots)!;
    const [group] = slots.summary.groups;
    const { mean, low, high } = group!.policies.find(({ policyId }) => policyId === POLICIES[1])!.metrics
      .usdPerWorkHour!;
    const points = drawn({ ...chart, spec: layersOf(chart).at(-1) } as Chart);
    expect(points).toContainEqual(expect.objectContaining({ policy: POLICIES[1], x: 1, mean, low, high }));
  });

  test("takes a logarithmic axis where values span two orders of magnitude, and words side by side", () => {
    const wide = valueOverAxis.draw(swept([10, 100, 5000].map((everyS) => ({ everyS }))))!;
    expect(JSON.stringify(wide.spec)).toContain('"type":"log"');
    const words = valueOverAxis.draw(swept([{ visibility: "told" }, { visibility: "tried" }]))!;
    expect(JSON.stringify(words.spec)).toMatch(/"xOffset"/);
    expect(words.caption).not.toContain("lines only join");
  });

  test("maps two axes: a row for each value of the second, the baseline's own values first", async () => {
    const chart = sweepMap.draw(grid)!;
    const cells = drawn({ ...chart, spec: layersOf(chart)[0] } as Chart);
    expect(cells).toHaveLength(4 * 4);
    expect(cells.slice(0, 2).map(({ policy, column, change }) => [policy, column, change])).toEqual([
      [POLICIES[0], "1", 0],
      [POLICIES[0], "2", 0],
    ]);
    const { ratio } = grid.summary.groups[0]!.comparisons[0]!;
    expect(cells[4]).toMatchObject({ policy: POLICIES[1], better: true, change: ratio!.mean - 1 });
    expect(cells[4]!.text).toBe(percentChange(ratio!.mean));
    expect(new Set(cells.map(({ top }) => top)).size).toBe(8);
    expect((await chartHtml("map", chart)).markup).toContain("visibility = told");
  });

  test("puts what cannot be told from no change into parentheses, whatever its colour", () => {
    const [first, ...rest] = grid.summary.groups;
    const comparisons = first!.comparisons.map((each) => ({
      ...each,
      ratio: { mean: 0.9, low: 0.7, high: 1.1, kind: "interval" as const, n: 8 },
    }));
    const chart = sweepMap.draw({
      looks,
      summary: { ...grid.summary, groups: [{ ...first!, comparisons }, ...rest] },
    })!;
    const texts = drawn({ ...chart, spec: layersOf(chart)[0] } as Chart).map(({ text }) => text);
    expect(texts).toContain("(\u221210.0\u00A0%)");
  });

  test("draws lines for one axis, a map for more, and neither without a sweep or for an axis of one value", () => {
    const views = [valueOverAxis, differenceOverAxis, sweepMap];
    const which = (of: Parameters<typeof swept>[0]) => views.map((view) => view.draw(swept(of)) !== undefined);
    expect(which([{}])).toEqual([false, false, false]);
    expect(which([{ count: 1 }])).toEqual([false, false, false]);
    expect(which([{ count: 1 }, { count: 2 }])).toEqual([true, true, false]);
    expect(which([1, 2].map((count) => ({ count, seed: 7 })))).toEqual([true, true, false]);
    expect(which([1, 2].flatMap((a) => [1, 2].map((b) => ({ a, b }))))).toEqual([false, false, true]);
  });
});

describe("cost against service", () => {
  const exactly = (mean: number): Estimate => ({ mean, low: mean, high: mean, kind: "interval", n: 9 });
  const chartOf = (points: Readonly<Record<string, readonly [cost: number, share: number, p95H: number]>>) => {
    const policies = Object.entries(points).map(([policyId, [cost, share, p95H]]) => ({
      policyId,
      metrics: { usdPerWorkHour: exactly(cost), completedShare: exactly(share), completionP95H: exactly(p95H) },
    }));
    return costAgainstService.draw({ summary: summary satisfies Summary, group: { ...scene.group, policies }, looks });
  };
  const efficient = (chart: Chart) =>
    drawn(chart)
      .filter((point) => point.efficient)
      .map(({ policy }) => policy);

  test("marks the policies that no other beats: by hand, a and c of a (1, 90 %), b (2, 90 %), c (3, 99 %)", () => {
    expect(efficient(chartOf({ a: [1, 0.9, 5], b: [2, 0.9, 5], c: [3, 0.99, 5] })!)).toEqual(["a", "c"]);
  });

  test("turns to the slowest twentieth where all complete the same share, and less is better there", () => {
    const chart = chartOf({ a: [1, 1, 9], b: [2, 1, 9.5], c: [3, 1, 4] })!;
    expect(chart.title).toMatch(/p95/i);
    expect(efficient(chart)).toEqual(["a", "c"]);
  });

  test("names a crowd in one spot once, and says how many there are", () => {
    const crowd = { a: [1, 0.9, 5], b: [1, 0.9, 5], c: [1, 0.9, 5], d: [1, 0.9, 5], e: [9, 1, 5] } as const;
    expect(drawn(chartOf(crowd)!).map(({ label }) => label)).toEqual(["a and 3 more", "", "", "", "e"]);
  });

  test("keeps the names of close points apart", () => {
    const labels = drawn(chartOf({ a: [1, 0.9, 5], b: [1.001, 0.9001, 5], c: [1.002, 0.9, 5], d: [9, 1, 5] })!);
    const places = labels
      .slice(0, 3)
      .map(({ dy }) => Number(dy))
      .sort((a, b) => a - b);
    expect(places[1]! - places[0]!).toBeGreaterThan(12);
    expect(places[2]! - places[1]!).toBeGreaterThan(12);
  });
});
