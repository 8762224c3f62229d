import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { withFilesFound } from "../../../experiments/validation/data-paths.ts";
import { defineKind } from "../../../experiments/validation/kind.ts";
import { runCase } from "../../../experiments/validation/run-case.ts";
import { scratchFolder } from "../support/studies.ts";
import { targetCase } from "../support/targets.ts";

const file = { path: "t.json", suite: "invented", dataRoots: [], cases: [] };

describe("a case", () => {
  it("passes where what is computed is what was expected", async () => {
    const result = await runCase(file, targetCase());
    expect(result).toMatchObject({ passed: true, mismatches: [], got: { adjusted: [0.02, 0.04] } });
  });

  it("fails where it is not: the check can fail", async () => {
    const result = await runCase(file, targetCase({ expect: { adjusted: [0.02, 0.05] } }));
    expect(result).toMatchObject({
      passed: false,
      mismatches: [{ field: "adjusted[1]", expected: 0.05, got: 0.04 }],
    });
  });

  it.each([
    ["of an unknown kind", { kind: "hulm" }, /no kind is called "hulm"; did you mean "holm"\? There are assignment, /],
    ["with an unknown policy", { policy: "greedy" }, 'policy: cases of kind holm take none, found "greedy"'],
    ["with inputs of another type", { inputs: { p: "0.1" } }, 'inputs.p: expected a list, found "0.1"'],
    ["without its inputs", { inputs: {} }, "inputs.p: is missing; give a list"],
    ["that throws", { kind: "paired", inputs: { baseline: [], candidate: [] } }, /cannot be paired/],
    ["whose file no root holds", { inputs: { p: [], files: ["a/b.json"] } }, /no data file a\/b\.json/],
  ])("%s fails with the reason", async (_, parts, error) => {
    const result = await runCase(file, targetCase(parts));
    expect(result).toMatchObject({ passed: false, mismatches: [] });
    expect(result.error).toMatch(error);
    expect(result.got).toBeUndefined();
  });
});

describe("a kind with policies", () => {
  const kind = defineKind({
    name: "k",
    summary: "",
    policies: ["first", "second"],
    inputs: z.object({}),
    params: z.object({ n: z.number() }),
    compute: (_, { n }, policy) => ({ n, policy }),
  });

  it("is handed the one that the case names, and refuses others and none", () => {
    expect(kind.compute({}, { n: 1 }, "second")).toEqual({ n: 1, policy: "second" });
    expect(() => kind.compute({}, { n: 1 }, "secnod")).toThrow(
      'expected "first" or "second", found "secnod"; did you mean "second"?',
    );
    expect(() => kind.compute({}, { n: 1 })).toThrow('policy: is missing; give "first" or "second"');
  });
});

describe("data paths", () => {
  const folders = () => {
    const [a, b] = [join(scratchFolder(), "a"), join(scratchFolder(), "b")];
    for (const folder of [a, b]) mkdirSync(join(folder, "x"), { recursive: true });
    writeFileSync(join(b, "x", "in-b"), "");
    for (const folder of [a, b]) writeFileSync(join(folder, "x", "in-both"), "");
    mkdirSync(join(a, "x", "in-b")); // a folder of that name is no file
    return { a, b };
  };

  it("lead to the first root that holds the file", () => {
    const { a, b } = folders();
    const [inB, inBoth] = [join(b, "x", "in-b"), join(a, "x", "in-both")];
    const inputs = {
      trace: "x/in-b",
      files: ["x/in-both", "x/in-b"],
      zones: [{ trace: "x/in-b", name: "x/in-b" }, { name: "none" }],
      profile: "x/in-both",
      queries: "x/in-b",
      other: "x/in-b",
      cost: [[1]],
    };
    expect(withFilesFound(inputs, [a, b])).toEqual({
      trace: inB,
      files: [inBoth, inB],
      zones: [{ trace: inB, name: "x/in-b" }, { name: "none" }],
      profile: inBoth,
      queries: inB,
      other: "x/in-b",
      cost: [[1]],
    });
  });

  it("that lead nowhere are named, with where was looked", () => {
    const { a, b } = folders();
    expect(() => withFilesFound({ trace: "x/none" }, [a, b])).toThrow(`no data file x/none: looked in ${a}, ${b}`);
    expect(() => withFilesFound({ trace: "x/none" }, [])).toThrow("no data file x/none: dataRoot names no folder");
    // Under a root, always.
    expect(() => withFilesFound({ trace: join(b, "x", "in-b") }, [a])).toThrow("no data file");
  });
});
