import { existsSync } from "node:fs";
import { join } from "node:path";
import { kinds } from "../../../experiments/validation/kinds/index.ts";
import type { TargetCase } from "../../../experiments/validation/target-file.ts";
import { root } from "../../rules/project-files.ts";

/** The published cases beside the project. Nothing of them is in the tree. */
export const targetsRoot = join(root, "..", "shared", "targets");

export const targetsMissing = !existsSync(targetsRoot) && process.env.REQUIRE_ALL !== "1";
if (targetsMissing) {
  console.warn("SKIPPED: published cases, ../shared/targets is not there; REQUIRE_ALL=1 makes them fail");
}

/** What a kind computes. */
export const computed = (kind: string, inputs: unknown, params: unknown = {}) =>
  kinds.find(({ name }) => name === kind)!.compute(inputs, params);

/** A case that passes, and what is wrong with it in a test. */
export const targetCase = (parts: Partial<TargetCase> = {}): TargetCase => ({
  id: "holm-two",
  kind: "holm",
  inputs: { p: [0.01, 0.04] },
  params: {},
  expect: { adjusted: [0.02, 0.04] },
  tolerance: { abs: 1e-12, rel: 0 },
  ...parts,
});

/** As a file, a case a line: the first in line 6. */
export function targetFile(cases: readonly unknown[], parts: object = {}): string {
  const about = { formatVersion: 1, suite: "invented", dataRoot: ["data"], semantics: {}, ...parts };
  const lines = Object.entries(about).flatMap(([key, value]) =>
    value === undefined ? [] : [`"${key}": ${JSON.stringify(value)}`],
  );
  return `{${[...lines, '"cases": ['].join(",\n")}\n${cases.map((each) => JSON.stringify(each)).join(",\n")}]}\n`;
}
