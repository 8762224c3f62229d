import { statSync } from "node:fs";
import { join } from "node:path";

type Inputs = Readonly<Record<string, unknown>>;

/** Inputs of a case that name a file. */
const FILE_KEYS: ReadonlySet<string> = new Set(["trace", "profile", "queries"]);

/**
 * Inputs with their data paths as files: each under the first root that holds it. Data paths are `trace`, `files[]`,
 * `zones[].trace`, `profile` and `queries`; all else stays.
 * @throws Error naming the path that no root holds.
 */
export function withFilesFound(inputs: Inputs, roots: readonly string[]): Inputs {
  const found = (value: unknown): unknown => (typeof value === "string" ? fileUnder(roots, value) : value);
  return Object.fromEntries(
    Object.entries(inputs).map(([key, value]) => {
      if (FILE_KEYS.has(key)) return [key, found(value)];
      if (key === "files" && Array.isArray(value)) return [key, value.map(found)];
      if (key === "zones" && Array.isArray(value)) return [key, value.map((zone) => withTraceFound(zone, found))];
      return [key, value];
    }),
  );
}

function withTraceFound(zone: unknown, found: (value: unknown) => unknown): unknown {
  if (typeof zone !== "object" || zone === null || !("trace" in zone)) return zone;
  return { ...zone, trace: found(zone.trace) };
}

function fileUnder(roots: readonly string[], path: string): string {
  const file = roots
    .map((root) => join(root, path))
    .find((each) => statSync(each, { throwIfNoEntry: false })?.isFile());
  if (file !== undefined) return file;
  const looked = roots.length === 0 ? "dataRoot names no folder" : `looked in ${roots.join(", ")}`;
  throw new Error(`no data file ${path}: ${looked}`);
}
