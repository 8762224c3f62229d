import { existsSync } from "node:fs";
import { join, posix } from "node:path";
import { describe, expect, test } from "vitest";
import { metrics } from "../../experiments/metrics.ts";
import { kinds } from "../../experiments/validation/kinds/index.ts";
import { projectPaths, readProjectFile, root } from "./project-files.ts";

const pages = projectPaths()
  .filter((file) => file.endsWith(".md"))
  .map(readProjectFile);
const scripts = (
  JSON.parse(readProjectFile("package.json").source) as { readonly scripts: Readonly<Record<string, string>> }
).scripts;

describe("the documents", () => {
  test("are there", () => {
    const wanted = ["README.md", "CHANGELOG.md"].concat(
      ["ARCHITECTURE", "DETERMINISM", "METRICS", "STUDIES", "GLOSSARY", "HACKING"].map((name) => `docs/${name}.md`),
    );
    expect(pages.map(({ file }) => file)).toEqual(expect.arrayContaining(wanted));
  });

  test("the README gives the two command lines of a newcomer", () => {
    const lines = readProjectFile("README.md")
      .source.split("\n")
      .map((line) => line.trim());
    expect(lines).toEqual(expect.arrayContaining(["npm ci && npm run experiment", "npm ci && npm test"]));
  });

  test("link only to files that are there", () => {
    const broken = pages.flatMap(({ file, source }) =>
      [...source.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
        .map(([, target]) => target!)
        .filter((target) => !/^[a-z]+:/.test(target) && !existsSync(join(root, posix.dirname(file), target)))
        .map((target) => `${file}: ${target}`),
    );
    expect(broken).toEqual([]);
  });

  test("name only files that are there", () => {
    const named = /`((?:policies|traces|sim|experiments|reports|orchestrator|test|docs|bench)\/[\w./-]*\w\.\w+)`/g;
    const gone = pages.flatMap(({ file, source }) =>
      [...source.matchAll(named)]
        .filter(([, path]) => !existsSync(join(root, path!)))
        .map(([, path]) => `${file}: ${path}`),
    );
    expect(gone).toEqual([]);
  });

  test("name only commands that package.json has", () => {
    const gone = pages.flatMap(({ file, source }) =>
      [...source.matchAll(/\bnpm run (?:--silent )?([\w:-]+)/g)]
        .filter(([, script]) => scripts[script!] === undefined)
        .map(([command]) => `${file}: ${command}`),
    );
    expect(gone).toEqual([]);
  });

  test("METRICS lists exactly the metrics that are computed, with their unit, direction and definition", () => {
    const rows = [
      ...readProjectFile("docs/METRICS.md").source.matchAll(
        /^\| `(\w+)` \| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$/gm,
      ),
    ];
    expect(rows.map(([, name, , unit, better, definition]) => [name, unit, better, definition])).toEqual(
      metrics.map(({ name, unit, better, definition }) => [name, unit || "1", better ?? "-", definition]),
    );
    const symbols = rows.map(([, , symbol]) => symbol!.split(" ")[0]);
    expect(new Set(symbols).size).toBe(metrics.length);
  });

  test("VALIDATION lists exactly the kinds of cases that can be computed, and what each computes", () => {
    const rows = [...readProjectFile("docs/VALIDATION.md").source.matchAll(/^\| `([\w-]+)` \| [^|]+ \| ([^|]+) \|$/gm)];
    expect(rows.map(([, name, summary]) => [name, summary])).toEqual(kinds.map(({ name, summary }) => [name, summary]));
  });

  test("STUDIES names every study that ships, with its question", () => {
    const rows = [
      ...readProjectFile("docs/STUDIES.md").source.matchAll(/^\| \[([\w-]+\.yaml)\]\(([^)]+)\) \| ([^|]+) \|/gm),
    ];
    const shipped = projectPaths().filter((file) => /^experiments\/configs\/[\w-]+\.yaml$/.test(file));
    const questions = shipped.map((file) => /^question: (.*)$/m.exec(readProjectFile(file).source)?.[1]);
    expect(new Map(rows.map(([, , path, question]) => [posix.join("docs", path!), question]))).toEqual(
      new Map(shipped.map((file, i) => [file, questions[i]])),
    );
  });

  test("decisions are numbered without gaps, and each says what was rejected", () => {
    const decisions = pages.filter(({ file }) => file.startsWith("docs/decisions/"));
    expect(decisions.length).toBeGreaterThan(0);
    expect(decisions.map(({ file }) => Number(posix.basename(file).slice(0, 4)))).toEqual(
      decisions.map((_, i) => i + 1),
    );
    expect(decisions.filter(({ source }) => !/rejected/i.test(source)).map(({ file }) => file)).toEqual([]);
  });
});
