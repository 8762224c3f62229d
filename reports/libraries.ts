import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { type Html, html, programText, trusted } from "./html.ts";

/**
 * The programs of the page in the order they run, each once: Vega, its interpreter of expressions (the page's policy
 * forbids eval), and live.mjs. Vega-Lite is not among them: charts come compiled, which saves a third of the page.
 */
export const programs = (): readonly string[] => [vega(), interpreter(), own("live.mjs")];

export const styleSheet = (): string => own("style.css");

/** A script or style in the page, and the source expression by which the page's policy allows just this one. */
export function inlined(tag: "script" | "style", text: string): { readonly element: Html; readonly source: string } {
  // The hash is over what the browser has parsed, and parsers turn CRLF into LF.
  const content =
    tag === "script" ? programText(text.replaceAll("\r\n", "\n")) : trusted(text.replaceAll("\r\n", "\n"));
  const source = `'sha256-${createHash("sha256").update(content.markup).digest("base64")}'`;
  return { element: tag === "script" ? html`<script>${content}</script>` : html`<style>${content}</style>`, source };
}

const locate = createRequire(import.meta.url).resolve;
const own = (file: string): string => readFileSync(new URL(`./${file}`, import.meta.url), "utf8");

function vega(): string {
  const build = dirname(locate("vega"));
  return `/*!\nVega\n${readFileSync(join(build, "../LICENSE"), "utf8")}*/\n${readFileSync(join(build, "vega.min.js"), "utf8")}`;
}

/** It comes as a module only; here it becomes a script that takes what it imports from Vega and leaves one global. */
function interpreter(): string {
  const module = readFileSync(locate("vega-interpreter"), "utf8").replace(/\n\/\/# sourceMappingURL.*\n?$/, "");
  const script = module
    .replace(/^import (\{[^}]*\}) from 'vega-util';/, "const $1 = vega;")
    .replace(/export \{ (\w+) as expressionInterpreter \};/, "globalThis.expressionInterpreter = $1;");
  if (/^\s*(import|export)\b/m.test(script)) throw new Error("vega-interpreter has changed its imports or exports");
  return `(() => {\n${script}\n})();`;
}
