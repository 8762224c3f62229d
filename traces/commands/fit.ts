import { writeFileSync } from "node:fs";
import { basename } from "node:path";
import { stringify } from "yaml";
import type { Argv } from "yargs";
import { fitOf, shapeOf } from "../fit.ts";
import { fitModel } from "../fit-model.ts";
import { json, print } from "../terminal.ts";
import { openTraceFile } from "../trace-file.ts";
import { writeWhole } from "../write-whole.ts";
import { fitTable } from "./fit-table.ts";
import { filterOf, marketOptions } from "./markets.ts";

export const addFit = (cli: Argv): Argv =>
  cli.command(
    "fit <file>",
    "fit a market model to a table file, print data beside model, write it for a study (generate: { file: ... })",
    (y) =>
      y
        .positional("file", { type: "string", demandOption: true, describe: "as written by import" })
        .option("price", {
          choices: ["ornstein-uhlenbeck", "regime-switching"] as const,
          default: "ornstein-uhlenbeck" as const,
          describe: "prices around one mean, or around two that they switch between",
        })
        .option("out", { type: "string", requiresArg: true, describe: "where to write the model (.yaml)" })
        .options(marketOptions)
        .option("json", json),
    ({ file, price, out, json: asJson, ...markets }) => {
      const { window, endS, digest, report } = openTraceFile(file);
      const table = window(0, endS, filterOf(markets));
      const model = fitModel(table, price);
      const source = `fitted by traces fit to ${report.format}, ${report.startsAt}, ${Math.round(report.hours)} h, digest ${digest.slice(0, 12)}`;
      const fit = fitOf({ name: basename(file), summary: "", source, model, observed: shapeOf(table) });
      if (out !== undefined)
        writeWhole(out, (draft) => writeFileSync(draft, `# ${source}\n${stringify(model)}`, { flag: "wx" }));
      print(asJson ? JSON.stringify({ model, fit }, null, 2) : fitTable(fit));
      if (out !== undefined && !asJson) print(`\nwritten: ${out}; a study names it as generate: { file: ${out} }`);
    },
  );
