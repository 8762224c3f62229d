import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { copiedTree, start } from "../../support/command.ts";
import { scratchFolder, studyFile } from "../support/studies.ts";
import { targetCase, targetFile, targetsMissing, targetsRoot } from "../support/targets.ts";

/** In a working directory that is neither the project's nor the file's. */
const validate = (args: readonly string[]) =>
  start("experiments/validation/main.ts", args, { cwd: scratchFolder() }).ended;

function written(...texts: readonly string[]): string[] {
  const folder = scratchFolder();
  return texts.map((text, i) => {
    const path = join(folder, `${i}.json`);
    writeFileSync(path, text);
    return path;
  });
}

describe.skipIf(targetsMissing)("the published cases pass", () => {
  it.each([
    ["assignment", 110],
    ["statistics", 26],
    ["traces", 30],
    ["cant-be-late", 30],
    ["spotserve", 45],
    ["skyserve", 48],
  ])("%s", async (suite, cases) => {
    const { code, out } = await validate(["--targets", join(targetsRoot, `${suite}.json`)]);
    const lines = out.trimEnd().split("\n");
    expect(lines.filter((line) => line.startsWith("FAIL "))).toEqual([]);
    expect(lines.filter((line) => line.startsWith("ok "))).toHaveLength(cases);
    expect(lines.at(-1)).toBe(`${cases} passed, 0 failed`);
    expect(code).toBe(0);
  });
});

describe("the command", () => {
  it("fails with what was expected and got when one expected value is wrong, and goes on to the others", async () => {
    const [path] = written(
      targetFile([
        targetCase({ id: "before" }),
        targetCase({ id: "wrong", expect: { adjusted: [0.02, 0.05] } }),
        targetCase({ id: "gone", inputs: { p: [], trace: "none.json" } }),
        targetCase({ id: "after" }),
      ]),
    );
    const { code, out, err } = await validate(["--targets", path!]);
    expect(out.trimEnd().split("\n")).toEqual([
      "ok before",
      "FAIL wrong adjusted[1]: expected 0.05, got 0.04",
      expect.stringMatching(/^FAIL gone .*no data file none\.json: looked in .*data$/),
      "ok after",
      "2 passed, 2 failed",
    ]);
    expect({ code, err }).toEqual({ code: 1, err: "" }); // no progress without a terminal
  });

  it("takes several files, and of their cases those that are asked for", async () => {
    const [a, b] = written(
      targetFile([targetCase({ id: "a-1" }), targetCase({ id: "a-2", expect: { no: 1 } })]),
      targetFile([targetCase({ id: "b-1" })]),
    );
    const chosen = await validate(["--targets", a!, b!, "--only", "*-1"]);
    expect(chosen).toEqual({ code: 0, out: "ok a-1\nok b-1\n2 passed, 0 failed\n", err: "" });
    expect((await validate(["--only", "a-2", "b-?", "--targets", a!, "--targets", b!])).code).toBe(1);
    const none = await validate(["--targets", a!, "--only", "a-1", "c*"]);
    expect(none).toMatchObject({ code: 2, out: "" });
    expect(none.err).toMatch(/^OnlyError: --only c\*: no case answers to it; did you mean "a-1"\?\n$/);
  });

  it("reports as it is asked to", async () => {
    const [path] = written(targetFile([targetCase()]));
    const json = await validate(["--targets", path!, "--reporter", "json"]);
    expect(JSON.parse(json.out)).toMatchObject({ passed: 1, failed: 0 });
    const junit = await validate(["--targets", path!, "--reporter=junit"]);
    expect(junit).toMatchObject({ code: 0, out: expect.stringMatching(/^<\?xml .*<\/testsuites>\n$/s) });
  });

  it("says what is wrong with a file before it computes anything, and ends with 2", async () => {
    const [good, bad] = written(targetFile([targetCase()]), targetFile([targetCase(), targetCase()]));
    const { code, out, err } = await validate(["--targets", good!, bad!]);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toMatch(/^TargetsError: \S+1\.json:7:7: cases\.1\.id: cases\.0 is called "holm-two" already; .*\n$/);
    mkdirSync(`${good!}.d`);
    const folder = await validate(["--targets", `${good!}.d`]);
    expect(folder).toMatchObject({
      code: 2,
      err: expect.stringMatching(/cannot be read \(EISDIR\); check the path\n$/),
    });
  });

  it.each([
    [["--targets"], /targets/],
    [["--target", "x"], /target/],
    [["--targets", "x", "--reporter", "html"], /reporter.*text.*json.*junit/s],
  ])("refuses %j with the remedy", async (args, message) => {
    const { code, out, err } = await validate(args);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toMatch(message);
    expect(err).toMatch(/--help\n$/);
    expect(err).not.toMatch(/\n {4}at /);
  });
});

