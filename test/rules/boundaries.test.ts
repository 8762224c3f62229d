import { describe, expect, test } from "vitest";
import { importsOf } from "../../experiments/import-graph.ts";
import { folderOf, importFaults, impurities, type ProjectFile, styleFaults } from "./boundaries.ts";
import { projectPaths, readProjectFile } from "./project-files.ts";

const FOLDERS = ["policies", "traces", "sim", "experiments", "reports", "orchestrator", "test", "bench"];
const modules = projectPaths()
  .filter((file) => FOLDERS.includes(folderOf(file)) && /\.(ts|mjs|json)$/.test(file))
  .map(readProjectFile);
const code = modules.filter(({ file }) => !file.endsWith(".json"));

describe("the project", () => {
  // A checker that silently reads nothing has passed before.
  test.each(FOLDERS)("%s/ was read: it has modules and imports", (folder) => {
    const inFolder = code.filter(({ file }) => folderOf(file) === folder);
    expect(inFolder.length).toBeGreaterThan(0);
    expect(inFolder.flatMap(({ source }) => importsOf(source)).length).toBeGreaterThan(0);
  });

  test("imports only in the directions of the architecture", () => {
    expect(importFaults(modules)).toEqual([]);
  });

  test("reads no clock, chance, process, environment or locale in policies/ and sim/", () => {
    expect(code.flatMap(impurities)).toEqual([]);
  });

  test("has no default export, no enum and no import for its side effect", () => {
    expect(code.flatMap(styleFaults)).toEqual([]);
  });
});

describe("the checker", () => {
  const empty = (file: string): ProjectFile => ({ file, source: "" });
  const targets = [
    "policies/contract/view.ts",
    "policies/registry.ts",
    "traces/table.ts",
    "sim/simulate.ts",
    "sim/simulation.ts",
    "experiments/grid.ts",
    "experiments/record.ts",
    "reports/page.ts",
    "orchestrator/loop.ts",
  ].map(empty);
  const faultsOf = (file: string, source: string) => importFaults([{ file, source }, ...targets]);

  const FORBIDDEN: readonly (readonly [string, string])[] = [
    ["policies/a.ts", "../traces/table.ts"],
    ["policies/a.ts", "../sim/simulate.ts"],
    ["policies/a.ts", "node:fs"],
    ["policies/a.ts", "yaml"],
    ["traces/a.ts", "../policies/registry.ts"],
    ["traces/a.ts", "../sim/simulate.ts"],
    ["sim/a.ts", "../orchestrator/loop.ts"],
    ["sim/a.ts", "../experiments/record.ts"],
    ["sim/deep/a.ts", "../../experiments/record.ts"],
    ["sim/a.ts", "node:worker_threads"],
    ["sim/a.ts", "node:fs/promises"],
    ["experiments/a.ts", "../reports/page.ts"],
    ["experiments/a.ts", "../orchestrator/loop.ts"],
    ["reports/a.ts", "../experiments/grid.ts"],
    ["reports/a.ts", "../sim/simulate.ts"],
    ["reports/a.ts", "../policies/registry.ts"],
    ["orchestrator/a.ts", "../sim/simulation.ts"],
    ["orchestrator/a.ts", "../experiments/record.ts"],
  ];
  test.each(FORBIDDEN)("finds a planted import from %s of %s, in any form", (file, specifier) => {
    const forms = [
      `import { a } from "${specifier}";`,
      `import type { A } from "${specifier}";`,
      `export * from "${specifier}";`,
      `const a = await import("${specifier}");`,
    ];
    for (const form of forms)
      expect(faultsOf(file, `\n${form}`)).toEqual([expect.stringContaining(`${file}:2: imports`)]);
  });

  const ALLOWED: readonly (readonly [string, string])[] = [
    ["policies/a.ts", "zod"],
    ["policies/a.ts", "./contract/view.ts"],
    ["traces/a.ts", "../policies/contract/view.ts"],
    ["traces/a.ts", "node:fs"],
    ["sim/a.ts", "../policies/registry.ts"],
    ["sim/a.ts", "../traces/table.ts"],
    ["experiments/a.ts", "../sim/simulate.ts"],
    ["experiments/main.ts", "../reports/page.ts"],
    ["reports/a.ts", "../experiments/record.ts"],
    ["reports/a.ts", "../sim/simulation.ts"],
    ["orchestrator/a.ts", "../policies/registry.ts"],
    ["test/parity/a.ts", "../../orchestrator/loop.ts"],
    ["bench/a.ts", "../sim/simulate.ts"],
  ];
  test.each(ALLOWED)("lets %s import %s", (file, specifier) => {
    expect(faultsOf(file, `import { a } from "${specifier}";`)).toEqual([]);
  });

  test("finds an import without an extension, and one that leads nowhere", () => {
    expect(faultsOf("sim/a.ts", 'import "./simulate";')).toEqual([
      "sim/a.ts:1: imports ./simulate without its extension",
    ]);
    expect(faultsOf("sim/a.ts", 'import "./gone.ts";')).toEqual([
      "sim/a.ts:1: imports sim/gone.ts, which is not there",
    ]);
  });

  test("exempts a line only where a reason stands on it or above it", () => {
    const forbidden = 'import { a } from "../orchestrator/loop.ts";';
    expect(faultsOf("sim/a.ts", `${forbidden} // boundary-ok: a test of this checker`)).toEqual([]);
    expect(faultsOf("sim/a.ts", `// boundary-ok: a test of this checker\n${forbidden}`)).toEqual([]);
    expect(faultsOf("sim/a.ts", `${forbidden} // boundary-ok:`)).toHaveLength(1);
    expect(faultsOf("sim/a.ts", `// boundary-ok: too far above\n\n${forbidden}`)).toHaveLength(1);
  });

  test.each([
    "const nowMs = Date.now();",
    "const u = Math.random();",
    'const u = Math["random"]();',
    "const { random } = Math;",
    "setTimeout(() => {}, 0);",
    "const t = performance.now();",
    "const home = process.env.HOME;",
    "const d = globalThis.Date;",
    "const here = import.meta.dirname;",
    "names.sort((a, b) => a.localeCompare(b));",
    "const text = `${" + "Date.now()}`;",
  ])("finds in sim/ and policies/: %s", (line) => {
    for (const file of ["sim/a.ts", "policies/a.ts"]) {
      expect(impurities({ file, source: `\n${line}` })[0]).toContain(`${file}:2: uses`);
    }
    expect(impurities({ file: "experiments/a.ts", source: line })).toEqual([]);
  });

  test("finds a logarithm in policies/, and lets the simulated cloud draw with one", () => {
    expect(impurities({ file: "policies/a.ts", source: "const a = Math.log(2);" })).toHaveLength(1);
    expect(impurities({ file: "sim/a.ts", source: "const a = Math.log(2);" })).toEqual([]);
  });

  test("is not misled by comments, strings and members of the same name", () => {
    const source =
      '/** Date.now() */ const a = "Math.random()"; // process\nconst b = job.process.Date, c = Math.floor(a);';
    expect(impurities({ file: "sim/a.ts", source })).toEqual([]);
  });

  test("finds default exports, enums and imports for their side effect", () => {
    const faults = (source: string) => styleFaults({ file: "sim/a.ts", source });
    for (const source of [
      "export default 1;",
      "export { a as default };",
      "enum A { b }",
      "const enum A { b }",
      'import "./b.ts";',
    ]) {
      expect(faults(source), source).toHaveLength(1);
    }
    expect(faults('import { default as a } from "b"; const c = { enum: 1, default: "export default 1" };')).toEqual([]);
  });
});
