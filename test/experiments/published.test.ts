import { basename } from "node:path";
import fc from "fast-check";
import pc from "picocolors";
import { describe, expect, test } from "vitest";
import { judged } from "../../experiments/published/judge.ts";
import {
  type Expected,
  expectedSchema,
  type Published,
  publishedSchema,
} from "../../experiments/published/published-schema.ts";
import { publishedTable } from "../../experiments/published/published-table.ts";
import { changeOf, measured, type SweepPoint } from "../../experiments/published/quantity.ts";
import { createResamples } from "../../experiments/statistics/resamples.ts";
import { loadStudy } from "../../experiments/study.ts";
import { studyFile } from "./support/studies.ts";

const resamples = createResamples("test");

/** One point of a sweep: cost of each policy, unit by unit. */
const point = (costs: Readonly<Record<string, readonly number[]>>, axes: SweepPoint["axes"] = {}): SweepPoint => ({
  axes,
  units: new Map(
    Object.entries(costs).map(([policy, values]) => [
      policy,
      new Map(values.map((costUsd, i) => [`seed ${i + 1}`, { costUsd }])),
    ]),
  ),
});

const figure = (changes: Partial<Published>): Published =>
  publishedSchema.parse({
    id: "f",
    claim: "a claim",
    source: "a paper",
    value: 0.5,
    within: 0.05,
    ours: { metric: "costUsd", policy: "spot", as: "saving" },
    ...changes,
  });

const judge = (published: Published | Expected, points: readonly SweepPoint[], replicates = 1) =>
  judged([published], { baseline: "base", points, replicates, resamples })[0]!;

/** Eight units: spot costs 0.4 of the base, give or take 1 %. */
const base = [100, 110, 90, 105, 95, 120, 80, 100];
const spot = base.map((usd, i) => usd * (0.4 + 0.004 * (i % 2 === 0 ? 1 : -1)));
const points = [point({ base, spot })];

describe("what a study says of a published figure", () => {
  test("a saving is 1 minus the ratio of sums, its interval turned round", () => {
    const { ours, unit, quantity } = judge(figure({}), points);
    const sum = (values: readonly number[]) => values.reduce((total, each) => total + each, 0);
    expect(ours!.mean).toBeCloseTo(1 - sum(spot) / sum(base), 12);
    expect(ours!.low).toBeLessThan(ours!.mean);
    expect(ours!.high).toBeGreaterThan(ours!.mean);
    expect({ unit, quantity }).toEqual({ unit: "share", quantity: "cost of spot, saving against base" });
  });

  test.each([
    ["holds where the whole interval lies within the tolerance", { value: 0.62, within: 0.05 }, "holds", -0.02],
    ["does not where it lies wholly outside", { value: 0.799, within: 0.02 }, "does not hold", -0.199],
    ["cannot be told where the tolerance ends inside the interval", { value: 0.6, within: 0.001 }, "cannot be told", 0],
    ["holds inside a range", { value: { from: 0.5, to: 0.7 }, within: 0 }, "holds", 0],
    [
      "is off by what is missing to the nearer end of a range",
      { value: { from: 0.7, to: 0.9 }, within: 0 },
      "does not hold",
      -0.1,
    ],
    ["holds above a lower end", { value: { from: 0.5 }, within: 0 }, "holds", 0],
    ["does not above an upper end", { value: { to: 0.5 }, within: 0 }, "does not hold", 0.1],
  ])("a figure %s", (_, changes, verdict, offBy) => {
    const found = judge(figure(changes), points);
    expect(found.verdict).toBe(verdict);
    expect(found.offBy).toBeCloseTo(offBy, 3);
  });

  test("five units give a range, and no verdict", () => {
    const few = [point({ base: base.slice(0, 5), spot: spot.slice(0, 5) })];
    expect(judge(figure({ value: 0.1 }), few)).toMatchObject({ verdict: "cannot be told", ours: { kind: "range" } });
  });

  test("units without the metric give none of it, and no verdict", () => {
    const found = judge(figure({ ours: { metric: "reclaims", policy: "spot", as: "saving", at: {} } }), points);
    expect(found).toMatchObject({ ours: null, runs: null, offBy: null, verdict: "cannot be told" });
  });

  test("a single run's figure holds among the middle 95 % of runs, however far from their mean", () => {
    // 1 to 101: the middle 95 % is 3.5 to 98.5, the interval of the mean about 45 to 57.
    const runs = [point({ base: Array.from({ length: 101 }, (_, i) => i + 1) })];
    const one = (value: number) =>
      judge(
        figure({ value, of: "oneRun", within: 0, ours: { metric: "costUsd", policy: "base", as: "mean", at: {} } }),
        runs,
      );
    expect(one(4)).toMatchObject({ verdict: "holds", offBy: 47, runs: { n: 101, low: 3.5, median: 51, high: 98.5 } });
    expect(one(4).runs!.shareAtLeast).toBeCloseTo(98 / 101, 12);
    expect(one(3).verdict).toBe("does not hold");
    expect(one(99).verdict).toBe("does not hold");
  });

  test("39 runs do not show where the middle 95 % of runs lies, and means of replicates are no runs", () => {
    const ours = { metric: "costUsd", policy: "base", as: "mean", at: {} } as const;
    const runs = (n: number) => [point({ base: Array.from({ length: n }, (_, i) => i + 1) })];
    const draw = figure({ value: 20, of: "oneRun", within: 0, ours });
    expect(judge(draw, runs(39)).verdict).toBe("cannot be told");
    expect(judge(draw, runs(40)).verdict).toBe("holds");
    expect(judge(draw, runs(40), 2)).toMatchObject({ runs: null, verdict: "cannot be told" });
  });

  test("a quantity is read at the point of the sweep that it names", () => {
    const swept = [point({ base, spot }, { slots: 1 }), point({ base, spot: base }, { slots: 2 })];
    const at = (slots: number) => ({ metric: "costUsd", policy: "spot", as: "ratio", at: { slots } }) as const;
    expect(judge(figure({ ours: at(1) }), swept).ours!.mean).toBeCloseTo(0.4, 2);
    expect(judge(figure({ ours: at(2) }), swept).ours).toMatchObject({ mean: 1, low: 1, high: 1 });
  });
});

