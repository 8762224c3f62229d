import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { z } from "zod";
import { TraceError } from "../../traces/columns.ts";
import { parseJson } from "../../traces/formats/values.ts";
import { type Fault, faultsOf } from "../faults.ts";
import { pathText } from "../paths.ts";
import { parseStudyText } from "../study-text.ts";

/** A file of expected results that cannot be read: names file and place, what was expected, and the remedy. */
export class TargetsError extends Error {
  override readonly name = "TargetsError";
}

/** How far a number may lie from the one expected: abs + rel x |expected|. */
export interface Tolerance {
  readonly abs: number;
  readonly rel: number;
}

/** One expected result: what is computed from `inputs` and `params`, and what must come out. */
export type TargetCase = z.infer<typeof targetCase>;

export interface TargetFile {
  /** As the command line names it. */
  readonly path: string;
  readonly suite: string;
  /** Folders in which data paths are looked up, in this order; absolute. */
  readonly dataRoots: readonly string[];
  readonly cases: readonly TargetCase[];
}

const tolerance = { abs: z.number().nonnegative(), rel: z.number().nonnegative() };

const targetCase = z.object({
  id: z.string().min(1),
  kind: z.string().min(1),
  policy: z.string().optional(),
  inputs: z.record(z.string(), z.unknown()),
  params: z.record(z.string(), z.unknown()),
  // Nothing expected would be a check that cannot fail.
  expect: z
    .record(z.string(), z.unknown())
    .refine((fields) => Object.keys(fields).length > 0, "is empty; give at least one field"),
  tolerance: z.strictObject({ ...tolerance, fields: z.record(z.string(), z.strictObject(tolerance)).optional() }),
  note: z.string().optional(),
});

const targetFile = z.object({
  formatVersion: z.number().refine((version) => version === 1, "is of no version known here; this workbench reads 1"),
  suite: z.string().min(1),
  dataRoot: z.array(z.string()),
  semantics: z.record(z.string(), z.unknown()),
  cases: z.array(targetCase).min(1),
});

/** So many faults of one file are told; the rest is counted. */
const FAULTS_TOLD = 10;

/** Reads a file of expected results. @throws TargetsError with file and place. */
export function readTargetFile(path: string): TargetFile {
  const text = textOf(path);
  const value = parsedJson(path, text);
  const parsed = targetFile.safeParse(value);
  const faults = parsed.success
    ? repeatedIds(parsed.data.cases)
    : faultsOf(parsed.error, value, z.toJSONSchema(targetFile, { io: "input" }));
  if (!parsed.success || faults.length > 0) {
    // JSON is YAML too, and that parser knows where in the file a part stands.
    const { place } = parseStudyText(text, path);
    const lines = faults.map(({ path, atKey, text }) => `${place(path, atKey)}: ${text}`);
    const rest = lines.splice(FAULTS_TOLD).length;
    throw new TargetsError([...lines, ...(rest === 0 ? [] : [`${path}: and ${rest} more of this`])].join("\n"));
  }
  const { suite, dataRoot, cases } = parsed.data;
  return { path, suite, dataRoots: dataRoot.map((root) => resolve(dirname(path), root)), cases };
}

function parsedJson(path: string, text: string): unknown {
  try {
    return parseJson({ path, text });
  } catch (error) {
    throw error instanceof TraceError ? new TargetsError(error.message) : error;
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8").replace(/^\uFEFF/, "");
  } catch (error) {
    throw new TargetsError(`${path}: cannot be read (${(error as NodeJS.ErrnoException).code}); check the path`);
  }
}

function repeatedIds(cases: readonly TargetCase[]): Fault[] {
  const first = new Map<string, number>();
  return cases.flatMap(({ id }, i) => {
    const path = ["cases", i, "id"];
    const before = first.get(id);
    if (before === undefined) {
      first.set(id, i);
      return [];
    }
    const text = `${pathText(path)}: cases.${before} is called ${JSON.stringify(id)} already; give each case a name of its own`;
    return [{ path, atKey: false, text }];
  });
}
