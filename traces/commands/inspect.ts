import { writeFileSync } from "node:fs";
import type { Argv } from "yargs";
import { TraceError } from "../columns.ts";
import { fitOf } from "../fit.ts";
import { named } from "../named.ts";
import { presets } from "../presets.ts";
import { capacityLine, priceLine } from "../sparkline.ts";
import { json, percent, print, row } from "../terminal.ts";
import { PAIRED_MAX, type TraceDrawing, traceDrawing } from "../trace-drawing.ts";
import { openTraceFile } from "../trace-file.ts";
import { writeWhole } from "../write-whole.ts";
import { fitTable } from "./fit-table.ts";
import { filterOf, marketOptions } from "./markets.ts";
import { told } from "./told.ts";

/** Draws a page of a trace; the command line is given one, since the charts are not this folder's. */
export type DrawPage = (name: string, drawing: TraceDrawing) => Promise<string>;

export const addInspect =
  (drawPage: DrawPage) =>
  (cli: Argv): Argv =>
    cli.command(
      "inspect [file]",
      "what a table file holds: rows, markets, prices, spells, correlations; or how well a preset fits",
      (y) =>
        y
          .positional("file", { type: "string", describe: "as written by import or generate" })
          .option("preset", { type: "string", describe: "instead: the preset beside the data it was fitted to" })
          .option("html", { type: "string", requiresArg: true, describe: "also draws it as a page, into this file" })
          .options(marketOptions)
          .option("json", json),
      async ({ file, preset, html, json: asJson, ...markets }) => {
        if ((file === undefined) === (preset === undefined)) {
          throw new TraceError("inspect what? Name one table file, or --preset NAME");
        }
        if (preset !== undefined) {
          if (html !== undefined) throw new TraceError("--html draws a table file; generate one from the preset first");
          const fit = fitOf(named("preset", presets, preset));
          print(asJson ? JSON.stringify(fit, null, 2) : fitTable(fit));
          return;
        }
        const { report, endS, window } = openTraceFile(file!);
        const table = window(0, endS, filterOf(markets));
        const drawing = traceDrawing(table, report, html === undefined ? CELLS : SLICES);
        if (html !== undefined) {
          const page = await drawPage(file!, drawing);
          writeWhole(html, (draft) => writeFileSync(draft, page, { flag: "wx" }));
        }
        if (asJson) {
          const { markets, ...rest } = drawing;
          print(JSON.stringify({ ...rest, markets: markets.map(({ slices: _, ...each }) => each) }, null, 2));
          return;
        }
        print(
          [
            told(drawing.digest, report),
            html === undefined ? priceTable(drawing) : `drawn: ${html}`,
            spellTable(drawing),
            `no market has an instance to give: ${percent(drawing.noneUpShare)} of the time`,
            correlationTable(drawing),
          ].join("\n\n"),
        );
      },
    );

/** Cells of a line that draws a trace in a terminal, and slices of one that Vega draws. */
const CELLS = 60;
const SLICES = 480;

function priceTable({ markets }: TraceDrawing): string {
  const drawn = (line: string) => `    |${line}|`;
  return [
    row(["prices", "mean USD/h", "deviation", "changes a day"]),
    ...markets.flatMap((each) => [
      row([
        each.name,
        each.meanUsdPerHour.toFixed(4),
        each.sdUsdPerHour.toFixed(4),
        each.priceChangesPerDay.toFixed(2),
      ]),
      `${drawn(priceLine(each.slices))} price, lowest to highest`,
      ...(each.availability === null
        ? []
        : [`${drawn(capacityLine(each.slices))} share of time with an instance to have`]),
    ]),
  ].join("\n");
}

function spellTable({ markets }: TraceDrawing): string {
  const cells = (spells: TraceDrawing["markets"][number]["upSpells"]) =>
    spells === null ? ["-", "-"] : [spells.meanH.toFixed(2), spells.medianH.toFixed(2)];
  return [
    row(["spells, h", "up mean", "up median", "down mean", "down median"]),
    ...markets.map((each) => row([each.name, ...cells(each.upSpells), ...cells(each.downSpells)])),
  ].join("\n");
}

function correlationTable({ markets, correlation }: TraceDrawing): string {
  if (correlation === null) return `${markets.length} markets: correlations are shown for up to ${PAIRED_MAX}`;
  const cell = (value: number | null) => (value === null ? "-" : value.toFixed(2)).padStart(7);
  return [
    `${"correlation".padEnd(14)}${markets.map(({ zone }) => zone.slice(-6).padStart(7)).join("")}   with its price`,
    ...correlation.availability.map(
      (line, m) =>
        `${markets[m]!.zone.padEnd(14)}${line.map(cell).join("")}   ${cell(correlation.priceWithAvailability[m]!)}`,
    ),
  ].join("\n");
}
