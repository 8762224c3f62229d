import type { Argv } from "yargs";
import { TraceError } from "../columns.ts";
import { fitOf } from "../fit.ts";
import { named } from "../named.ts";
import { presets } from "../presets.ts";
import { marketNames } from "../rows.ts";
import { capacityLine, priceLine } from "../sparkline.ts";
import {
  type Correlations,
  correlationsOf,
  type MarketStatistics,
  marketStatistics,
  noneUpShare,
} from "../statistics.ts";
import { json, percent, print, row } from "../terminal.ts";
import { openTraceFile } from "../trace-file.ts";
import type { TraceTable } from "../trace-table.ts";
import { fitTable } from "./fit-table.ts";
import { filterOf, marketOptions } from "./markets.ts";
import { told } from "./told.ts";

export const addInspect = (cli: Argv): Argv =>
  cli.command(
    "inspect [file]",
    "what a table file holds: rows, markets, prices, spells, correlations; or how well a preset fits",
    (y) =>
      y
        .positional("file", { type: "string", describe: "as written by import or generate" })
        .option("preset", { type: "string", describe: "instead: the preset beside the data it was fitted to" })
        .options(marketOptions)
        .option("json", json),
    ({ file, preset, json: asJson, ...markets }) => {
      if ((file === undefined) === (preset === undefined)) {
        throw new TraceError("inspect what? Name one table file, or --preset NAME");
      }
      if (preset !== undefined) {
        const fit = fitOf(named("preset", presets, preset));
        print(asJson ? JSON.stringify(fit, null, 2) : fitTable(fit));
        return;
      }
      const { report, digest, endS, window } = openTraceFile(file!);
      const table = window(0, endS, filterOf(markets));
      const nameOf = marketNames(table.markets);
      const each = table.markets.map((market, m) => ({
        name: nameOf(market),
        depth: table.depth(m),
        gapS: table.gapS(m),
        ...marketStatistics(table, m),
      }));
      const shown = each.length <= CORRELATED_MAX;
      const correlation = shown ? correlationsOf(table) : null;
      const noneUp = noneUpShare(table);
      if (asJson) {
        print(JSON.stringify({ digest, report, markets: each, noneUpShare: noneUp, correlation }, null, 2));
        return;
      }
      print(
        [
          told(digest, report),
          priceTable(table, each),
          spellTable(each),
          `no market has an instance to give: ${percent(noneUp)} of the time`,
          correlation === null
            ? `${each.length} markets: correlations are shown for up to ${CORRELATED_MAX}`
            : correlationTable(table, correlation),
        ].join("\n\n"),
      );
    },
  );

/** Beyond this a table of pairs is no longer read. */
const CORRELATED_MAX = 30;

/** Cells of a line that draws a trace. */
const CELLS = 60;

function priceTable(table: TraceTable, markets: readonly (MarketStatistics & { readonly name: string })[]): string {
  const drawn = (line: string) => `    |${line}|`;
  return [
    row(["prices", "mean USD/h", "deviation", "changes a day"]),
    ...markets.flatMap((each, m) => [
      row([
        each.name,
        each.meanUsdPerHour.toFixed(4),
        each.sdUsdPerHour.toFixed(4),
        each.priceChangesPerDay.toFixed(2),
      ]),
      `${drawn(priceLine(table, m, CELLS))} price, lowest to highest`,
      ...(each.availability === null
        ? []
        : [`${drawn(capacityLine(table, m, CELLS))} share of time with an instance to have`]),
    ]),
  ].join("\n");
}

function spellTable(markets: readonly (MarketStatistics & { readonly name: string })[]): string {
  const cells = (spells: MarketStatistics["upSpells"]) =>
    spells === null ? ["-", "-"] : [spells.meanH.toFixed(2), spells.medianH.toFixed(2)];
  return [
    row(["spells, h", "up mean", "up median", "down mean", "down median"]),
    ...markets.map((each) => row([each.name, ...cells(each.upSpells), ...cells(each.downSpells)])),
  ].join("\n");
}

function correlationTable(table: TraceTable, { availability, priceWithAvailability }: Correlations): string {
  const cell = (value: number | null) => (value === null ? "-" : value.toFixed(2)).padStart(7);
  const name = (m: number) => table.markets[m]!.zone.padEnd(14);
  return [
    `${"correlation".padEnd(14)}${table.markets.map((market) => market.zone.slice(-6).padStart(7)).join("")}   with its price`,
    ...availability.map((line, m) => `${name(m)}${line.map(cell).join("")}   ${cell(priceWithAvailability[m]!)}`),
  ].join("\n");
}
