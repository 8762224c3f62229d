import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { scratchFolder } from "../experiments/support/studies.ts";
import { root } from "../rules/project-files.ts";
import { copiedTree, start } from "../support/command.ts";

const run = (args: readonly string[], cwd: string, tree = root) =>
  start("experiments/main.ts", args, { cwd, tree }).ended;

describe("init", () => {
  test("writes a study that runs as it is and names its schema; one that is there stays as it is", async () => {
    const cwd = scratchFolder();
    expect(await run(["init", "mine.yaml"], cwd)).toMatchObject({
      code: 0,
      out: "wrote mine.yaml; what it would run: npm run experiment -- mine.yaml --dry-run\n",
    });
    const text = readFileSync(join(cwd, "mine.yaml"), "utf8");
    const schema = /^# yaml-language-server: \$schema=(.*)$/m.exec(text)![1]!;
    expect(resolve(dirname(join(cwd, "mine.yaml")), schema)).toBe(
      join(root, "experiments", "configs", "study.schema.json"),
    );
    const ended = await run(
      ["mine.yaml", "--set", "traces.mine.windows.seeds=2", "--set", "workload.params.tasks=5"],
      cwd,
    );
    expect(ended.code).toBe(0);
    expect(ended.err).toContain("6 cells: 0 stored in results/mine");

    writeFileSync(join(cwd, "mine.yaml"), "mine");
    const { code, err } = await run(["init", "mine.yaml"], cwd);
    expect({ code, err }).toEqual({
      code: 2,
      err: "UsageError: mine.yaml is there already; name another, or delete it\n",
    });
    expect(readFileSync(join(cwd, "mine.yaml"), "utf8")).toBe("mine");
  });
});

/** The workbench with what tests of policies of one's own need. */
function treeWithOwnTests(): string {
  const tree = copiedTree();
  for (const part of ["test/support", "test/policies/invented-profile.ts", "test/own"]) {
    mkdirSync(dirname(join(tree, part)), { recursive: true });
    cpSync(join(root, part), join(tree, part), { recursive: true });
  }
  return tree;
}

describe("new policy", () => {
  test("writes a policy that a study beside it can name, and a test that passes", async () => {
    const tree = treeWithOwnTests();
    const { code, out } = await run(["new", "policy", "calm-zone"], tree, tree);
    expect(code).toBe(0);
    expect(out).toBe(
      [
        "wrote experiments/configs/calm-zone.ts and test/own/calm-zone.test.ts",
        "in a study beside it: { scheduling: ./calm-zone.ts, assignment: earliest-node }",
        "its test: npm test -- test/own/calm-zone.test.ts\n",
      ].join("\n"),
    );
    const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
    const args = [vitest, "run", "--root", tree, "test/own/calm-zone.test.ts"];
    const tested = spawnSync(process.execPath, args, { cwd: tree, encoding: "utf8", env: { ...process.env, CI: "1" } });
    expect(tested.stdout).toMatch(/4 passed/);
    expect(tested.status).toBe(0);

    expect(await run(["init", "experiments/configs/calm.yaml"], tree, tree)).toMatchObject({ code: 0 });
    const study = join(tree, "experiments", "configs", "calm.yaml");
    const own = "  - { id: calm, scheduling: ./calm-zone.ts, assignment: earliest-node }\n";
    writeFileSync(study, readFileSync(study, "utf8").replace("\n# All others", `${own}\n# All others`));
    const small = ["--set", "traces.mine.windows.seeds=1", "--set", "workload.params.tasks=5", "--only", "policy=calm"];
    expect(await run([study, ...small], tree, tree)).toMatchObject({ code: 0 });

    const again = await run(["new", "policy", "calm-zone"], tree, tree);
    expect(again).toMatchObject({ code: 2, err: expect.stringMatching(/calm-zone\.ts is there already/) });
  });

  test("in Python is one that a study can name, with a test that passes; a listed policy's name is none", async () => {
    const tree = treeWithOwnTests();
    const { code, out } = await run(["new", "policy", "calm-zone", "--language", "python"], tree, tree);
    expect({ code, out }).toEqual({
      code: 0,
      out: [
        "wrote experiments/configs/calm-zone.py and test/own/calm-zone.python.test.ts",
        "in a study beside it: { scheduling: ./calm-zone.py, assignment: earliest-node }",
        "its test: npm test -- test/own/calm-zone.python.test.ts\n",
      ].join("\n"),
    });
    const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
    const args = [vitest, "run", "--root", tree, "test/own/calm-zone.python.test.ts"];
    const tested = spawnSync(process.execPath, args, { cwd: tree, encoding: "utf8", env: { ...process.env, CI: "1" } });
    expect(tested.stdout).toMatch(/4 passed/);
    const listed = await run(["new", "policy", "greedy"], tree, tree);
    expect(listed).toMatchObject({ code: 2, err: expect.stringContaining("a listed policy is called so") });
  });

  test.each(["../up", "Calm", "a b", "calm.ts"])("%s is no name, and nothing is written", async (name) => {
    const cwd = scratchFolder();
    const { code, err } = await run(["new", "policy", name, "--folder", cwd], cwd);
    expect(code).toBe(2);
    expect(err).toContain("expected a name in lower case");
    expect(existsSync(join(cwd, `${name}.ts`))).toBe(false);
  });
});

describe("doctor", () => {
  test("finds that this installation works, by a cell that it runs", async () => {
    const { code, out } = await run(["doctor"], scratchFolder());
    expect(out).toMatch(/^ok +Node 24\./);
    expect(out).toMatch(/^ok +packages, as package\.json says$/m);
    expect(out).toMatch(/^ok +a cell of the quick start runs$/m);
    expect(out).not.toMatch(/^broken/m);
    expect(code).toBe(0);
  });

  test("finds what is broken, and says what mends it", async () => {
    const tree = copiedTree();
    writeFileSync(join(tree, "sim", "simulate.ts"), "export const simulate = () => { throw new Error('gone'); };\n");
    const manifest = join(tree, "package.json");
    writeFileSync(manifest, readFileSync(manifest, "utf8").replace('"yaml": "', '"yaml": "9'));
    const { code, out } = await run(["doctor"], scratchFolder(), tree);
    expect(out).toMatch(/^broken +packages: yaml 9\S+ \(\d\S+\); npm ci$/m);
    expect(out).toMatch(/^broken +a cell of the quick start does not run: Error: gone/m);
    expect(code).toBe(1);
  });
});

test("packages that are not what package.json asks for end every command with the remedy, and no stack", async () => {
  const tree = copiedTree();
  const manifest = join(tree, "package.json");
  writeFileSync(manifest, readFileSync(manifest, "utf8").replace('"yaml": "', '"not-there": "1.0.0",\n    "yaml": "'));
  const args = ["--import", "./experiments/check-node.mjs", "experiments/main.ts", "policies"];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: tree, encoding: "utf8" });
  expect({ status, stdout, stderr }).toEqual({
    status: 2,
    stdout: "",
    stderr: "error: node_modules is not what package.json asks for: not-there 1.0.0 (missing)\nremedy: npm ci\n",
  });
});
