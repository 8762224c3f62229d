import { writeFileSync, writeSync } from "node:fs";
import { basename } from "node:path";
import { stringify } from "yaml";
import yargs from "yargs";
import { hideBin } from "yargs/helpers";
import { nearestName } from "../policies/contract/nearest.ts";
import { HOUR_S } from "../policies/contract/units.ts";
import { type CatalogType, catalogOf } from "./catalog/catalog.ts";
import { TraceError } from "./columns.ts";
import { dataSets } from "./datasets.ts";
import { exportTable } from "./export.ts";
import { fetchSets } from "./fetch-command.ts";
import { type Fit, fitOf, shapeOf } from "./fit.ts";
import { fitModel } from "./fit-model.ts";
import { type TimeUnit, timeUnits } from "./formats/node-events.ts";
import { STDIN } from "./formats/source-file.ts";
import { HAZARD_ASSUMPTION, type Hazard } from "./formats/spot-advisor.ts";
import { formatsPage } from "./formats-page.ts";
import { generateTrace } from "./generate.ts";
import type { Progress } from "./import-archive.ts";
import type { OtherImport } from "./import-other.ts";
import type { ImportReport } from "./import-report.ts";
import { importAny, type TraceRef } from "./open.ts";
import { type Preset, presets } from "./presets.ts";
import { isPresent, manualSets, publicSets, userSetFolder } from "./public-sets.ts";
import { recordPrices } from "./record.ts";
import { requestStatistics, writeRequestFile } from "./request-file.ts";
import { type GapRule, marketNames } from "./rows.ts";
import { capacityLine, priceLine } from "./sparkline.ts";
import {
  type Correlations,
  correlationsOf,
  type MarketStatistics,
  marketStatistics,
  noneUpShare,
} from "./statistics.ts";
import { copyTraceFile, openTraceFile, type Parsed, writeTraceFile } from "./trace-file.ts";
import type { MarketFilter, TraceTable } from "./trace-table.ts";
import { writeWhole } from "./write-whole.ts";

/** The one place where text leaves: names and zones come from files, and a terminal obeys control characters. */
const print = (text: string): void => say(1, text);
function say(stream: 1 | 2, text: string): void {
  writeSync(stream, `${text.replace(/[^\P{Cc}\n]/gu, "?")}\n`);
}

