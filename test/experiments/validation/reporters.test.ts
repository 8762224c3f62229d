import { describe, expect, it } from "vitest";
import { reporters } from "../../../experiments/validation/reporters/index.ts";
import { type CaseResult, runCase } from "../../../experiments/validation/run-case.ts";
import { targetCase } from "../support/targets.ts";

const NASTY = 'a<b>&"c"\u001b[31m\u2028\n\ud800\uffff';

const results = async (): Promise<CaseResult[]> => {
  const file = { path: "x & y.json", suite: "invented", dataRoots: [], cases: [] };
  const cases = [
    targetCase({ id: "right" }),
    targetCase({ id: "wrong", expect: { adjusted: [0.02, 1], more: null } }),
    targetCase({ id: NASTY, kind: NASTY }),
    targetCase({ id: "all wrong", expect: { a: 1, b: 2, c: 3, d: [4], e: 5 } }),
    targetCase({
      id: "not a number",
      kind: "quantile",
      inputs: { x: [1, 1e308, -1e308] },
      params: { q: [0.75] },
      expect: { values: [NaN] },
    }),
  ];
  return Promise.all(cases.map((each) => runCase(file, each)));
};
const reporter = (name: string) => reporters.find((each) => each.name === name)!;

describe("text, the default", () => {
  it("gives a line a case, what was expected and got, and the counts in the last", async () => {
    const [text] = reporters;
    const all = await results();
    const lines = all.map((each) => text!.line!(each));
    expect(lines[0]).toBe("ok right");
    expect(lines[1]).toBe("FAIL wrong adjusted[1]: expected 1, got 0.04; more: expected null, got nothing");
    expect(lines[2]).toMatch(
      /^FAIL a<b>&"c" \[31m .*expected \{"adjusted":\[0.02,0.04\]\}, got none: no kind is called /,
    );
    expect(lines[3]).toBe(
      "FAIL all wrong a: expected 1, got nothing; b: expected 2, got nothing; c: expected 3, got nothing; and 2 more",
    );
    for (const line of lines) expect(line).not.toMatch(/[\p{Cc}\u2028]/u);
    expect(text!.end(all)).toBe("1 passed, 4 failed");
    expect(text!.end([])).toBe("0 passed, 0 failed");
  });

  it("cuts what no line can hold", async () => {
    const [result] = await results();
    const long = new Array(1000).fill(0.5);
    const line = reporter("text").line!({
      ...result!,
      passed: false,
      mismatches: [{ field: "a", expected: long, got: long }],
    });
    expect(line.length).toBeLessThan(400);
  });
});

describe("json", () => {
  it("says all that was computed, and numbers that JSON cannot say by name", async () => {
    const told = JSON.parse(reporter("json").end(await results()));
    expect(told).toMatchObject({ passed: 1, failed: 4 });
    expect(told.cases[0]).toMatchObject({ file: "x & y.json", id: "right", kind: "holm", passed: true });
    expect(told.cases[1].mismatches[0]).toEqual({ field: "adjusted[1]", expected: 1, got: 0.04 });
    expect(told.cases[1].got).toEqual({ adjusted: [0.02, 0.04] });
    expect(told.cases[2].error).toMatch(/^no kind is called/);
    expect(told.cases[4]).toMatchObject({ expected: { values: ["NaN"] }, got: { values: [expect.any(Number)] } });
  });
});

describe("junit", () => {
  it("is well-formed XML, whatever names and messages hold, with failures and errors told apart", async () => {
    const xml = reporter("junit").end(await results());
    // A tag, its attributes, and no text between tags: what a parser would accept, spelt out.
    const tag =
      /<(\/?)([a-z]+)((?: [a-z]+="[^<>&"\p{Cc}\ud800-\udfff\uffff]*(?:&(?:lt|gt|amp|quot);[^<>&"\p{Cc}\ud800-\udfff\uffff]*)*")*)(\/?)>/gu;
    const [declaration, ...rest] = xml.split("\n");
    expect(declaration).toBe('<?xml version="1.0" encoding="UTF-8"?>');
    expect(rest.join("").replace(tag, "").trim()).toBe("");
    const open: string[] = [];
    for (const [, closes, name, , closed] of rest.join("").matchAll(tag)) {
      if (closes === "/") expect(open.pop()).toBe(name);
      else if (closed !== "/") open.push(name!);
    }
    expect(open).toEqual([]);
    expect(xml).toMatch(
      /<testsuite name="invented" file="x &amp; y.json" tests="5" failures="3" errors="1" time="[\d.]+">/,
    );
    expect(xml).toContain('<failure message="adjusted[1]: expected 1, got 0.04; more: expected null, got nothing"/>');
    expect(xml.match(/<testcase /g)).toHaveLength(5);
    expect(xml.match(/<error /g)).toHaveLength(1);
  });
});
