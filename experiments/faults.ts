import type { z } from "zod";
import { nearestName } from "../policies/contract/nearest.ts";
import { knownKeys } from "./json-schema.ts";
import { type Path, pathText } from "./paths.ts";

/** One thing that is wrong with a value: where, and in words what was expected, what was found, what was likely meant. */
export interface Fault {
  readonly path: Path;
  /** It is the key that is wrong, not what stands there. */
  readonly atKey: boolean;
  readonly text: string;
  /** There is nothing where something must be. */
  readonly isMissing?: boolean;
  /** Of a key that is not known: the one that was most likely meant. */
  readonly meant?: string | undefined;
}

type Issue = z.core.$ZodIssue;

/**
 * A schema's issues as sentences, all of them. Of a union, the branch that fits best speaks.
 * @param jsonSchema of the same schema: it knows which keys there are.
 */
export function faultsOf(error: z.core.$ZodError, value: unknown, jsonSchema: unknown): Fault[] {
  const faults = error.issues.flatMap((issue) => faultsOfIssue(issue, [], value, jsonSchema));
  // A mistyped key is not missing as well.
  const meant = new Set(
    faults.flatMap(({ path, meant }) => (meant === undefined ? [] : pathText([...path.slice(0, -1), meant]))),
  );
  return faults.filter(({ path, isMissing }) => isMissing !== true || !meant.has(pathText(path)));
}

function faultsOfIssue(issue: Issue, base: Path, value: unknown, jsonSchema: unknown): Fault[] {
  const path: Path = [...base, ...(issue.path as Path)];
  const found = at(value, path);
  const fault = (text: string): Fault[] => [
    { path, atKey: false, text: `${named(path)}${text}`, isMissing: found === undefined },
  ];
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => {
        const keys = knownKeys(jsonSchema, path, value);
        if (keys.includes(key)) {
          // Another branch of a union knows it.
          const text = `${named([...path, key])}does not go with what else stands here; remove it`;
          return { path: [...path, key], atKey: true, text };
        }
        const text = `${named([...path, key])}no such key${meant(key, keys)}${listed(" There are", keys)}`;
        return { path: [...path, key], atKey: true, text, meant: nearestName(key, keys) };
      });
    case "invalid_union": {
      const options = "options" in issue ? (issue.options as readonly unknown[]).map(String) : undefined;
      if (options !== undefined && issue.errors.length === 0) return fault(oneOf(options, found));
      return faultsOfUnion(issue.errors, path, value, jsonSchema, fault);
    }
    case "invalid_value":
      return fault(oneOf(issue.values.map(String), found));
    case "invalid_type":
      return fault(expected(TYPES[issue.expected] ?? issue.expected, found));
    case "too_small":
      return fault(
        expected(bound(issue.origin, issue.inclusive === false ? "above" : "at least", issue.minimum), found),
      );
    case "too_big":
      return fault(
        expected(bound(issue.origin, issue.inclusive === false ? "below" : "at most", issue.maximum), found),
      );
    default:
      return fault(issue.message);
  }
}

/** Branches that take another type of value than the one found are silent, unless there are no others. */
function faultsOfUnion(
  branches: readonly (readonly Issue[])[],
  path: Path,
  value: unknown,
  jsonSchema: unknown,
  fault: (text: string) => Fault[],
): Fault[] {
  const isOtherType = (issues: readonly Issue[]) =>
    issues.some(({ code, path }) => path.length === 0 && (code === "invalid_type" || code === "invalid_value"));
  const fitting = branches.filter((issues) => !isOtherType(issues));
  if (fitting.length === 0) {
    const types = branches.flatMap((issues) =>
      issues.flatMap((issue) => {
        if (issue.path.length > 0) return [];
        if (issue.code === "invalid_value") return issue.values.map((each) => JSON.stringify(each));
        return issue.code === "invalid_type" ? [TYPES[issue.expected] ?? issue.expected] : [];
      }),
    );
    return fault(expected(either([...new Set(types)]), at(value, path)));
  }
  const faults = fitting.map((issues) => issues.flatMap((issue) => faultsOfIssue(issue, path, value, jsonSchema)));
  return faults.reduce((best, each) => (each.length < best.length ? each : best));
}

const TYPES: Readonly<Record<string, string>> = {
  number: "a number",
  int: "a whole number",
  string: "a text",
  boolean: "true or false",
  array: "a list",
  tuple: "a list",
  object: "a mapping",
  record: "a mapping",
};

const named = (path: Path): string => (path.length === 0 ? "" : `${pathText(path)}: `);
const either = (names: readonly string[]): string =>
  names.length < 2 ? (names[0] ?? "something else") : `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;
const expected = (what: string, found: unknown): string =>
  found === undefined ? `is missing; give ${what}` : `expected ${what}, found ${shown(found)}`;
const meant = (name: string, names: readonly string[]): string => {
  const near = nearestName(name, names);
  return near === undefined ? "" : `; did you mean "${near}"?`;
};
const listed = (lead: string, names: readonly string[]): string =>
  names.length === 0 ? "" : `${lead} ${names.join(", ")}`;

export function oneOf(names: readonly string[], found: unknown, orElse?: string): string {
  const quoted = names.map((name) => JSON.stringify(name));
  const text = expected(either(orElse === undefined ? quoted : [...quoted, orElse]), found);
  return typeof found === "string" ? text + meant(found, names) : text;
}

function bound(origin: string, relation: string, limit: number | bigint): string {
  if (origin === "string")
    return limit === 1 ? "a text that is not empty" : `a text of ${relation} ${limit} characters`;
  if (origin === "array" || origin === "set") return `a list of ${relation} ${limit}`;
  if (origin === "int") return `a whole number ${relation} ${limit}`;
  return `a number ${relation} ${limit}`;
}

/** As it would stand in JSON, cut to a length that a line can hold. */
function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function at(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((inner, key) => (inner as Record<string | number, unknown> | undefined)?.[key], value);
}