/** `npm run traces -- ...`. @returns the exit code: 0, or 2 for bad input. */
export async function tracesCommand(args: readonly string[]): Promise<number> {
  const json = { type: "boolean", default: false, describe: "one JSON object on standard output" } as const;
  try {
    await yargs(hideBin(["", "", ...args.map((arg) => (arg === "-" ? STDIN : arg))]))
      .scriptName("npm run traces --")
      .usage("$0 COMMAND\n\nSpot traces: read them, make them, look at them.")
      .command(
        "list",
        "presets and public data sets",
        (y) => y.option("json", json),
        ({ json: asJson }) => list(asJson),
      )
      .command(
        "import [files..]",
        "read files, say what was understood, write one table file",
        (y) =>
          y
            .positional("files", {
              type: "string",
              array: true,
              describe:
                "files or folders, packed with gzip or zstd or not; - is standard input; overlapping pulls are merged",
            })
            .option("dataset", { type: "string", describe: "a public data set instead of files" })
            .option("root", { type: "string", describe: "the folder the data set lies in" })
            .option("polarity", {
              choices: ["available", "preempted"] as const,
              describe: "what 1 means, where the format does not say",
            })
            .option("instance-type", { type: "string", describe: "where the files do not say" })
            .option("zone", { type: "string", describe: "where the files do not say" })
            .option("product", { type: "string", describe: "which product description, where files hold several" })
            .option("usd-per-hour", { type: "number", describe: "one price for all time, where files hold none" })
            .option("tz", { type: "string", describe: "what stamps without an offset mean: UTC, +01:00" })
            .option("map", {
              type: "string",
              describe: "columns of a CSV: time=When,price=USD,zone=AZ, or numbers from 1",
            })
            .option("time-unit", { choices: timeUnits, describe: "of times that have none" })
            .option("gap", {
              choices: ["hold", "unavailable", "fail"] as const,
              describe: "what stands where the source was not looking; hold if not given",
            })
            .option("max-bytes", { type: "number", describe: "of one file, unpacked; 16 GiB if not given" })
            .option("out", { type: "string", requiresArg: true, describe: "where to write the table (.trace)" })
            .option("json", json),
        async (options) => {
          const ref = refOf(options);
          const trace = await importAny(ref, undefined, everyFewSeconds());
          if ("kind" in trace) {
            print(tellOther(trace, options));
            return;
          }
          if (options.out !== undefined) copyTraceFile(trace.path, options.out);
          print(options.json ? asJsonText(trace.digest, trace.report) : told(trace.digest, trace.report));
          if (options.out !== undefined && !options.json) print(`\nwritten: ${options.out}`);
        },
      )
      .command("formats", "the page of formats, as Markdown", {}, () => print(formatsPage().trimEnd()))
      .command(
        "generate",
        "draw a synthetic trace from a preset",
        (y) =>
          y
            .option("preset", { type: "string", demandOption: true, describe: "see `traces list`" })
            .option("seed", { type: "string", default: "1", describe: "same seed, same trace" })
            .option("hours", { type: "number", default: 168 })
            .option("out", {
              type: "string",
              requiresArg: true,
              demandOption: true,
              describe: "where to write the table (.trace)",
            })
            .option("json", json),
        ({ preset, seed, hours, out, json: asJson }) => {
          if (!(hours > 0 && hours <= HOURS_MAX)) {
            throw new TraceError(`--hours ${hours}: give a positive number of hours, at most ${HOURS_MAX}`);
          }
          const { model } = presetOf(preset);
          const parsed = generated(generateTrace(model, seed, hours * HOUR_S), `preset ${preset}, seed ${seed}`);
          writeTraceFile(out, parsed);
          print(asJson ? asJsonText(parsed.table.digest, parsed.report) : told(parsed.table.digest, parsed.report));
          if (!asJson) print(`\nwritten: ${out}`);
        },
      )
      .command(
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
            const fit = fitOf(presetOf(preset));
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
      )
      .command(
        "fetch [sets..]",
        "get public data sets, verified, into your cache; goes on where it stopped",
        (y) =>
          y
            .positional("sets", { type: "string", array: true, default: [], describe: "see `traces list`" })
            .option("to", { type: "string", describe: "a folder of your own instead" })
            .option("mirror", { type: "string", describe: "base address of a copy, BASE/NAME/PATH" })
            .option("accept-licence", { type: "boolean", default: false, describe: "do not ask" }),
        async ({ sets, to, mirror, acceptLicence }) => print(await fetchSets({ sets, to, mirror, acceptLicence })),
      )
      .command(
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
      )
      .command(
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
      )
      .command(
        "record",
        "add AWS's spot price history to an archive of your own, which outlives the 90 days that AWS keeps; run it daily",
        (y) =>
          y
            .option("region", { type: "string", array: true, demandOption: true })
            .option("type", { type: "string", array: true, demandOption: true, describe: "instance types" })
            .option("product", { type: "string", array: true, default: ["Linux/UNIX"] })
            .option("archive", {
              type: "string",
              default: "price-archive",
              describe: "a folder; import reads its files",
            }),
        async ({ region, type, product, archive }) => {
          const recorded = await recordPrices({
            regions: region,
            instanceTypes: type,
            products: product,
            archive,
            nowS: Math.floor(Date.now() / 1000),
            progress: (text) => say(2, text),
          });
          const rows = recorded.reduce((sum, each) => sum + each.rows, 0);
          print(`${rows} new rows in ${archive}; read them with: npm run traces -- import ${archive}/*/*/*.json`);
        },
      )
      .command(
        "catalog",
        "instance types: GPUs, memory, network, on-demand prices and their date",
        (y) => y.option("json", json),
        ({ json: asJson }) => {
          const { types } = catalogOf([]);
          print(asJson ? JSON.stringify(types, null, 2) : catalogTable(types));
        },
      )
      .demandCommand(
        1,
        "say what to do: list, import, formats, generate, inspect, fit, export, fetch, record or catalog",
      )
      .strict()
      .version(false)
      .exitProcess(false)
      .fail((message, error) => {
        throw error ?? new TraceError(message.replaceAll(/\n\s*/g, " "));
      })
      .parseAsync();
    return 0;
  } catch (error) {
    // yargs throws an error of its own for an option without its value.
    if (!(error instanceof TraceError || (error instanceof Error && error.name === "YError"))) throw error;
    say(2, `error: ${error.message}`);
    return 2;
  }
}

