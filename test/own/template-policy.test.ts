import { describe, expect, test } from "vitest";
import { templatePolicy } from "../../experiments/templates/template-policy.ts";
import { readingOnly, resumed, settles } from "../../policies/laws.ts";
import { resolveScenario } from "../../policies/registry.ts";
import { handCloud, run, table } from "../support/runs.ts";

// A launch is answered after 4 s, billed from 44 s and ready at 60 s; a notice comes 120 s before the end. So each bill can be
// worked out by hand.

/** Two zones for a day: z0 is cheaper and loses its capacity at 5,000 s for 2,000 s. */
const zones = table(
  [
    {
      price: [[0, 0.5]],
      capacity: [
        [0, 4],
        [5_000, 0],
        [7_000, 4],
      ],
    },
    { price: [[0, 1]], capacity: [[0, 4]] },
  ],
  86_400,
);

describe.each(["told", "tried"] as const)("template-policy, where what would be granted is %s", (visibility) => {
  // The laws of the contract: it settles, resumes from its memory, and only reads its view.
  const decisions = resolveScenario({ scheduling: "template-policy", assignment: "earliest-node" }, [
    settles(resumed(readingOnly(templatePolicy))),
  ]);
  const cloud = { ...handCloud, visibility };

  test("runs tasks of an hour at once, in the cheaper zone", () => {
    const { metrics } = run({ table: zones, tasks: { tasks: 3 }, cloud }, decisions);
    expect(metrics).toMatchObject({ tasksCompleted: 3, onDemandUpHours: 0 });
    // Billed from 44 s to 3,660 s, each, at 0.5 USD/h.
    expect(metrics.costUsd).toBeCloseTo((3 * 0.5 * (3_660 - 44)) / 3_600, 9);
  });

  test("after a reclaim it goes to the zone that has had none", () => {
    const { metrics } = run({ table: zones, tasks: { workH: { kind: "constant", value: 2 } }, cloud }, decisions);
    // Told at 5,000 s that it will be lost; begun anew at once elsewhere, 60 s to be ready and two hours of work.
    expect(metrics.completionMeanH).toBeCloseTo((5_000 + 60 + 7_200) / 3_600, 9);
  });
});
