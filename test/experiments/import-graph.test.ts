import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { importClosure, importsOf } from "../../experiments/import-graph.ts";
import { sourceTokens } from "../../experiments/source-tokens.ts";

test("every form of import is found, with its line and whether it is erased", () => {
  const source = [
    'import { a } from "./a.ts";',
    'import b, { type C } from "./b.ts";',
    'import type { D } from "./d.ts";',
    'import type E from "./e.ts";',
    "import * as f from './f.ts';",
    'import "./g.ts";',
    'export { h, default as i } from "./h.ts";',
    'export * from "./j.ts";',
    'export * as k from "./k.ts";',
    'export type { L } from "./l.ts";',
    'export type * from "./m.ts";',
    'const n = await import("./n.ts");',
    "const o = await import(`./o.ts`);",
    'const p = require("./p.ts");',
    "import {",
    "  q,",
    '} from "./q.ts";',
    'import data from "./r.json" with { type: "json" };',
    'import type from "./s.ts";',
  ].join("\n");
  expect(
    importsOf(source).map((found) => `${found.line} ${found.specifier} ${found.typeOnly ? "type" : "value"}`),
  ).toEqual([
    "1 ./a.ts value",
    "2 ./b.ts value",
    "3 ./d.ts type",
    "4 ./e.ts type",
    "5 ./f.ts value",
    "6 ./g.ts value",
    "7 ./h.ts value",
    "8 ./j.ts value",
    "9 ./k.ts value",
    "10 ./l.ts type",
    "11 ./m.ts type",
    "12 ./n.ts value",
    "13 ./o.ts value",
    "14 ./p.ts value",
    "15 ./q.ts value",
    "18 ./r.json value",
    "19 ./s.ts value",
  ]);
});

test("text that only looks like an import is none", () => {
  const source = [
    '// import "./a.ts";',
    '/* import "./b.ts"; */',
    "const c = 'import \"./c.ts\"';",
    'const d = `import "./d.ts" $' + '{ e ? `import "./e.ts"` : { f: 1 }.f } import "./f.ts"`;',
    'const g = /import "\\/.\\/g.ts"[/"]/.test(h) ? 1 / 2 : i! / j / k;',
    "const l = import.meta.url;",
    'const m = { import: "./m.ts", export: n.import("./n.ts") };',
    "const o = await import(computed);",
    'export const p = 1, from = "./p.ts";',
    "export default q;",
    "export { r };",
    'export type S = { from: "./s.ts" };',
  ].join("\n");
  expect(importsOf(source)).toEqual([]);
});

test("lines are counted through templates and their substitutions", () => {
  const source = "`a\n$" + '{ b({ c: "}" }) }\nd`;\nimport "./e.ts";';
  expect(importsOf(source)).toEqual([{ specifier: "./e.ts", typeOnly: false, line: 4 }]);
});

test("tokens tell code from comments, strings and regular expressions", () => {
  const words = (source: string) =>
    sourceTokens(source).flatMap((token) => (token.kind === "word" ? [token.text] : []));
  expect(words('Date.now(/Date/, "Date", `Date $' + "{ Date } Date`) // Date")).toEqual(["Date", "now", "Date"]);
  expect(words("a / Date / b; c = d[0] / e; f++ / g; return /h/")).toEqual("a Date b c d e f g return".split(" "));
});

test("a closure holds what runs, once, whatever the cycles, and neither types nor packages", async () => {
  const folder = await mkdtemp(join(tmpdir(), "closure-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const write = (name: string, source: string) => writeFile(join(folder, name), source);
  await write(
    "entry.ts",
    'import "./a.ts"; import type { T } from "./types.ts"; import { z } from "zod"; import "node:fs";',
  );
  await write("a.ts", 'export * from "./b.ts"; import data from "./data.json" with { type: "json" };');
  await write("b.ts", 'import "./entry.ts"; import { type T } from "./erased-names.ts";');
  await write("data.json", '{ "text": "import \\"./nothing.ts\\"" }');
  await write("erased-names.ts", "export type T = 1;");
  await write("types.ts", "export type T = 1;");
  const closure = await importClosure(join(folder, "entry.ts"));
  expect(closure).toEqual(
    ["a.ts", "b.ts", "data.json", "entry.ts", "erased-names.ts"].map((name) => join(folder, name)),
  );
});

test("an import that leads nowhere is named with the file and line that asks for it", async () => {
  const folder = await mkdtemp(join(tmpdir(), "closure-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, "entry.ts"), '\nimport "./gone.ts";');
  await expect(importClosure(join(folder, "entry.ts"))).rejects.toThrow(
    /entry\.ts:2: cannot read .*gone\.ts \(ENOENT\)/,
  );
});
