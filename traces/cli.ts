import { writeSync } from "node:fs";
import yargs from "yargs";
import { hideBin } from "yargs/helpers";
import { nearestName } from "../policies/contract/nearest.ts";
import { HOUR_S } from "../policies/contract/units.ts";
import { type Parsed, readParsed, writeTable } from "./cache.ts";
import { TraceError } from "./columns.ts";
import { dataSets } from "./datasets.ts";
import { generateTrace } from "./generate.ts";
import type { ImportReport } from "./import-report.ts";
import { availabilityOf, openStudyTrace, type TraceRef } from "./open.ts";
import { presets } from "./presets.ts";
import { marketKey } from "./rows.ts";
import type { TraceTable } from "./trace-table.ts";

const print = (text: string): void => void writeSync(1, `${text}\n`);

/** `npm run traces -- ...`. @returns the exit code: 0, or 2 for bad input. */
export async function tracesCommand(args: readonly string[]): Promise<number> {
  const json = { type: "boolean", default: false, describe: "one JSON object on standard output" } as const;
  try {
    await yargs(hideBin(["", "", ...args]))
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
            .positional("files", { type: "string", array: true, describe: "overlapping pulls are merged" })
            .option("dataset", { type: "string", describe: "a public data set instead of files" })
            .option("root", { type: "string", describe: "the folder the data set lies in" })
            .option("polarity", {
              choices: ["available", "preempted"] as const,
              describe: "what 1 means, where the format does not say",
            })
            .option("instance-type", { type: "string", describe: "where the files do not say" })
            .option("zone", { type: "string", describe: "where the files do not say" })
            .option("out", { type: "string", describe: "where to write the table (.trace)" })
            .option("json", json),
        async (options) => {
          const ref = refOf(options);
          const trace = await openStudyTrace(ref);
          if (options.out !== undefined)
            writeTable(options.out, { table: trace.window(0, trace.endS), report: trace.report });
          print(
            options.json
              ? JSON.stringify({ digest: trace.digest, ...trace.report }, null, 2)
              : told(trace.digest, trace.report),
          );
          if (options.out !== undefined && !options.json) print(`\nwritten: ${options.out}`);
        },
      )
      .command(
        "generate",
        "draw a synthetic trace from a preset",
        (y) =>
          y
            .option("preset", { type: "string", demandOption: true, describe: "see `traces list`" })
            .option("seed", { type: "string", default: "1", describe: "same seed, same trace" })
            .option("hours", { type: "number", default: 168 })
            .option("out", { type: "string", demandOption: true, describe: "where to write the table (.trace)" }),
        ({ preset, seed, hours, out }) => {
          if (!(hours > 0)) throw new TraceError(`--hours ${hours}: give a positive number of hours`);
          const found = presets.find((each) => each.name === preset);
          if (found === undefined) {
            const names = presets.map((each) => each.name);
            throw new TraceError(
              `no preset is called "${preset}"; did you mean "${nearestName(preset, names)}"? There are ${names.join(", ")}`,
            );
          }
          const parsed = generated(generateTrace(found.model, seed, hours * HOUR_S), `preset ${preset}, seed ${seed}`);
          writeTable(out, parsed);
          print(`${told(parsed.table.digest, parsed.report)}\n\nwritten: ${out}`);
        },
      )
      .command(
        "inspect <file>",
        "what a table file holds: rows, markets, prices, spells, correlations",
        (y) => y.positional("file", { type: "string", demandOption: true }).option("json", json),
        ({ file, json: asJson }) => {
          const parsed = readParsed(file);
          if (parsed === undefined)
            throw new TraceError(`${file}: not a table file of this version; write one with \`traces import --out\``);
          const markets = parsed.table.markets.map((_, m) => inspected(parsed.table, m));
          if (asJson) {
            print(
              JSON.stringify(
                {
                  digest: parsed.table.digest,
                  report: parsed.report,
                  markets,
                  correlation: correlations(parsed.table),
                },
                null,
                2,
              ),
            );
          } else {
            print(
              `${told(parsed.table.digest, parsed.report)}\n\n${spellTable(markets)}\n\n${correlationTable(parsed.table)}`,
            );
          }
        },
      )
      .demandCommand(1, "say what to do: list, import, generate or inspect")
      .strict()
      .version(false)
      .exitProcess(false)
      .fail((message, error) => {
        throw error ?? new TraceError(message);
      })
      .parseAsync();
    return 0;
  } catch (error) {
    if (!(error instanceof TraceError)) throw error;
    writeSync(2, `error: ${error.message}\n`);
    return 2;
  }
}