test("a quantity may be held against another point of the sweep, on the same units", () => {
  const swept = [point({ base, spot }, { slots: 1 }), point({ base, spot: base }, { slots: 2 })];
  const ours = { metric: "costUsd", policy: "spot", as: "saving", against: "spot", at: { slots: 1 } } as const;
  expect(judge(figure({ ours }), swept).ours!.mean).toBe(0);
  const found = judge(figure({ ours: { ...ours, againstAt: { slots: 2 } } }), swept);
  expect(found.ours!.mean).toBeCloseTo(0.6, 2);
  expect(found.quantity).toBe("cost of spot (slots 1), saving against spot (slots 2)");
});

test("what a study expects is judged as what others published, and has no source", () => {
  const expected = expectedSchema.parse({ id: "e", claim: "half", value: { from: 0.5 }, ours: figure({}).ours });
  expect(judge(expected, points)).toMatchObject({ verdict: "holds", source: null });
});

describe("the way from a figure to ours", () => {
  test("each step adds the difference of its level to the one before, and a step that changes nothing adds 0", () => {
    const half = base.map((usd) => usd / 2);
    const swept = [point({ base, spot, half })];
    const to = (policy: string) => ({ metric: "costUsd", policy, as: "saving", at: {} }) as const;
    const { steps } = judge(
      figure({
        ours: to("spot"),
        steps: [
          { label: "half", ours: to("half") },
          { label: "again", ours: to("half") },
          { label: "spot", ours: to("spot") },
        ],
      }),
      swept,
    );
    expect(steps.map(({ change }) => change?.mean ?? null)).toEqual([
      null,
      0,
      expect.closeTo(steps[2]!.ours!.mean - 0.5, 12),
    ]);
    expect(steps[1]!.change).toMatchObject({ low: 0, high: 0 });
  });

  test("a step between ratios over the same sums has the interval of the ratio of their difference", () => {
    const half = base.map((usd) => usd / 2);
    const swept = [point({ base, spot, half, both: spot.map((usd, i) => half[i]! - usd) })];
    const to = (policy: string, as: "saving" | "ratio") => ({ metric: "costUsd", policy, as, at: {} }) as const;
    const [from, here, whole] = [to("half", "saving"), to("spot", "saving"), to("both", "ratio")].map(
      (quantity) => measured(quantity, "base", swept, resamples)!,
    );
    const step = changeOf(from!, here!, resamples)!;
    for (const end of ["mean", "low", "high"] as const) expect(step[end]).toBeCloseTo(whole!.estimate[end], 9);
  });

  test("what a quantity's units add up to has the quantity as its ratio, whatever they are", () => {
    const usd = fc.double({ min: 0.1, max: 1000, noNaN: true });
    const units = fc.array(fc.tuple(usd, usd), { minLength: 2, maxLength: 5 });
    fc.assert(
      fc.property(units, fc.constantFrom("mean", "difference", "ratio", "saving"), (pairs, as) => {
        const costs = point({ base: pairs.map(([usd]) => usd), spot: pairs.map(([, usd]) => usd) });
        const { estimate, sums } = measured(
          { metric: "costUsd", policy: "spot", as, at: {} },
          "base",
          [costs],
          resamples,
        )!;
        const total = (k: 0 | 1) => [...sums.values()].reduce((sum, each) => sum + each[k], 0);
        expect(total(0) / total(1)).toBeCloseTo(estimate.mean, 6);
      }),
    );
  });
});

