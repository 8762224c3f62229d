import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { CodeDigests } from "../../experiments/closure.ts";
import { assignmentStrategies } from "../../policies/assignment/index.ts";
import { schedulingPolicies } from "../../policies/scheduling/index.ts";
import { wrappers } from "../../policies/wrappers/index.ts";
import { root } from "../rules/project-files.ts";
import { scratchFolder } from "./support/studies.ts";

/** The parts of the workbench whose code is digested, in a folder of its own. */
function copiedTree(): string {
  const copy = scratchFolder();
  for (const part of ["policies", "sim", "traces", "experiments", "package.json"])
    cpSync(join(root, part), join(copy, part), { recursive: true });
  for (const name of ["zod", "seedrandom"]) {
    mkdirSync(join(copy, "node_modules", name), { recursive: true });
    writeFileSync(join(copy, "node_modules", name, "package.json"), JSON.stringify({ version: "1.0.0" }));
  }
  return copy;
}

function append(tree: string, file: string): void {
  writeFileSync(join(tree, file), `${readFileSync(join(tree, file), "utf8")}\n// edited\n`);
}

async function digests(tree: string) {
  const code = new CodeDigests(tree, tree);
  return {
    engine: await code.engine(),
    greedy: await code.scenario({ scheduling: "greedy", assignment: "earliest-node" }),
    onDemandOnly: await code.scenario({ scheduling: "on-demand-only", assignment: "earliest-node" }),
    wrapped: await code.scenario({
      scheduling: "greedy",
      wrappers: [{ name: "with-capacity-memory" }],
      assignment: "earliest-node",
    }),
    matched: await code.scenario({ scheduling: "on-demand-only", assignment: "kuhn-munkres" }),
  };
}

test.each([
  ["policies/scheduling/greedy.ts", ["greedy", "wrapped"]],
  ["policies/wrappers/with-capacity-memory.ts", ["wrapped"]],
  ["policies/assignment/kuhn-munkres.ts", ["matched"]],
  // What it imports counts as its own; the engine maps layouts with it too.
  ["policies/assignment/assignment-solver.ts", ["engine", "matched"]],
  ["sim/meter.ts", ["engine"]],
  ["traces/columns.ts", ["engine"]],
  ["policies/registry.ts", ["engine"]],
  // The lists: adding a policy changes no cell.
  ["policies/scheduling/index.ts", []],
  // Other formats of traces change tables, not the engine.
  ["traces/formats/aws-price-history.ts", []],
  ["experiments/cli.ts", []],
])("editing %s changes the digests %j and no other", async (file, changed) => {
  const tree = copiedTree();
  const before = await digests(tree);
  append(tree, file);
  const after = await digests(tree);
  const names = Object.keys(before) as (keyof typeof before)[];
  expect(names.filter((name) => before[name] !== after[name])).toEqual(expect.arrayContaining(changed));
  expect(names.filter((name) => before[name] !== after[name])).toHaveLength(changed.length);
});

test("the same code has the same digests in another folder; another version of a package has others", async () => {
  const [one, other] = [copiedTree(), copiedTree()];
  expect(await digests(one)).toEqual(await digests(other));
  writeFileSync(join(other, "node_modules", "seedrandom", "package.json"), JSON.stringify({ version: "1.0.1" }));
  expect((await digests(one)).engine).not.toBe((await digests(other)).engine);
});

test("every listed policy, wrapper and assignment strategy lies where its name says", async () => {
  const code = new CodeDigests(root, root);
  for (const { name: scheduling } of schedulingPolicies) {
    for (const { name: assignment } of assignmentStrategies) {
      await code.scenario({ scheduling, wrappers: wrappers.map(({ name }) => ({ name })), assignment });
    }
  }
});

test("a file of the user's own counts with what it imports, and may import nothing that is computed", async () => {
  const folder = scratchFolder();
  const digest = () => new CodeDigests(root, folder).scenario({ scheduling: "./mine.ts", assignment: "earliest-node" });
  await expect(digest()).rejects.toThrow(/cannot read .*mine\.ts/);
  writeFileSync(join(folder, "mine.ts"), 'export * from "./part.ts";\n');
  writeFileSync(join(folder, "part.ts"), "export const a = 1;\n");
  const before = await digest();
  writeFileSync(join(folder, "part.ts"), "export const a = 2;\n");
  expect(await digest()).not.toBe(before);
  writeFileSync(join(folder, "part.ts"), "const name = './x.ts';\nexport const b = () => import(name);\n");
  await expect(digest()).rejects.toThrow(/part\.ts:2: import\(\) of a computed name; write the name out/);
  writeFileSync(join(folder, "part.ts"), 'export const b = () => import("./c.ts");\n');
  await expect(digest()).rejects.toThrow(/part\.ts:1: cannot read .*c\.ts/);
});
