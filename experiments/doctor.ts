import { accessSync, constants, existsSync, readFileSync, statfsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { availableParallelism, totalmem } from "node:os";
import { delimiter, join } from "node:path";
import { isPresent, publicSets, userSetFolder } from "../traces/public-sets.ts";
import { computeCells } from "./compute.ts";
import { preparedStudy } from "./prepared-study.ts";
import { loadStudy } from "./study.ts";

/** One thing that the workbench needs, or can use. */
export interface Finding {
  /** optional: what it is for does not go without it, all else does. */
  readonly state: "ok" | "optional" | "broken";
  readonly what: string;
  readonly remedy?: string;
}

/** Whether the installation can do its work, by doing some of it: the last of the findings is a cell that was run. */
export async function doctor(root: string): Promise<Finding[]> {
  return [
    { state: "ok", what: `Node ${process.versions.node}` },
    ...packages(root),
    await writable(join(root, ".cache")),
    await writable("results"),
    disk("."),
    memory(),
    tool("git", "the commit in the provenance of results"),
    tool("chromium", "the tests of the report's page"),
    tool("redis-server", "a queue on this machine, and its tests"),
    ...publicSets.map((set): Finding => {
      const what = `data set ${set.name}`;
      return isPresent(set, userSetFolder(set.name))
        ? { state: "ok", what: `${what}, fetched` }
        : { state: "optional", what: `${what} is not fetched`, remedy: `npm run traces -- fetch ${set.name}` };
    }),
    await oneCell(root),
  ];
}

interface Manifest {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

function packages(root: string): Finding[] {
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Manifest;
  const lacking = (wanted: Readonly<Record<string, string>>): string[] =>
    Object.entries(wanted).flatMap(([name, version]) => {
      const path = join(root, "node_modules", name, "package.json");
      const found = existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Manifest).version : "missing";
      return found === version ? [] : [`${name} ${version} (${found})`];
    });
  const finding = (state: Finding["state"], what: string, names: readonly string[]): Finding =>
    names.length === 0
      ? { state: "ok", what: `${what}, as package.json says` }
      : { state, what: `${what}: ${names.join(", ")}`, remedy: "npm ci" };
  return [
    finding("broken", "packages", lacking(manifest.dependencies)),
    finding("optional", "packages for development", lacking(manifest.devDependencies)),
  ];
}

async function writable(folder: string): Promise<Finding> {
  const probe = join(folder, `.doctor-${process.pid}`);
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(probe, "");
    await rm(probe);
    return { state: "ok", what: `${folder} can be written` };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return {
      state: "broken",
      what: `${folder} cannot be written (${code})`,
      remedy: "make it writable, or run elsewhere",
    };
  }
}

const GIB = 2 ** 30;
/** Results of a hundred thousand cells, and the cache of a month of traces. */
const DISK_GIB_MIN = 2;
/** What the command and one worker thread hold. */
const MEMORY_GIB_MIN = 1;

function disk(folder: string): Finding {
  const { bavail, bsize } = statfsSync(folder);
  const gib = (bavail * bsize) / GIB;
  const what = `${gib.toFixed(1)} GiB of disk left`;
  return gib >= DISK_GIB_MIN
    ? { state: "ok", what }
    : {
        state: "optional",
        what,
        remedy: `large sweeps may need ${DISK_GIB_MIN} GiB; make room, or name another --out`,
      };
}

function memory(): Finding {
  const constrained = process.constrainedMemory();
  const gib = (constrained > 0 ? Math.min(constrained, totalmem()) : totalmem()) / GIB;
  const what = `${availableParallelism()} CPUs, ${gib.toFixed(1)} GiB of memory`;
  return gib >= MEMORY_GIB_MIN
    ? { state: "ok", what }
    : { state: "optional", what, remedy: "run with --jobs 1 and a small --cell-memory" };
}

function tool(name: string, use: string): Finding {
  const isThere = (process.env.PATH ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
  return isThere
    ? { state: "ok", what: name }
    : { state: "optional", what: `${name} is not there`, remedy: `install it for ${use}` };
}

/** A cell of the quick start, on a thread in a process of its own, as every cell is run. */
async function oneCell(root: string): Promise<Finding> {
  const loaded = loadStudy(join(root, "experiments", "configs", "quickstart.yaml"));
  const { grid } = await preparedStudy(loaded, root);
  let error = "it ended without an answer";
  try {
    const limits = { jobs: 1, timeoutS: 60, memoryMiB: 512, signal: new AbortController().signal };
    await computeCells(grid.cells.slice(0, 1), grid.tables, { ...limits, studyFolder: loaded.folder }, (_, outcome) => {
      error = outcome.ok ? "" : outcome.error;
    });
  } catch (thrown) {
    error = (thrown as Error).message;
  }
  return error === ""
    ? { state: "ok", what: "a cell of the quick start runs" }
    : {
        state: "broken",
        what: `a cell of the quick start does not run: ${error}`,
        remedy: "npm ci, and npm test says more",
      };
}