describe("a study with a published figure that cannot be compared is refused, with the place", () => {
  const study = (entry: string, more: readonly (readonly [string, string])[] = []): string[] => {
    const path = studyFile([...more, ["baseline: on-demand\n", `baseline: on-demand\npublished:\n  - ${entry}\n`]]);
    try {
      loadStudy(path);
    } catch (error) {
      return (error as Error).message.split("\n").map((line) => line.replaceAll(path, basename(path)));
    }
    return [];
  };
  const written = (ours: string, more = "within: 0.1") =>
    `{ id: f, claim: c, source: s, value: 0.5, ${more}, ours: { metric: costUsd, policy: greedy, ${ours} } }`;

  test("and one that can is not", () => expect(study(written("as: saving"))).toEqual([]));

  test.each([
    [
      "a policy that is not compared",
      written("as: saving, against: ondemand"),
      'expected "on-demand" or "greedy", found "ondemand"; did you mean "on-demand"?',
    ],
    ["a metric that there is not", written("as: saving, againstMetric: costUSD"), 'did you mean "costUsd"?'],
    [
      "a mean against something",
      written("against: on-demand"),
      "a mean has nothing it is against; say difference, ratio or saving",
    ],
    ["an axis that is not swept", written("as: saving, at: { cloud.slots: 1 }"), "published.0.ours.at.cloud.slots"],
    [
      "no tolerance around a single number",
      written("as: saving", "within: 0"),
      "published.0.within: is missing; no interval lies within a single number",
    ],
  ])("%s", (_, entry, text) => {
    const [fault, ...others] = study(entry);
    expect(fault).toMatch(/^study\.yaml:\d+:\d+: published\.0\./);
    expect(fault).toContain(text);
    expect(others).toEqual([]);
  });

  test("several points of the sweep at once, or none", () => {
    const sweep = [
      ["baseline: on-demand\n", "sweep: { cloud.slotsPerInstance: [1, 2] }\nbaseline: on-demand\n"],
    ] as const;
    expect(study(written("as: saving"), sweep)[0]).toContain(
      "published.0.ours.at: names several points of the sweep; add cloud.slotsPerInstance",
    );
    expect(study(written("as: saving, at: { cloud.slotsPerInstance: 3 }"), sweep)[0]).toContain(
      "published.0.ours.at.cloud.slotsPerInstance: the sweep's values there are 1, 2",
    );
    expect(study(written("as: saving, at: { cloud.slotsPerInstance: 2 }"), sweep)).toEqual([]);
  });

  test("steps that arrive elsewhere than at the figure's own quantity", () => {
    const steps = "within: 0.1, steps: [{ label: l, ours: { metric: costUsd, policy: greedy, as: ratio } }]";
    expect(study(written("as: saving", steps))[0]).toContain(
      "published.0.steps.0.ours: differs from the figure's own `ours`, at which the steps must arrive",
    );
  });
});

test("the table for a terminal shows figure, ours, verdict and reason, and counts the verdicts", () => {
  const figures = judged(
    [figure({ id: "one", why: "the price" }), figure({ id: "two", value: { from: 0.5 }, within: 0 })],
    {
      baseline: "base",
      points,
      replicates: 1,
      resamples,
    },
  );
  const text = publishedTable(figures, pc.createColors(false));
  expect(text).toMatch(/│ one +│ +50 % │ +60\.0 % │ +\+10\.0 │ does not hold │/);
  expect(text).toMatch(/│ two +│ +at least 50 % │ +60\.0 % │ +0 │ holds +│/);
  expect(text).toContain("one: the price");
  expect(text).toMatch(/Published figures: 1 does not hold, 1 holds\.$/);
  expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
});