/** Requests and reclaim rates as people read them; written where that was asked for. @throws TraceError */
function tellOther(
  other: OtherImport,
  { out, json, instanceType }: { out?: string | undefined; json: boolean; instanceType?: string | undefined },
): string {
  if (other.kind === "hazards") {
    if (out !== undefined)
      throw new TraceError("--out: reclaim rates are no table; use --json, and a study's interruptions");
    const hazards = other.hazards.filter((each) => instanceType === undefined || each.instanceType === instanceType);
    if (hazards.length === 0) throw new TraceError(`--instance-type ${instanceType}: the feed does not list it`);
    return json ? JSON.stringify({ assumption: HAZARD_ASSUMPTION, hazards }, null, 2) : hazardTable(hazards);
  }
  const { trace } = other;
  if (out !== undefined) writeRequestFile(out, trace);
  const { digest, report } = trace;
  const statistics = requestStatistics(trace);
  if (json) return JSON.stringify({ digest, report, statistics }, null, 2);
  const { requests, hours, perSecond, interarrivalCv, meanInputTokens, meanOutputTokens } = statistics;
  return [
    `${report.format}: ${requests} requests over ${hours.toFixed(2)} h from ${report.startsAt}`,
    `digest ${digest}`,
    ...report.files.map(({ name, bytes, sha256 }) => `  ${name}  ${bytes} bytes  sha256 ${sha256.slice(0, 16)}`),
    `rows read ${report.rowsRead}, kept ${report.kept}`,
    ...report.dropped.map(({ why, rows }) => `dropped ${rows}: ${why}`),
    ...report.warnings.map((warning) => `warning: ${warning}`),
    `${perSecond.toFixed(3)} a second, coefficient of variation ${interarrivalCv?.toFixed(2) ?? "-"} between arrivals; tokens in ${meanInputTokens.toFixed(0)}, out ${meanOutputTokens.toFixed(0)} on average`,
    ...(out === undefined ? [] : [`\nwritten: ${out}`]),
  ].join("\n");
}

/** More rows than this are for programs. */
const HAZARDS_MAX = 60;

function hazardTable(hazards: readonly Hazard[]): string {
  const rate = (value: number | null) => (value === null ? "open" : value.toExponential(2));
  return [
    `spot-advisor: ${hazards.length} rates`,
    HAZARD_ASSUMPTION,
    "",
    row(["type, region, system", "band a month", "reclaims an hour", "at least", "at most"]),
    ...hazards
      .slice(0, HAZARDS_MAX)
      .map(({ instanceType, region, os, band, perHour, perHourMin, perHourMax }) =>
        row([`${instanceType} ${region} ${os}`, band, rate(perHour), rate(perHourMin), rate(perHourMax)]),
      ),
    ...(hazards.length > HAZARDS_MAX
      ? [`and ${hazards.length - HAZARDS_MAX} more: --instance-type NAME, or --json`]
      : []),
  ].join("\n");
}

/** Which markets of a table file. */
const marketOptions = {
  type: { type: "string", array: true, describe: "instance types; all if not given" },
  zone: { type: "string", array: true, describe: "zones; all if not given" },
  product: { type: "string", describe: "where the file holds several" },
} as const;

const filterOf = (options: {
  readonly type?: readonly string[] | undefined;
  readonly zone?: readonly string[] | undefined;
  readonly product?: string | undefined;
}): MarketFilter => ({
  ...(options.type && { instanceTypes: options.type }),
  ...(options.zone && { zones: options.zone }),
  ...(options.product !== undefined && { product: options.product }),
});