describe("without --targets", () => {
  /** A tree whose only study has these figures, on the cost of all on-demand: 20 USD and more. */
  function treeOf(published: string): string {
    const tree = copiedTree();
    rmSync(join(tree, "experiments", "configs"), { recursive: true });
    mkdirSync(join(tree, "experiments", "configs"));
    studyFile([["baseline: on-demand\n", `baseline: on-demand\n${published}`]], join(tree, "experiments", "configs"));
    return tree;
  }
  /** Where no public data set was fetched. */
  const replay = (tree: string, ...args: string[]) =>
    start("experiments/validation/main.ts", args, { tree, env: { XDG_CACHE_HOME: scratchFolder() } }).ended;
  const figure = (id: string, value: string, more = "") =>
    `  - { id: ${id}, claim: it costs, source: a paper, value: ${value}, ours: { metric: costUsd, policy: on-demand }${more} }\n`;

  it("runs the studies that name published figures, as an experiment, and prints each beside ours", async () => {
    const tree = treeOf(`published:\n${figure("one-run", "40, of: oneRun", ", why: two runs are few")}`);
    const { code, out } = await replay(tree);
    expect(out).toContain("Which is cheaper?");
    expect(out).toMatch(/one-run.* 40(?:\.0)? USD .*cannot be/s);
    expect(out).toContain("one-run: two runs are few");
    expect(out).toMatch(
      /report: results\/study\/report\.html\n.*\nPublished figures in all: 1 cannot be told, those of cant-be-late, skynomad, spotserve not computed; what differs is explained\n$/s,
    );
    expect(existsSync(join(tree, "results", "study", "report.html"))).toBe(true);
    expect(code).toBe(0);
  });

  it("ends with 1 where a figure differs and nobody says why", async () => {
    const figures = [figure("told", "{ to: 1 }", ", why: it does"), figure("untold", "{ to: 1 }")];
    const { code, out } = await replay(treeOf(`published:\n${figures.join("")}`));
    expect(out).toMatch(/\nPublished figures in all: 2 cannot be told, .*; not explained: untold\n$/);
    expect(code).toBe(1);
  });

  it("says how the traces of a paper are to be had, and refuses a folder that does not hold them", async () => {
    const none = await replay(treeOf(""));
    expect(none).toMatchObject({ code: 0, err: "" });
    expect(none.out).toMatch(
      /Can't Be Late.*\nnot computed: npm run traces -- fetch skypilot-spot-traces, or .* --data /,
    );
    const spoilt = await replay(treeOf(""), "--data", "nowhere");
    expect(spoilt).toMatchObject({
      code: 2,
      out: "",
      err: expect.stringMatching(
        /^TraceError: --data: nowhere\/skypilot-spot-traces does not hold .*; npm run traces -- /,
      ),
    });
  });

  it.each([
    [["--only", "x"], /--targets; see --help\n$/],
    [["--jobs", "0"], /--jobs: expected a whole number above 0; see --help\n$/],
    [["--targets", "x", "--data", "y"], /--data and --jobs .* without --targets; see --help\n$/],
  ])("refuses %j", async (args, message) => {
    expect(await validate(args)).toMatchObject({ code: 2, out: "", err: expect.stringMatching(message) });
  });
});