function refOf(options: {
  files?: string[] | undefined;
  dataset?: string | undefined;
  root?: string | undefined;
  polarity?: "available" | "preempted" | undefined;
  instanceType?: string | undefined;
  zone?: string | undefined;
}): TraceRef {
  if (options.dataset !== undefined) return { dataset: options.dataset, root: options.root };
  if (options.files === undefined || options.files.length === 0)
    throw new TraceError("import what? Name files, or --dataset NAME --root FOLDER");
  return {
    files: options.files,
    ...(options.polarity && { polarity: options.polarity }),
    ...(options.instanceType && { instanceType: options.instanceType }),
    ...(options.zone && { zone: options.zone }),
  };
}

function list(asJson: boolean): void {
  if (asJson) {
    print(
      JSON.stringify(
        { presets: presets.map(({ name, summary, source }) => ({ name, summary, source })), dataSets },
        null,
        2,
      ),
    );
    return;
  }
  print("presets (generated, they come with the workbench)");
  for (const { name, summary, source } of presets) print(`  ${name}\n    ${summary}\n    ${source}`);
  print("\ndata sets (real; fetch them yourself and pass --root)");
  for (const { name, summary, repository, commit, licence } of dataSets) {
    print(`  ${name}\n    ${summary}\n    ${repository} at ${commit.slice(0, 7)}, ${licence}`);
  }
}

function generated(table: TraceTable, format: string): Parsed {
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
      warnings: ["generated, not observed"],
      startsAt: "time 0",
      hours: table.endS / HOUR_S,
      markets: table.markets.map((market, m) => {
        const { meanUsdPerHour, priceChanges, capacityChanges, availability } = inspected(table, m);
        return { name: marketKey(market), meanUsdPerHour, priceChanges, capacityChanges, availability };
      }),
    },
  };
}

/** An import as people read it. */
function told(digest: string, report: ImportReport): string {
  const lines = [
    `${report.format}: ${report.hours.toFixed(1)} h from ${report.startsAt}`,
    `digest ${digest}`,
    ...report.files.map(({ name, bytes, sha256 }) => `  ${name}  ${bytes} bytes  sha256 ${sha256.slice(0, 16)}`),
    `rows read ${report.rowsRead}, kept ${report.kept}, collapsed ${report.collapsed} (repeat the value before), merged ${report.merged} (in several pulls), dropped ${report.dropped.reduce((sum, { rows }) => sum + rows, 0)}, contradicted ${report.contradictions}`,
    ...report.warnings.map((warning) => `warning: ${warning}`),
    "",
    row(["market", "mean USD/h", "price changes", "capacity changes", "available"]),
    ...report.markets.map((each) =>
      row([
        each.name,
        each.meanUsdPerHour?.toFixed(4) ?? "-",
        String(each.priceChanges),
        String(each.capacityChanges),
        each.availability === null ? "unbounded" : `${(100 * each.availability).toFixed(1)} %`,
      ]),
    ),
  ];
  return lines.join("\n");
}

const row = (cells: readonly string[]): string =>
  cells.map((cell, i) => (i === 0 ? cell.padEnd(28) : cell.padStart(17))).join("");