/** Tells how far a long import is, on standard error. */
function everyFewSeconds(): Progress {
  let lastMs = performance.now();
  return ({ doing, rows, share }) => {
    const nowMs = performance.now();
    if (nowMs - lastMs < 2000) return;
    lastMs = nowMs;
    say(2, `${doing}: ${(rows / 1e6).toFixed(1)} million rows, ${percent(share)}`);
  };
}

/** A century. Longer is a slip of the keyboard, and would not fit into memory. */
const HOURS_MAX = 876_600;
/** Beyond this a table of pairs is no longer read. */
const CORRELATED_MAX = 30;

function presetOf(name: string): Preset {
  const found = presets.find((each) => each.name === name);
  if (found !== undefined) return found;
  const names = presets.map((each) => each.name);
  throw new TraceError(
    `no preset is called "${name}"; did you mean "${nearestName(name, names)}"? There are ${names.join(", ")}`,
  );
}

const asJsonText = (digest: string, report: ImportReport): string => JSON.stringify({ digest, ...report }, null, 2);

function refOf(options: {
  files?: string[] | undefined;
  dataset?: string | undefined;
  root?: string | undefined;
  polarity?: "available" | "preempted" | undefined;
  instanceType?: string | undefined;
  zone?: string | undefined;
  product?: string | undefined;
  usdPerHour?: number | undefined;
  tz?: string | undefined;
  map?: string | undefined;
  timeUnit?: TimeUnit | undefined;
  gap?: GapRule | undefined;
  maxBytes?: number | undefined;
}): TraceRef {
  if (options.dataset !== undefined) return { dataset: options.dataset, root: options.root };
  for (const [name, value] of [
    ["usd-per-hour", options.usdPerHour],
    ["max-bytes", options.maxBytes],
  ] as const) {
    if (value !== undefined && !(value > 0)) throw new TraceError(`--${name} ${value}: expected a number above 0`);
  }
  if (options.files === undefined || options.files.length === 0)
    throw new TraceError("import what? Name files, or --dataset NAME --root FOLDER");
  return {
    files: options.files,
    ...(options.polarity && { polarity: options.polarity }),
    ...(options.instanceType && { instanceType: options.instanceType }),
    ...(options.zone && { zone: options.zone }),
    ...(options.product && { product: options.product }),
    ...(options.usdPerHour !== undefined && { usdPerHour: options.usdPerHour }),
    ...(options.tz && { tz: options.tz }),
    ...(options.map && { map: mapOf(options.map) }),
    ...(options.timeUnit && { timeUnit: options.timeUnit }),
    ...(options.gap && { gap: options.gap }),
    ...(options.maxBytes !== undefined && { maxBytes: options.maxBytes }),
  };
}

/** @throws TraceError unless each part is ROLE=COLUMN */
function mapOf(text: string): Record<string, string> {
  return Object.fromEntries(
    text.split(",").map((part) => {
      const at = part.indexOf("=");
      if (at > 0 && at + 1 < part.length) return [part.slice(0, at).trim(), part.slice(at + 1).trim()];
      throw new TraceError(
        `--map ${text}: "${part}" names no column; expected ROLE=COLUMN, such as time=Timestamp,price=SpotPrice`,
      );
    }),
  );
}

function list(asJson: boolean): void {
  const sets = publicSets.map((set) => ({ ...set, present: isPresent(set, userSetFolder(set.name)) }));
  if (asJson) {
    const shipped = presets.map(({ name, summary, source }) => ({ name, summary, source }));
    print(JSON.stringify({ presets: shipped, dataSets, publicSets: sets, manualSets }, null, 2));
    return;
  }
  print("presets (generated, they come with the workbench)");
  for (const { name, summary, source } of presets) print(`  ${name}\n    ${summary}\n    ${source}`);
  print("\ndata sets that a study can name");
  for (const { name, summary, set } of dataSets) print(`  ${name}\n    ${summary}\n    of the public set ${set}`);
  print("\npublic sets (traces fetch NAME)");
  for (const { name, summary, repository, commit, licence, present } of sets) {
    print(
      `  ${name}${present ? " (here)" : ""}\n    ${summary}\n    ${repository} at ${commit.slice(0, 7)}, licence: ${licence}`,
    );
  }
  print("\nfor you to obtain");
  for (const { name, how } of manualSets) print(`  ${name}\n    ${how}`);
}

