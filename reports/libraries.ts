import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { deflateSync } from "node:zlib";
import { type Html, html, programText, trusted } from "./html.ts";

/** A script or style in the page, and the source expression by which the page's policy allows just this one. */
export interface Inlined {
  readonly element: Html;
  readonly source: string;
}

/**
 * The programs of the page: Vega with its interpreter of expressions (the page's policy forbids eval), packed, and live.mjs,
 * which unpacks and runs them. Vega-Lite is not among them: charts come compiled.
 */
export function programs(): readonly Inlined[] {
  const libraries = unixText(`${vega()}\n${interpreter()}`);
  return [
    {
      element: html`<script type="text/plain" id="libraries">${packed(libraries)}</script>`,
      source: hashOf(libraries),
    },
    inlined("script", `/*!\nVega\n${licence()}*/\n${own("live.mjs")}`),
  ];
}

export const styleSheet = (): string => own("style.css");

export function inlined(tag: "script" | "style", text: string): Inlined {
  const content = tag === "script" ? programText(unixText(text)) : trusted(unixText(text));
  return {
    element: tag === "script" ? html`<script>${content}</script>` : html`<style>${content}</style>`,
    source: hashOf(content.markup),
  };
}

/** Text as live.mjs unpacks it: a third of its size, and with no character that means anything to HTML. */
export const packed = (text: string): Html => trusted(deflateSync(text, { level: 9 }).toString("base64"));

/** The hash is over what the browser has parsed, and parsers turn CRLF into LF. */
const unixText = (text: string): string => text.replaceAll("\r\n", "\n");
const hashOf = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

const locate = createRequire(import.meta.url).resolve;
const own = (file: string): string => readFileSync(new URL(`./${file}`, import.meta.url), "utf8");

const vega = (): string => readFileSync(join(dirname(locate("vega")), "vega.min.js"), "utf8");
const licence = (): string => readFileSync(join(dirname(locate("vega")), "../LICENSE"), "utf8");

/** It comes as a module only; here it becomes a script that takes what it imports from Vega and leaves one global. */
function interpreter(): string {
  const module = readFileSync(locate("vega-interpreter"), "utf8").replace(/\n\/\/# sourceMappingURL.*\n?$/, "");
  const script = module
    .replace(/^import (\{[^}]*\}) from 'vega-util';/, "const $1 = vega;")
    .replace(/export \{ (\w+) as expressionInterpreter \};/, "globalThis.expressionInterpreter = $1;");
  if (/^\s*(import|export)\b/m.test(script)) throw new Error("vega-interpreter has changed its imports or exports");
  return `(() => {\n${script}\n})();`;
}
