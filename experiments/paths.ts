import { nearestName } from "../policies/contract/nearest.ts";

export type Path = readonly (string | number)[];

/** A path that leads to no setting. */
export class PathError extends Error {
  override readonly name = "PathError";
}

/**
 * Where a dotted path leads in a value: keys of mappings (which may hold dots themselves: the longest that fits is taken), and in
 * lists a position or the `id` or `name` of an entry. The last key need not be there yet.
 * @throws PathError when it leads through something that is no mapping, or to an entry that a list does not have.
 * @example resolvePath({ types: { "p3.2xlarge": { gpus: 1 } } }, "types.p3.2xlarge.gpus") // ["types", "p3.2xlarge", "gpus"]
 */
export function resolvePath(root: unknown, dotted: string): Path {
  const path: (string | number)[] = [];
  let value = root;
  let rest = dotted;
  while (rest !== "") {
    const { key, length } = Array.isArray(value) ? entryOf(value, rest, path) : memberOf(value, rest, path);
    path.push(key);
    value = (value as Record<string | number, unknown> | undefined)?.[key];
    rest = rest.slice(length + 1);
  }
  if (path.length === 0) throw new PathError("the path is empty; write it as key.of.key");
  return path;
}

/** A copy in which the path has another value; mappings on the way are made where there are none. */
export function withValue(root: unknown, path: Path, value: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  if (Array.isArray(root)) return root.map((entry, i) => (i === key ? withValue(entry, rest, value) : entry));
  const members = (root ?? {}) as Readonly<Record<string, unknown>>;
  return { ...members, [key]: withValue(members[key], rest, value) };
}

/** @example pathText(["policies", 0, "id"]) // "policies.0.id" */
export const pathText = (path: Path): string => path.join(".");

interface Step {
  readonly key: string | number;
  /** Of its spelling. */
  readonly length: number;
}

function memberOf(value: unknown, rest: string, path: Path): Step {
  if (value !== undefined && value !== null && typeof value !== "object") {
    throw new PathError(`${pathText(path)} is ${JSON.stringify(value)} and has no "${rest}" in it`);
  }
  const known = Object.keys(value ?? {});
  return longest(known, rest) ?? { key: rest.split(".", 1)[0]!, length: rest.split(".", 1)[0]!.length };
}

function entryOf(list: readonly unknown[], rest: string, path: Path): Step {
  const labels = list.map((entry, i) => labelOf(entry) ?? String(i));
  const byLabel = longest(labels, rest);
  if (byLabel !== undefined) return { ...byLabel, key: labels.indexOf(String(byLabel.key)) };
  const position = /^\d+(?=\.|$)/.exec(rest)?.[0];
  if (position !== undefined && Number(position) < list.length) {
    return { key: Number(position), length: position.length };
  }
  const near = nearestName(rest.split(".", 1)[0]!, labels);
  throw new PathError(
    `${pathText(path)} has no entry "${rest}"${near === undefined ? "" : `; did you mean "${near}"?`}`,
  );
}

function longest(known: readonly string[], rest: string): Step | undefined {
  let best: string | undefined;
  for (const key of known) {
    const fits = key !== "" && (rest === key || rest.startsWith(`${key}.`));
    if (fits && key.length > (best?.length ?? 0)) best = key;
  }
  return best === undefined ? undefined : { key: best, length: best.length };
}

function labelOf(entry: unknown): string | undefined {
  if (typeof entry !== "object" || entry === null) return undefined;
  const { id, name } = entry as { readonly id?: unknown; readonly name?: unknown };
  return typeof id === "string" ? id : typeof name === "string" ? name : undefined;
}
