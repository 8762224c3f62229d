import { describe, expect, test } from "vitest";
import type { Cell } from "../../experiments/grid.ts";
import type { StoredCell } from "../../experiments/store.ts";
import type { Summary } from "../../experiments/summary.ts";
import { worthTracing } from "../../experiments/worth-tracing.ts";

/** Costs by policy and unit, and the summary that ranks the policies in the order given. */
function study(costs: Readonly<Record<string, readonly (number | undefined)[]>>, baseline: string) {
  const ids = Object.keys(costs);
  const cells = ids.flatMap((policyId) =>
    costs[policyId]!.map((_, unit) => ({
      key: `${policyId} ${unit}`,
      spec: { policyId, trace: "t", unit: `seed ${unit + 1}`, replicate: 0, axes: {} },
    })),
  ) as unknown as Cell[];
  const stored = new Map(
    cells.flatMap(({ key, spec }) => {
      const costUsd = costs[spec.policyId]![Number(spec.unit.slice(5)) - 1];
      return costUsd === undefined ? [] : [[key, { result: { metrics: { costUsd }, fingerprint: `of ${key}` } }]];
    }),
  ) as unknown as Map<string, StoredCell>;
  const groups = [{ axes: {}, policies: ids.map((policyId) => ({ policyId, metrics: {} })) }];
  const summary = { groups, baseline, primaryMetric: "costUsd" } as unknown as Summary;
  return worthTracing(cells, stored, summary).map(({ cell, fingerprint }) => [cell.key, fingerprint]);
}

describe("the runs that are drawn in detail", () => {
  test("are the best policy's and the baseline's on the unit whose difference is nearest to the mean", () => {
    // Differences -1, -9 and -6; their mean is -5.3.
    expect(study({ best: [9, 1, 4], base: [10, 10, 10] }, "base")).toEqual([
      ["best 2", "of best 2"],
      ["base 2", "of base 2"],
    ]);
  });

  test("are the next best policy's where the baseline is best itself", () => {
    expect(study({ base: [1], next: [2], last: [3] }, "base").map(([key]) => key)).toEqual(["base 0", "next 0"]);
  });

  test("stand on a unit that both have done", () => {
    expect(study({ best: [undefined, 1, 8], base: [10, undefined, 10] }, "base").map(([key]) => key)).toEqual([
      "best 2",
      "base 2",
    ]);
  });

  test("are none where the two have no unit in common, and one where there is one policy", () => {
    expect(study({ best: [undefined, 1], base: [10, undefined] }, "base")).toEqual([]);
    expect(study({ only: [1, 2] }, "only").map(([key]) => key)).toEqual(["only 0"]);
  });
});
