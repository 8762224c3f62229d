import { basename, dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { ownPolicyOf } from "../../experiments/own-policy.ts";
import { settles } from "../../policies/laws.ts";
import { resolveScenario } from "../../policies/registry.ts";
import { handCloud, run, table } from "../support/runs.ts";

// The worlds, and the bills worked out by hand, of the same policy in TypeScript; see there.

const file = fileURLToPath(new URL("../../experiments/templates/template-policy.py", import.meta.url));
const own = await ownPolicyOf({ scheduling: `./${basename(file)}` }, dirname(file));
afterAll(() => own!.end!());

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
  // A law of the contract; a study holds it against all of them before it runs.
  const decisions = resolveScenario({ scheduling: own!.spec.name, assignment: "earliest-node" }, [settles(own!.spec)]);
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
