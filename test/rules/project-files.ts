import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import type { ProjectFile } from "./boundaries.ts";

export const root = dirname(dirname(import.meta.dirname));

/** Not ours, or made by running: the entries of .gitignore, and git's own folder. */
const SKIPPED: ReadonlySet<string> = new Set([".git", "node_modules", "results", ".cache"]);

/** Paths of the project's files from its root, with "/", sorted. Walks the folders, so that it works without git too. */
export function projectPaths(): string[] {
  const visit = (folder: string): string[] =>
    readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name);
      if (SKIPPED.has(entry.name) || entry.name.endsWith(".log")) return [];
      return entry.isDirectory() ? visit(path) : [relative(root, path).split(sep).join("/")];
    });
  return visit(root).sort();
}

export const readProjectFile = (file: string): ProjectFile => ({
  file,
  source: readFileSync(join(root, file), "utf8"),
});
