import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readTargetFile } from "../../../experiments/validation/target-file.ts";
import { scratchFolder } from "../support/studies.ts";
import { targetCase, targetFile } from "../support/targets.ts";

function refusalOf(text: string): string {
  const path = join(scratchFolder(), "t.json");
  writeFileSync(path, text);
  try {
    readTargetFile(path);
  } catch (error) {
    return (error as Error).message.replaceAll(path, "t.json").replace(/^(t.json:\d+):\d+/, "$1");
  }
  throw new Error("it was taken");
}
const good = targetFile([targetCase()]);
const withCase = (parts: object) => targetFile([{ ...targetCase(), ...parts }]);
/** A case as it stands in a file, without one of its keys. */
const without = (key: string) => targetFile([{ ...targetCase(), [key]: undefined }]);

describe("a file of expected results", () => {
  it("is read with its data folders beside it, whatever the working directory; what it says besides is let be", () => {
    const folder = scratchFolder();
    const path = join(folder, "t.json");
    const more = { dataRoot: ["../data", "/else"], title: "more" };
    writeFileSync(path, `\uFEFF${targetFile([{ ...targetCase(), note: "n", why: 1 }], more)}`);
    const { suite, dataRoots, cases } = readTargetFile(path);
    expect({ suite, dataRoots }).toEqual({ suite: "invented", dataRoots: [join(folder, "../data"), "/else"] });
    expect(cases).toEqual([{ ...targetCase(), note: "n" }]);
  });

  it.each<[string, string, string | RegExp]>([
    ["half a JSON", good.slice(0, 90), "t.json:5: the JSON breaks off, the download is incomplete; get it again"],
    ["no JSON", "formatVersion: 1", /^t\.json: not JSON \(/],
    ["nothing", "", /^t\.json:1: the JSON breaks off/],
    ["a list", "[]", "t.json:1: expected a mapping, found []"],
    [
      "another version",
      targetFile([targetCase()], { formatVersion: 2 }),
      "t.json:1: formatVersion: is of no version known here; this workbench reads 1",
    ],
    ["no suite", targetFile([targetCase()], { suite: undefined }), "t.json:1: suite: is missing; give a text"],
    [
      "one data folder",
      targetFile([targetCase()], { dataRoot: "d" }),
      't.json:3: dataRoot: expected a list, found "d"',
    ],
    ["no cases", targetFile([]), "t.json:5: cases: expected a list of at least 1, found []"],
    ["no id", without("id"), "t.json:6: cases.0.id: is missing; give a text"],
    ["no kind", without("kind"), "t.json:6: cases.0.kind: is missing; give a text"],
    ["no inputs", without("inputs"), "t.json:6: cases.0.inputs: is missing; give a mapping"],
    ["no params", without("params"), "t.json:6: cases.0.params: is missing; give a mapping"],
    ["no expect", without("expect"), "t.json:6: cases.0.expect: is missing; give a mapping"],
    ["no tolerance", without("tolerance"), "t.json:6: cases.0.tolerance: is missing; give a mapping"],
    ["an empty expect", withCase({ expect: {} }), "t.json:6: cases.0.expect: is empty; give at least one field"],
    [
      "a tolerance below 0",
      withCase({ tolerance: { abs: -1, rel: 0 } }),
      "t.json:6: cases.0.tolerance.abs: expected a number at least 0, found -1",
    ],
    [
      "a mistyped tolerance",
      withCase({ tolerance: { abs: 1, rel: 0, field: {} } }),
      /^t\.json:6: cases\.0\.tolerance\.field: no such key; did you mean "fields"\?/,
    ],
    [
      "half a tolerance of a field",
      withCase({ tolerance: { abs: 1, rel: 0, fields: { adjusted: { rel: 1 } } } }),
      "t.json:6: cases.0.tolerance.fields.adjusted.abs: is missing; give a number",
    ],
    [
      "an id twice",
      targetFile([targetCase(), targetCase({ id: "other" }), targetCase()]),
      't.json:8: cases.2.id: cases.0 is called "holm-two" already; give each case a name of its own',
    ],
  ])("is refused with its place: %s", (_, text, message) => {
    const refusal = refusalOf(text);
    if (typeof message === "string") expect(refusal).toBe(message);
    else expect(refusal).toMatch(message);
  });

  it("that is wrong in every case is told about ten times, and the rest is counted", () => {
    const lines = refusalOf(targetFile(Array.from({ length: 12 }, () => ({ ...targetCase(), inputs: 1 })))).split("\n");
    expect(lines).toHaveLength(11);
    expect(lines[10]).toBe("t.json: and 2 more of this");
  });

  it("that is not there is a refusal", () => {
    expect(() => readTargetFile("/nowhere/t.json")).toThrow("/nowhere/t.json: cannot be read (ENOENT); check the path");
    expect(() => readTargetFile("/nowhere/t.json")).toThrow(expect.objectContaining({ name: "TargetsError" }));
  });
});
