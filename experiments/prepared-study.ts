import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CodeDigests } from "./closure.ts";
import { type Grid, gridOf } from "./grid.ts";
import type { RunRecord } from "./record.ts";
import type { LoadedStudy } from "./study.ts";

/** A study with its grid: all that can be known before anything is computed. */
export interface PreparedStudy {
  /** Of the workbench. */
  readonly root: string;
  readonly loaded: LoadedStudy;
  readonly code: CodeDigests;
  readonly versions: RunRecord["versions"];
  readonly grid: Grid;
}

/** @throws StudyError, TraceError, ImportError for what the user can mend. */
export async function preparedStudy(loaded: LoadedStudy, root: string): Promise<PreparedStudy> {
  const code = new CodeDigests(root, loaded.folder);
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { readonly version: string };
  const versions = { engine: version, node: process.versions.node };
  const grid = await gridOf(loaded, code, versions, join(root, ".cache", "traces"));
  return { root, loaded, code, versions, grid };
}
