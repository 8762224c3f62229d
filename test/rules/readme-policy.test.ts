import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import type { AnyPolicySpec } from "../../policies/contract/policy.ts";
import { readingOnly, resumed, settles } from "../../policies/laws.ts";
import { resolveScenario } from "../../policies/registry.ts";
import { handCloud, run, table } from "../support/runs.ts";
import { readProjectFile, root } from "./project-files.ts";

test("the policy in the README runs as it stands there, in its zone only, and keeps the laws", async () => {
  const source = /```ts\n(.*?)```/s.exec(readProjectFile("README.md").source)?.[1];
  expect(source).toBeDefined();
  // Two folders below the root, like experiments/configs, so that its imports lead where a reader's would.
  mkdirSync(join(root, ".cache"), { recursive: true });
  const folder = mkdtempSync(join(root, ".cache", "readme-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "one-zone.ts"), source!);
  const { oneZone } = (await import(pathToFileURL(join(folder, "one-zone.ts")).href)) as {
    readonly oneZone: AnyPolicySpec;
  };

  // Zone z1 has two instances, none between 5,000 and 7,000 s; z0 is cheaper and has many.
  const zones = table(
    [
      { price: [[0, 0.5]] },
      {
        price: [[0, 1]],
        capacity: [
          [0, 2],
          [5_000, 0],
          [7_000, 2],
        ],
      },
    ],
    86_400,
  );
  for (const visibility of ["told", "tried"] as const) {
    const decisions = resolveScenario(
      { scheduling: { name: "one-zone", params: { zone: "z1" } }, assignment: "earliest-node" },
      [settles(resumed(readingOnly(oneZone)))],
    );
    const { metrics } = run({ table: zones, tasks: { tasks: 3 }, cloud: { ...handCloud, visibility } }, decisions);
    expect(metrics).toMatchObject({ tasksCompleted: 3, onDemandUpHours: 0 });
    expect(metrics.costUsd).toBeCloseTo(metrics.chargedHours!, 9);
    // Two tasks end at 3,660 s. The third begins then and loses its instance; asked again every 64 s from 5,000 s on, the zone
    // grants what is asked at 7,048 s: ready 60 s later, done after another hour.
    expect(metrics.completionMeanH).toBeCloseTo((3_660 + 3_660 + 7_108 + 3_600) / 3 / 3_600, 9);
  }
});
