import { readFileSync } from "node:fs";
import { basename, dirname, extname, resolve } from "node:path";
import { parse as parseYaml } from "yaml";
import { sha256 } from "./digest.ts";
import { type Fault, faultsOf } from "./faults.ts";
import { type Path, PathError, pathText, resolvePath, withValue } from "./paths.ts";
import { crossFaults } from "./study-checks.ts";
import { axisValues, type Study, SWEPT, studyJsonSchema, studySchema } from "./study-schema.ts";
import { parseStudyText, type StudyText } from "./study-text.ts";

/** A study that cannot be run as it is: a line for each fault, with its place, what was expected and what was found. */
export class StudyError extends Error {
  override readonly name = "StudyError";
}

/** One point of a sweep: the study with the axes' values in it. */
export interface StudyPoint {
  readonly axes: Readonly<Record<string, unknown>>;
  readonly study: Study;
}

export interface LoadedStudy {
  /** As it was named. */
  readonly path: string;
  readonly folder: string;
  /** The file's name without extension: what its results are called. */
  readonly name: string;
  readonly sha256: string;
  /** Overrides as they were typed. */
  readonly sets: readonly string[];
  /** With overrides, before the sweep. */
  readonly study: Study;
  /** In order: the last axis changes fastest. A single one without a sweep. */
  readonly points: readonly StudyPoint[];
  /** A fault found later, at its place in the file. */
  fault(path: Path, text: string): StudyError;
}

/**
 * Reads a study, puts the overrides in, and checks all of it at every point of its sweep.
 * @param sets `path.of.key=value`, the value as YAML; `traces.root=FOLDER` says where all data sets lie.
 * @throws StudyError with every fault of the file.
 */
export function loadStudy(path: string, sets: readonly string[] = []): LoadedStudy {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new StudyError(
      `${path}: cannot be read (${code}); name a study, such as experiments/configs/quickstart.yaml`,
    );
  }
  const written = parseStudyText(text, path);
  if (written.faults.length > 0) throw new StudyError(written.faults.join("\n"));
  if (typeof written.value !== "object" || written.value === null || Array.isArray(written.value)) {
    throw new StudyError(
      `${path}:1:1: expected a study (question, traces, workload, ...), found ${found(written.value)}`,
    );
  }
  const reader = new StudyReader(written, dirname(path));
  const value = sets.reduce(
    (value, set) => reader.withSet(value, set),
    withAbsoluteFiles(written.value, dirname(path)),
  );
  const study = reader.check(value, {});
  return {
    path,
    folder: dirname(path),
    name: basename(path, extname(path)),
    sha256: sha256(text),
    sets,
    study,
    points: reader.points(value, study),
    fault: (path, text) =>
      new StudyError(`${reader.place({ path, atKey: false, text: "" })}: ${pathText(path)}: ${text}`),
  };
}

/** Each point is checked whole before anything runs. */
const POINTS_MAX = 10_000;

class StudyReader {
  readonly #written: StudyText;
  readonly #folder: string;
  readonly #jsonSchema = studyJsonSchema();
  /** Paths whose values come from the command line, and how they were typed. */
  readonly #set = new Map<string, { readonly path: Path; readonly typed: string }>();

  constructor(written: StudyText, folder: string) {
    this.#written = written;
    this.#folder = folder;
  }

  withSet(value: unknown, set: string): unknown {
    const [dotted, text] = split(set);
    try {
      if (dotted === "traces.root") return this.#withRoot(value, text, set);
      const path = resolvePath(value, dotted);
      this.#set.set(pathText(path), { path, typed: set });
      return withValue(value, path, yamlValue(text, set));
    } catch (error) {
      if (error instanceof PathError) throw new StudyError(`--set ${set}: ${error.message}`);
      throw error;
    }
  }

