import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { root } from "../../rules/project-files.ts";
import { scratchFolder } from "../support/studies.ts";
import { targetCase, targetFile, targetsMissing, targetsRoot } from "../support/targets.ts";

/** The command as a process, in a working directory that is neither the project's nor the file's. */
function validate(args: readonly string[]): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [join(root, "experiments/validation/main.ts"), ...args], {
    cwd: scratchFolder(),
  });
  const text = { out: "", err: "" };
  child.stdout.setEncoding("utf8").on("data", (part: string) => {
    text.out += part;
  });
  child.stderr.setEncoding("utf8").on("data", (part: string) => {
    text.err += part;
  });
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, ...text })));
}

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
