import type { Argv } from "yargs";
import { TraceError } from "../columns.ts";
import { type TimeUnit, timeUnits } from "../formats/node-events.ts";
import { HAZARD_ASSUMPTION, type Hazard } from "../formats/spot-advisor.ts";
import type { Progress } from "../import-archive.ts";
import type { OtherImport } from "../import-other.ts";
import { importAny, type TraceRef } from "../open.ts";
import { writeRequestFile } from "../request-file.ts";
import type { GapRule } from "../rows.ts";
import { json, percent, print, row, say } from "../terminal.ts";
import { copyTraceFile } from "../trace-file.ts";
import { asJsonText, requestsAsJson, told, toldRequests } from "./told.ts";

export const addImport = (cli: Argv): Argv =>
  cli.command(
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
        .conflicts("dataset", ofFiles)
        .implies("root", "dataset")
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
  );

/** What a data set knows of itself. */
const ofFiles = [
  "polarity",
  "instance-type",
  "zone",
  "product",
  "usd-per-hour",
  "tz",
  "map",
  "time-unit",
  "gap",
  "max-bytes",
];

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
  const { dataset, root, files = [] } = options;
  if (dataset !== undefined) {
    if (files.length > 0) throw new TraceError(`--dataset ${dataset}: goes without files; leave out ${files[0]}`);
    return { dataset, root };
  }
  for (const [name, value] of [
    ["usd-per-hour", options.usdPerHour],
    ["max-bytes", options.maxBytes],
  ] as const) {
    if (value !== undefined && !(value > 0)) throw new TraceError(`--${name} ${value}: expected a number above 0`);
  }
  if (files.length === 0) throw new TraceError("import what? Name files, or --dataset NAME --root FOLDER");
  return {
    files,
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
  if (json) return requestsAsJson(trace);
  return [toldRequests(trace), ...(out === undefined ? [] : [`\nwritten: ${out}`])].join("\n");
}

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