  /** The study of a value. @throws StudyError with all faults. */
  check(value: unknown, axes: Readonly<Record<string, unknown>>): Study {
    const parsed = studySchema.safeParse(value);
    const faults = [
      ...(parsed.success ? [] : faultsOf(parsed.error, value, this.#jsonSchema)),
      ...crossFaults(value as Readonly<Record<string, unknown>>, this.#folder),
    ];
    if (parsed.success && faults.length === 0) return parsed.data;
    const lines = faults.map((fault) => `${this.place(fault, axes)}: ${fault.text}`);
    throw new StudyError([...new Set(lines)].sort(byPlace).join("\n"));
  }

  points(value: unknown, study: Study): StudyPoint[] {
    const axes = Object.entries(study.sweep).map(([axis, values]) => ({
      axis,
      values: axisValues(values).map((each) => ({ called: each.called, set: this.#settings(value, axis, each) })),
    }));
    const count = axes.reduce((product, { values }) => product * values.length, 1);
    if (count > POINTS_MAX) {
      throw new StudyError(
        `${this.#written.place(["sweep"], true)}: sweep: ${count} points, expected at most ${POINTS_MAX}; sweep fewer axes or values`,
      );
    }
    const faults = new Set<string>();
    const points: StudyPoint[] = [];
    for (const coordinates of product(axes.map(({ values }) => values))) {
      const at = Object.fromEntries(axes.map(({ axis }, i) => [axis, coordinates[i]!.called]));
      const swept = coordinates
        .flatMap(({ set }) => set)
        .reduce((swept, { path, value: own }) => withValue(swept, path, own), value);
      try {
        points.push({ axes: at, study: this.check(swept, at) });
      } catch (error) {
        if (!(error instanceof StudyError)) throw error;
        for (const line of error.message.split("\n")) faults.add(line);
      }
    }
    if (faults.size > 0) throw new StudyError([...faults].join("\n"));
    return points;
  }

  /** Where a fault was written: on the command line, in the sweep, or in the file. */
  place({ path, atKey }: Fault, axes: Readonly<Record<string, unknown>> = {}): string {
    const text = pathText(path);
    for (const { path: set, typed } of [...this.#set.values()].reverse()) {
      if (text === pathText(set) || text.startsWith(`${pathText(set)}.`)) return `--set ${typed}`;
    }
    const isOf = (dotted: string) => text === dotted || text.startsWith(`${dotted}.`);
    for (const [name, called] of Object.entries(axes)) {
      const axis = (this.#written.value as Pick<Study, "sweep">).sweep[name] ?? [];
      const at = Array.isArray(axis) ? axis.indexOf(called) : (called as string);
      const found = ["sweep", name, ...(at === -1 ? [] : [at])];
      if (isOf(name)) return this.#written.place(found);
      const dotted = isTogether(name, axis) ? Object.keys(axis[called as string]!).find(isOf) : undefined;
      if (dotted !== undefined) return this.#written.place([...found, dotted]);
    }
    const at = Object.keys(axes).length === 0 ? "" : ` (at ${JSON.stringify(axes)})`;
    return this.#written.place(path, atKey) + at;
  }

  #withRoot(value: unknown, folder: string, typed: string): unknown {
    const traces = (value as { readonly traces?: unknown }).traces;
    if (!Array.isArray(traces)) return value;
    const root = resolve(folder);
    return {
      ...(value as object),
      traces: traces.map((trace: unknown, i) => {
        if (typeof trace !== "object" || trace === null || !("dataset" in trace)) return trace;
        const path = ["traces", i, "root"];
        this.#set.set(pathText(path), { path, typed });
        return { ...trace, root };
      }),
    };
  }

  /** What a value of an axis says anew. */
  #settings(study: unknown, axis: string, { called, value }: { readonly called: unknown; readonly value: unknown }) {
    if (!isTogether(axis, { [String(called)]: value })) return [{ path: this.#path(study, ["sweep"], axis), value }];
    const at = ["sweep", axis, String(called)];
    return Object.entries(value as object).map(([dotted, own]) => ({
      path: this.#path(study, at, dotted),
      value: own,
    }));
  }

  /** @param at where the path is written */
  #path(value: unknown, at: Path, dotted: string): Path {
    const written = [...at, dotted];
    const place = (text: string) =>
      new StudyError(`${this.#written.place(written, true)}: ${pathText(written)}: ${text}`);
    try {
      const path = resolvePath(value, dotted);
      const [root] = path;
      if (path.length > 0 && (SWEPT as readonly unknown[]).includes(root)) return path;
      throw place(`${String(root)} cannot be swept; a path begins with ${SWEPT.join(", ")}`);
    } catch (error) {
      if (error instanceof PathError) throw place(error.message);
      throw error;
    }
  }
}

/** An axis with a name of its own, each value of which says several settings anew, together. */
const isTogether = (
  axis: string,
  values: Study["sweep"][string],
): values is Readonly<Record<string, Readonly<Record<string, unknown>>>> =>
  !(SWEPT as readonly string[]).includes(axis.split(".")[0]!) &&
  !Array.isArray(values) &&
  Object.values(values).every((value) => typeof value === "object" && value !== null && !Array.isArray(value));

/** Files that a study names are relative to it; those named on the command line to where it was typed. */
function withAbsoluteFiles(value: unknown, folder: string): unknown {
  const { traces } = value as { readonly traces?: unknown };
  if (!Array.isArray(traces)) return value;
  const from = (file: unknown) => (typeof file === "string" ? resolve(folder, file) : file);
  return {
    ...(value as object),
    traces: traces.map((trace: unknown) => {
      if (typeof trace !== "object" || trace === null) return trace;
      const { root, files, generate } = trace as { readonly [key in "root" | "files" | "generate"]?: unknown };
      const model = generate as { readonly file?: unknown } | null | undefined;
      return {
        ...trace,
        ...(root === undefined ? {} : { root: from(root) }),
        ...(Array.isArray(files) ? { files: files.map(from) } : {}),
        ...(typeof model?.file === "string" ? { generate: { ...model, file: from(model.file) } } : {}),
      };
    }),
  };
}

function split(set: string): [string, string] {
  const at = set.indexOf("=");
  if (at < 1) throw new StudyError(`--set ${set}: expected path.of.key=value`);
  return [set.slice(0, at), set.slice(at + 1)];
}

function yamlValue(text: string, set: string): unknown {
  try {
    return parseYaml(text);
  } catch (error) {
    throw new StudyError(`--set ${set}: the value is not YAML: ${(error as Error).message.split("\n")[0]}`);
  }
}

/** In the order of the file. */
function byPlace(a: string, b: string): number {
  const [lineA, columnA] = placeIn(a);
  const [lineB, columnB] = placeIn(b);
  return lineA - lineB || columnA - columnB;
}

function placeIn(text: string): [number, number] {
  const [, line, column] = /:(\d+):(\d+): /.exec(text) ?? [];
  return [Number(line ?? 0), Number(column ?? 0)];
}

/** Every combination, the last list fastest. */
function product<T>(lists: readonly (readonly T[])[]): T[][] {
  return lists.reduce<T[][]>((heads, list) => heads.flatMap((head) => list.map((each) => [...head, each])), [[]]);
}

const found = (value: unknown): string =>
  value === null || value === undefined ? "nothing" : JSON.stringify(value).slice(0, 60);
