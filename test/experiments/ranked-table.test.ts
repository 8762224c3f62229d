import pc from "picocolors";
import { expect, test } from "vitest";
import { rankedTables } from "../../experiments/ranked-table.ts";
import type { Comparison, Estimate, Summary } from "../../experiments/summary.ts";

const shown = (found: Summary): string => rankedTables(found, pc.createColors(false));

const estimate = (mean: number, kind: Estimate["kind"] = "interval"): Estimate => ({
  mean,
  low: mean - 0.1,
  high: mean + 0.1,
  kind,
  n: 20,
});

function summary(
  names: readonly [string, string],
  kind: Estimate["kind"] = "interval",
  metric = "usdPerWorkHour",
): Summary {
  const comparison: Comparison = {
    metric,
    policyId: names[0],
    against: names[1],
    role: "primary",
    n: 20,
    difference: estimate(-2.06, kind),
    ratio: estimate(0.333, kind),
    p: 0.001,
    pHolm: 0.001,
    pSmallest: 0.001,
    convergence: [],
    betterShare: null,
    detectable: null,
    correlation: 0.5,
  };
  const policies = names.map((policyId, i) => ({
    policyId,
    metrics: { [metric]: estimate(1.03 + 2.06 * i, kind), completedShare: estimate(0.968, kind) },
  }));
  const group = {
    units: 20,
    replicates: 1,
    policies,
    comparisons: [comparison],
    savings: [],
    traces: [],
    answer: "The first one.",
  };
  return {
    question:
      "Which policy is cheapest at which service, by how much, and how sure is that, when the line is longer than a terminal is wide?",
    baseline: names[1],
    primaryMetric: metric,
    better: "lower",
    groups: [{ ...group, axes: {} }],
    look: null,
    sweepAnswers: [],
    variance: [],
    published: [],
    expected: [],
    warnings: ["too few"],
    cells: { ok: 40, failed: 0 },
  };
}

test("shows value, difference to the baseline and their intervals, best first", () => {
  const text = shown(summary(["greedy", "on-demand"]));
  expect(text).toMatch(/│ +1 │ greedy +│ +1\.030 │ +-2\.060 \(-66\.7 %\) │ +96\.8 % │/);
  expect(text).toMatch(/\[0\.930, 1\.130\].*\[-2\.160, -1\.960\]/);
  expect(text).toMatch(/│ +2 │ on-demand +│ +3\.090 │ +baseline │/);
  expect(text).toMatch(/The first one\./);
  expect(text).toMatch(/warning: too few/);
});

test("a range is not printed like an interval", () => {
  const text = shown(summary(["greedy", "on-demand"], "range"));
  expect(text).toMatch(/0\.930 to 1\.130/);
  expect(text).not.toMatch(/\[0\.930/);
});

test.each(["usdPerWorkHour", "completedShare"])(
  "no line is wider than 100 columns, whatever the names (%s)",
  (metric) => {
    const long = "with-capacity-memory(with-safety-net(a-policy-of-a-very-long-name)) + kuhn-munkres";
    const text = shown(summary([long, "x".repeat(120)], "interval", metric));
    expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(text).toContain("with-capacity-memory(");
  },
);
