import { oneLine } from "../../event-output.ts";
import type { CaseResult } from "../run-case.ts";
import { failedOf, type Reporter, whyFailed } from "./reporter.ts";

export const junit: Reporter = {
  name: "junit",
  summary: "JUnit's XML, as systems of continuous integration read it",
  end: (results) =>
    [
      '<?xml version="1.0" encoding="UTF-8"?>',
      `<testsuites ${counts(results)}>`,
      ...[...Map.groupBy(results, ({ file }) => file)].flatMap(([file, ofFile]) => [
        `  <testsuite ${attribute("name", ofFile[0]!.suite)} ${attribute("file", file)} ${counts(ofFile)}>`,
        ...ofFile.map(testcase),
        "  </testsuite>",
      ]),
      "</testsuites>",
    ].join("\n"),
};

function testcase(result: CaseResult): string {
  const { suite, kind, id, passed, wallMs, error } = result;
  const opening = `    <testcase ${attribute("classname", `${suite}.${kind}`)} ${attribute("name", id)} ${time(wallMs)}`;
  if (passed) return `${opening}/>`;
  const what = error === undefined ? "failure" : "error";
  return `${opening}><${what} ${attribute("message", whyFailed(result))}/></testcase>`;
}

function counts(results: readonly CaseResult[]): string {
  const errors = results.filter(({ error }) => error !== undefined).length;
  const wallMs = results.reduce((sum, each) => sum + each.wallMs, 0);
  return `tests="${results.length}" failures="${failedOf(results) - errors}" errors="${errors}" ${time(wallMs)}`;
}

const time = (wallMs: number): string => `time="${(wallMs / 1000).toFixed(3)}"`;

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** Escaped, without what XML 1.0 has no way to say. */
const attribute = (name: string, value: string): string =>
  `${name}="${oneLine(value.toWellFormed())
    .replace(/[&<>"]/g, (each) => ENTITIES[each]!)
    .replace(/[\uFFFE\uFFFF]/g, "\uFFFD")}"`;