/** What one market's series look like. Spells in hours; null where there are none. */
function inspected(table: TraceTable, m: number) {
  const spells = { up: [] as number[], down: [] as number[] };
  let priceChanges = 0;
  let capacityChanges = 0;
  let fromS = 0;
  for (let timeS = table.nextPriceChangeS(m, 0); timeS < table.endS; timeS = table.nextPriceChangeS(m, timeS))
    priceChanges++;
  for (let timeS = 0; timeS < table.endS; ) {
    const nextS = table.nextCapacityChangeS(m, timeS);
    const up = table.capacityAt(m, timeS) > 0;
    if (nextS < table.endS) {
      capacityChanges++;
      const turns = table.capacityAt(m, nextS) > 0 !== up;
      // The first spell was cut off by the start of the trace, so it says nothing of spell lengths.
      if (turns && fromS > 0) spells[up ? "up" : "down"].push((nextS - fromS) / HOUR_S);
      if (turns) fromS = nextS;
    }
    timeS = nextS;
  }
  const bounded = Number.isFinite(table.capacityAt(m, 0));
  return {
    name: marketKey(table.markets[m]!),
    meanUsdPerHour: (table.costUsd(m, 0, table.endS) / table.endS) * HOUR_S,
    priceChanges,
    capacityChanges,
    availability: bounded ? availabilityOf(table, m) : null,
    depth: table.depth(m),
    gapS: table.gapS(m),
    upSpells: described(spells.up),
    downSpells: described(spells.down),
  };
}

function described(spells: readonly number[]) {
  if (spells.length === 0) return null;
  const sorted = [...spells].sort((a, b) => a - b);
  return {
    count: spells.length,
    meanH: spells.reduce((sum, each) => sum + each, 0) / spells.length,
    medianH: sorted[sorted.length >> 1]!,
    longestH: sorted.at(-1)!,
  };
}

function spellTable(markets: readonly ReturnType<typeof inspected>[]): string {
  const cells = (spells: ReturnType<typeof described>) =>
    spells === null ? ["-", "-"] : [spells.meanH.toFixed(2), spells.medianH.toFixed(2)];
  return [
    row(["spells, h", "up mean", "up median", "down mean", "down median"]),
    ...markets.map((each) => row([each.name, ...cells(each.upSpells), ...cells(each.downSpells)])),
  ].join("\n");
}

/** Pearson correlation of availability between markets, and of each market's price with its availability, on 2,000 points. */
function correlations(table: TraceTable) {
  const points = Array.from({ length: 2000 }, (_, i) => ((i + 0.5) * table.endS) / 2000);
  const up = table.markets.map((_, m) => points.map((timeS) => (table.capacityAt(m, timeS) > 0 ? 1 : 0)));
  const price = table.markets.map((_, m) => points.map((timeS) => table.priceUsdPerHourAt(m, timeS)));
  return {
    availability: up.map((a) => up.map((b) => pearson(a, b))),
    priceWithAvailability: up.map((a, m) => pearson(a, price[m]!)),
  };
}

function pearson(a: readonly number[], b: readonly number[]): number | null {
  const mean = (list: readonly number[]) => list.reduce((sum, each) => sum + each, 0) / list.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  for (const [i, each] of a.entries()) {
    ab += (each - meanA) * (b[i]! - meanB);
    aa += (each - meanA) ** 2;
    bb += (b[i]! - meanB) ** 2;
  }
  return aa === 0 || bb === 0 ? null : ab / Math.sqrt(aa * bb);
}

function correlationTable(table: TraceTable): string {
  const { availability, priceWithAvailability } = correlations(table);
  const cell = (value: number | null) => (value === null ? "-" : value.toFixed(2)).padStart(7);
  const name = (m: number) => table.markets[m]!.zone.padEnd(14);
  return [
    `${"correlation".padEnd(14)}${table.markets.map((market) => market.zone.slice(-6).padStart(7)).join("")}   with its price`,
    ...availability.map((line, m) => `${name(m)}${line.map(cell).join("")}   ${cell(priceWithAvailability[m]!)}`),
  ].join("\n");
}
