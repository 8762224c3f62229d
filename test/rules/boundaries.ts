import { posix } from "node:path";
import { importsOf } from "../../experiments/import-graph.ts";
import { sourceTokens, type Token } from "../../experiments/source-tokens.ts";

/** A file of the project: its path from the project's root, with "/", and its text. */
export interface ProjectFile {
  readonly file: string;
  readonly source: string;
}

/** Who may import whom (docs/ARCHITECTURE.md): a folder, or single files of one. test/ and bench/ may import all. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  policies: ["policies/"],
  traces: ["traces/", "policies/contract/"],
  sim: ["sim/", "policies/", "traces/"],
  experiments: ["experiments/", "policies/", "traces/", "sim/"],
  reports: [
    "reports/",
    "experiments/record.ts",
    "experiments/summary.ts",
    "experiments/results-comparison.ts",
    "experiments/settings.ts",
    "experiments/metrics.ts",
    "sim/simulation.ts",
    "traces/trace-drawing.ts",
  ],
  orchestrator: ["orchestrator/", "policies/", "traces/"],
};
/** The command lines of experiments/ alone ask reports/ for a page. */
const ALSO: Readonly<Record<string, readonly string[]>> = {
  "experiments/main.ts": ["reports/"],
  "experiments/cli.ts": ["reports/"],
  "experiments/traces.ts": ["reports/"],
  "experiments/report.ts": ["reports/"],
};
/** The folders that must stay pure, and the only packages they may use. */
const PURE: ReadonlySet<string> = new Set(["policies", "sim"]);
const PURE_PACKAGES: ReadonlySet<string> = new Set(["zod", "seedrandom"]);

/** Every import that points where it must not, as sentences. A line, or the one above it, with `// boundary-ok: reason` is exempt. */
export function importFaults(modules: readonly ProjectFile[]): string[] {
  const present = new Set(modules.map((module) => module.file));
  const faults: string[] = [];
  for (const { file, source } of modules) {
    const folder = folderOf(file);
    for (const { specifier, line } of importsOf(source)) {
      if (isExempt(source, line)) continue;
      const fault = specifier.startsWith(".")
        ? relativeFault(file, specifier, present)
        : PURE.has(folder) && !PURE_PACKAGES.has(specifier)
          ? `imports ${specifier}; ${folder}/ may use ${[...PURE_PACKAGES].join(" and ")} only`
          : undefined;
      if (fault !== undefined) faults.push(`${file}:${line}: ${fault}`);
    }
  }
  return faults;
}

function relativeFault(file: string, specifier: string, present: ReadonlySet<string>): string | undefined {
  if (!/\.(ts|mjs|json)$/.test(specifier)) return `imports ${specifier} without its extension`;
  const target = posix.join(posix.dirname(file), specifier);
  if (!present.has(target)) return `imports ${target}, which is not there`;
  const allowed = MAY_IMPORT[folderOf(file)];
  if (allowed === undefined || [...allowed, ...(ALSO[file] ?? [])].some((prefix) => target.startsWith(prefix))) {
    return undefined;
  }
  return `imports ${target}; ${folderOf(file)}/ may import ${allowed.slice(1).join(", ") || "no other folder"}`;
}

/**
 * What makes a run depend on anything but its input: clock, timers, chance, process, environment, locale, garbage collector.
 * Comments and strings do not count. In policies/, functions whose last bit may differ between builds count too.
 */
export function impurities({ file, source }: ProjectFile): string[] {
  if (!PURE.has(folderOf(file))) return [];
  const tokens = sourceTokens(source);
  return tokens.flatMap((token, i) => {
    const what = impurityAt(tokens, i, folderOf(file) === "policies" && file !== MAY_BE_INEXACT);
    return what === undefined || isExempt(source, token.line) ? [] : [`${file}:${token.line}: uses ${what}`];
  });
}

const AMBIENT: ReadonlySet<string> = new Set(
  (
    "Date performance process setTimeout setInterval setImmediate queueMicrotask Promise globalThis global window self " +
    "fetch crypto console require eval Function Intl WeakRef FinalizationRegistry Atomics Worker Buffer navigator"
  ).split(" "),
);
const LOCALE = /^(localeCompare|toLocale\w+)$/;
/** Draws of the simulated cloud; decisions read no more than its medians, where the exponent is 0. */
const MAY_BE_INEXACT = "policies/contract/distribution.ts";
const INEXACT = /^(exp|expm1|log|log1p|log2|log10|pow|cbrt|hypot|a?(sin|cos|tan)h?|atan2)$/;

function impurityAt(tokens: readonly Token[], i: number, mustBeExact: boolean): string | undefined {
  const { kind, text } = tokens[i]!;
  if (kind !== "word") return undefined;
  const isMember = tokens[i - 1]?.text === ".";
  if (LOCALE.test(text)) return `${text}, which depends on the locale`;
  if (isMember) return undefined;
  if (AMBIENT.has(text)) return text;
  if (text === "import" && tokens[i + 1]?.text === ".") return "import.meta";
  if (text === "import" && tokens[i + 1]?.text === "(") return "import()";
  if (text !== "Math") return undefined;
  const member = tokens[i + 1]?.text === "." ? tokens[i + 2]!.text : undefined;
  if (member === undefined) return "Math other than by a named member";
  if (member === "random") return "Math.random";
  return mustBeExact && INEXACT.test(member) ? `Math.${member} in a decision` : undefined;
}

/** What the house does not write: default exports, enums, imports for their side effect. */
export function styleFaults({ file, source }: ProjectFile): string[] {
  const tokens = sourceTokens(source);
  return tokens.flatMap(({ kind, text, line }, i) => {
    if (kind !== "word" || tokens[i - 1]?.text === "." || isExempt(source, line)) return [];
    const next = tokens[i + 1];
    const exportsDefault = text === "export" && (next?.text === "default" || reExportsAsDefault(tokens, i));
    if (exportsDefault) return [`${file}:${line}: has a default export; name it`];
    if (text === "enum" && next?.kind === "word") return [`${file}:${line}: has an enum; use a union of literals`];
    if (text === "import" && next?.kind === "string") {
      return [`${file}:${line}: imports ${next.text} for its side effect; export a function and call it`];
    }
    return [];
  });
}

/** `export { a as default }` */
function reExportsAsDefault(tokens: readonly Token[], i: number): boolean {
  if (tokens[i + 1]?.text !== "{") return false;
  for (let at = i + 2; at < tokens.length && tokens[at]!.text !== "}"; at++) {
    if (tokens[at]!.text === "as" && tokens[at + 1]?.text === "default") return true;
  }
  return false;
}

export const folderOf = (file: string): string => file.split("/")[0]!;

/** `@scope/name` or `name` of an import that is neither relative nor node's own. */
export function packageOf(specifier: string): string | undefined {
  if (specifier.startsWith(".") || specifier.startsWith("node:")) return undefined;
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}

function isExempt(source: string, line: number): boolean {
  const lines = source.split("\n");
  return [lines[line - 1], lines[line - 2]].some((text) => /\/\/ boundary-ok: \S/.test(text ?? ""));
}
