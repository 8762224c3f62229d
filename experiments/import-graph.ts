import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { sourceTokens, type Token } from "./source-tokens.ts";

/** One import of a module, as its source spells it. */
export interface Import {
  readonly specifier: string;
  /** Erased before the program runs. `import { type A }` is not: the module is still loaded. */
  readonly typeOnly: boolean;
  readonly line: number;
}

/** An import that leads nowhere. */
export class ImportError extends Error {
  override readonly name = "ImportError";
}

/**
 * Every module that a TypeScript source names: import and export declarations, `import("x")` and `require("x")`. A computed
 * `import(x)` has no specifier and is not listed.
 * @example importsOf('import type { A } from "./a.ts"') // [{ specifier: "./a.ts", typeOnly: true, line: 1 }]
 */
export function importsOf(source: string): Import[] {
  const tokens = sourceTokens(source);
  const imports: Import[] = [];
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]!;
    if (token.kind !== "word" || tokens[i - 1]?.text === ".") continue;
    const named = moduleNamedAt(tokens, i);
    if (named) imports.push({ specifier: unquoted(named.module), typeOnly: named.typeOnly, line: token.line });
  }
  return imports;
}

/**
 * The files that run when `entryFile` is loaded: itself and, transitively, its relative imports that are not type-only.
 * Packages are not followed, nor are files that `isLeftOut`. Absolute paths, sorted.
 * @throws ImportError naming file and line of an import that cannot be read.
 */
export async function importClosure(
  entryFile: string,
  isLeftOut: (file: string) => boolean = () => false,
): Promise<string[]> {
  const seen = new Set<string>();
  const visit = async (file: string, importedAt: string): Promise<void> => {
    if (seen.has(file) || isLeftOut(file)) return;
    seen.add(file);
    const source = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
      throw new ImportError(`${importedAt}: cannot read ${file} (${error.code}); correct the path or restore the file`);
    });
    if (!/\.m?[jt]s$/.test(file)) return;
    for (const { specifier, typeOnly, line } of importsOf(source)) {
      if (typeOnly || !specifier.startsWith(".")) continue;
      await visit(resolve(dirname(file), specifier), `${file}:${line}`);
    }
  };
  await visit(resolve(entryFile), entryFile);
  return [...seen].sort();
}

function moduleNamedAt(tokens: readonly Token[], i: number): { module: Token; typeOnly: boolean } | undefined {
  const next = tokens[i + 1];
  switch (tokens[i]!.text) {
    case "require":
      return next?.text === "(" ? literal(tokens[i + 2]) : undefined;
    case "import":
      if (next?.text === "(") return literal(tokens[i + 2]);
      if (next?.kind === "string") return literal(next);
      return declaration(tokens, i + 1);
    case "export":
      return declaration(tokens, i + 1);
    default:
      return undefined;
  }
}

/** After `import` or `export`: an optional `type`, then a clause of names and brackets, then `from "module"`. */
function declaration(tokens: readonly Token[], start: number): { module: Token; typeOnly: boolean } | undefined {
  const afterType = tokens[start + 1]?.text;
  const typeOnly = tokens[start]?.text === "type" && afterType !== "from" && afterType !== ",";
  let at = start;
  while (tokens[at] !== undefined && tokens[at]?.text !== "from" && isClause(tokens[at]!)) at++;
  const module = tokens[at]?.text === "from" ? tokens[at + 1] : undefined;
  return module?.kind === "string" ? { module, typeOnly } : undefined;
}

// `export const a = ...` and all other exports of code stop here: at a keyword, "=", "(" or another token of no clause.
const isClause = (token: Token): boolean =>
  token.kind === "word"
    ? !/^(const|let|var|function|class|interface|abstract|async|declare|import|export)$/.test(token.text)
    : token.kind === "string" || (token.kind === "punctuation" && "{},*".includes(token.text));

const literal = (token: Token | undefined): { module: Token; typeOnly: false } | undefined =>
  token?.kind === "string" || (token?.kind === "template" && token.text.endsWith("`"))
    ? { module: token, typeOnly: false }
    : undefined;

const unquoted = (token: Token): string => token.text.slice(1, -1);