function catalogTable(types: readonly CatalogType[]): string {
  const rows = types.map(({ name, gpus, gpu, gpuMemoryMiB, networkMiBPerS, usdPerHour }) => [
    name,
    `${gpus} x ${gpu}`,
    String(gpuMemoryMiB),
    String(networkMiBPerS),
    Object.entries(usdPerHour)
      .map(([region, usd]) => `${usd} ${region}`)
      .join(", ") || "not known",
  ]);
  const origins = new Set(types.map(({ source, asOf }) => `as of ${asOf}: ${source}`));
  return [
    [["type", "GPUs", "usable MiB", "MiB/s", "on-demand USD/h"], ...rows]
      .map((cells) => cells.map((cell, i) => cell.padEnd([15, 14, 12, 8][i] ?? 0)).join(""))
      .join("\n"),
    [...origins].join("\n"),
    "a study adds rows, or says some anew, with catalog: FILE in the form of traces/catalog/instance-types.yaml",
  ].join("\n\n");
}

function generated(table: TraceTable, format: string): Parsed {
  const nameOf = marketNames(table.markets);
  return {
    table,
    report: {
      format,
      files: [],
      rowsRead: 0,
      kept: 0,
      collapsed: 0,
      merged: 0,
      dropped: [],
      contradictions: 0,
      gaps: { count: 0, rule: "hold" },
      warnings: ["generated, not observed"],
      startsAt: "time 0",
      hours: table.endS / HOUR_S,
      markets: table.markets.map((market, m) => {
        const { meanUsdPerHour, priceChanges, capacityChanges, availability } = marketStatistics(table, m);
        const span = { fromH: 0, toH: table.endS / HOUR_S };
        return { name: nameOf(market), ...span, meanUsdPerHour, priceChanges, capacityChanges, availability };
      }),
    },
  };
}

/** An import as people read it. */
function told(digest: string, report: ImportReport): string {
  return [
    `${report.format}: ${report.hours.toFixed(1)} h from ${report.startsAt}`,
    `digest ${digest}`,
    ...report.files.map(({ name, bytes, sha256 }) => `  ${name}  ${bytes} bytes  sha256 ${sha256.slice(0, 16)}`),
    `rows read ${report.rowsRead}, kept ${report.kept}, collapsed ${report.collapsed} (repeat the value before), merged ${report.merged} (in several pulls), dropped ${report.dropped.reduce((sum, { rows }) => sum + rows, 0)}, contradicted ${report.contradictions}`,
    ...report.dropped.map(({ why, rows }) => `dropped ${rows}: ${why}`),
    ...report.warnings.map((warning) => `warning: ${warning}`),
    "",
    row(["market", "rows from, h", "to, h", "mean USD/h", "price changes", "capacity changes", "available"]),
    ...report.markets.map((each) =>
      row([
        each.name,
        each.fromH.toFixed(1),
        each.toH.toFixed(1),
        each.meanUsdPerHour?.toFixed(4) ?? "-",
        String(each.priceChanges),
        String(each.capacityChanges),
        each.availability === null ? "unbounded" : percent(each.availability),
      ]),
    ),
  ].join("\n");
}

const row = (cells: readonly string[]): string =>
  cells.map((cell, i) => (i === 0 ? cell.padEnd(28) : cell.padStart(18))).join("");
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

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

function fitTable({ preset, source, seed, hours, rows }: Fit): string {
  const number = (value: number | null) => (value === null ? "-" : value.toPrecision(3));
  return [
    `preset ${preset}: ${source}`,
    `drawn for ${hours} h with seed "${seed}"`,
    "",
    ["statistic".padEnd(32), "of".padEnd(16), "data".padStart(10), "preset".padStart(10)].join(""),
    ...rows.map((each) =>
      [
        each.statistic.padEnd(32),
        each.of.padEnd(16),
        number(each.data).padStart(10),
        number(each.preset).padStart(10),
      ].join(""),
    ),
  ].join("\n");
}
