import type { Argv } from "yargs";
import { exportTable } from "../export.ts";
import { print } from "../terminal.ts";
import { openTraceFile } from "../trace-file.ts";
import { filterOf, marketOptions } from "./markets.ts";

export const addExport = (cli: Argv): Argv =>
  cli.command(
    "export <file>",
    "write a table file's changes of price and capacity as CSV or Parquet",
    (y) =>
      y
        .positional("file", { type: "string", demandOption: true, describe: "as written by import or generate" })
        .option("out", {
          type: "string",
          requiresArg: true,
          demandOption: true,
          describe: "ends in .csv or .parquet",
        })
        .options(marketOptions),
    async ({ file, out, ...markets }) => {
      const { window, endS } = openTraceFile(file);
      print(`${await exportTable(window(0, endS, filterOf(markets)), out)} rows written: ${out}`);
    },
  );
