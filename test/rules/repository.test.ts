import { statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { importsOf } from "../../experiments/import-graph.ts";
import { assignmentStrategies } from "../../policies/assignment/index.ts";
import { schedulingPolicies } from "../../policies/scheduling/index.ts";
import { wrappers } from "../../policies/wrappers/index.ts";
import { folderOf, packageOf } from "./boundaries.ts";
import { projectPaths, readProjectFile, root } from "./project-files.ts";

const paths = projectPaths();
const texts = paths.map(readProjectFile);
const manifest = JSON.parse(readProjectFile("package.json").source) as {
  readonly license: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
};

describe("the tree", () => {
  test("was read", () => {
    expect(paths).toEqual(
      expect.arrayContaining(["package.json", "README.md", ".ci/run", "policies/contract/view.ts"]),
    );
  });

  test("has no file above 400 kB", () => {
    expect(paths.filter((path) => statSync(join(root, path)).size > 400_000)).toEqual([]);
  });

  test("names no folder of anybody's machine", () => {
    expect(linesWith(/\/(?:home|Users)\/\w|\/root\/\w|\b[A-Z]:\\Users\\/)).toEqual([]);
    expect(texts.filter(({ source }) => source.includes(`${root}/`)).map(({ file }) => file)).toEqual([]);
  });

  test("names no package registry: whose it is, the user's npm knows", () => {
    expect(linesWith(/https?:\/\/[^\s/"')]*(?:registry|npmjs|npmmirror|verdaccio|pypi|artifactory|goproxy)/)).toEqual(
      [],
    );
    expect(linesWith(/^\s*registry\s*=/m)).toEqual([]);
  });

  test("carries the licence that package.json names", () => {
    expect(manifest.license).toBe("AGPL-3.0-or-later");
    expect(readProjectFile("LICENSE").source).toMatch(
      /^\s*GNU AFFERO GENERAL PUBLIC LICENSE\s+Version 3, 19 November 2007/,
    );
  });

  function linesWith(pattern: RegExp): string[] {
    return texts.flatMap(({ file, source }) =>
      source.split("\n").flatMap((line, i) => (pattern.test(line) ? [`${file}:${i + 1}: ${line.trim()}`] : [])),
    );
  }
});

describe("the dependencies", () => {
  const declared = { ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies };

  test("are pinned to one version each", () => {
    expect(Object.entries(declared).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });

  test("have a row with a reason in docs/decisions, each of them and no others", () => {
    const reasons = new Map(
      texts
        .filter(({ file }) => file === "docs/decisions/0002-dependencies.md")
        .flatMap(({ source }) => [...source.matchAll(/^\| (`[^|]+) \| ([^|]+) \|/gm)])
        .flatMap(([, names, reason]) => [...names!.matchAll(/`([^`]+)`/g)].map(([, name]) => [name!, reason!.trim()])),
    );
    expect([...reasons.keys()].sort()).toEqual(Object.keys(declared).sort());
    expect([...reasons].filter(([, reason]) => reason.length < 20)).toEqual([]);
  });

  // Which packages the code of some folders imports.
  const importedBy = (isAsked: (folder: string) => boolean): Set<string> =>
    new Set(
      texts
        .filter(({ file }) => /\.m?ts$/.test(file) && isAsked(folderOf(file)))
        .flatMap(({ source }) => importsOf(source))
        .flatMap(({ specifier }) => packageOf(specifier) ?? []),
    );
  const isForDevelopment = (folder: string) => folder === "test" || folder === "bench" || folder.includes(".");

  test("for users are those that the code outside test/ and bench/ imports, and no others", () => {
    expect([...importedBy((folder) => !isForDevelopment(folder))].sort()).toEqual(
      Object.keys(manifest.dependencies).sort(),
    );
  });

  test("for developers are imported by tests or benchmarks, or are tools of the scripts", () => {
    const imported = importedBy(isForDevelopment);
    const isTool = (name: string) => name.startsWith("@types/") || ["@biomejs/biome", "typescript"].includes(name);
    expect(Object.keys(manifest.devDependencies).filter((name) => !imported.has(name) && !isTool(name))).toEqual([]);
    expect([...imported].filter((name) => declared[name] === undefined)).toEqual([]);
  });
});

describe("the lists", () => {
  // A cell's key holds the digest of the files of that name, so a policy elsewhere would be left out of it.
  const lists = { scheduling: schedulingPolicies, wrappers, assignment: assignmentStrategies } as const;
  test.each(Object.entries(lists))("of %s name what stands in the file of that name", (folder, list) => {
    expect(list.length).toBeGreaterThan(0);
    expect(list.map(({ name }) => `policies/${folder}/${name}.ts`).filter((file) => !paths.includes(file))).toEqual([]);
  });
});
