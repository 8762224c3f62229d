import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { parse, YAMLParseError } from "yaml";
import type { Argv } from "yargs";
import { HOUR_S, type Seconds } from "../../policies/contract/units.ts";
import { TraceError } from "../columns.ts";
import { generateTrace, type MarketModel, marketModel } from "../generate.ts";
import { named } from "../named.ts";
import { presets } from "../presets.ts";
import { openRequestFile, type RequestTrace, writeRequestFile } from "../request-file.ts";
import { requestPresets } from "../request-presets.ts";
import { columnsOf, generateRequests, type RequestModel, requestModel } from "../requests.ts";
import { marketNames } from "../rows.ts";
import { marketStatistics } from "../statistics.ts";
import { json, print } from "../terminal.ts";
import { type Parsed, writeTraceFile } from "../trace-file.ts";
import type { TraceTable } from "../trace-table.ts";
import { asJsonText, requestsAsJson, told, toldRequests } from "./told.ts";

export const addGenerate = (cli: Argv): Argv =>
  cli.command(
    "generate",
    "draw a synthetic trace, or requests, from a preset or a model of your own",
    (y) =>
      y
        .option("preset", { type: "string", requiresArg: true, describe: "see `traces list`" })
        .option("model", {
          type: "string",
          requiresArg: true,
          describe: "instead: a file (.yaml), a market as `traces fit` writes it, or { arrivals, tokens }",
        })
        .option("seed", { type: "string", default: "1", describe: "same seed, same trace" })
        .option("hours", { type: "number", default: 168 })
        .option("out", {
          type: "string",
          requiresArg: true,
          demandOption: true,
          describe: "where to write the table (.trace) or the requests (.requests)",
        })
        .option("json", json),
    ({ preset, model: file, seed, hours, out, json: asJson }) => {
      if (!(hours > 0 && hours <= HOURS_MAX)) {
        throw new TraceError(`--hours ${hours}: give a positive number of hours, at most ${HOURS_MAX}`);
      }
      if ((preset === undefined) === (file === undefined)) {
        throw new TraceError("generate what? Name --preset NAME, or --model FILE");
      }
      const model =
        preset === undefined ? readModel(file!) : named("preset", [...presets, ...requestPresets], preset).model;
      const format = `${preset === undefined ? `model ${file}` : `preset ${preset}`}, seed ${seed}`;
      const endS = hours * HOUR_S;
      if ("arrivals" in model) {
        const trace = generatedRequests(model, seed, endS, format);
        writeRequestFile(out, trace);
        print(asJson ? requestsAsJson(trace) : toldRequests(trace));
      } else {
        const parsed = generated(generateTrace(model, seed, endS), format);
        writeTraceFile(out, parsed);
        print(asJson ? asJsonText(parsed.table.digest, parsed.report) : told(parsed.table.digest, parsed.report));
      }
      if (!asJson) print(`\nwritten: ${out}`);
    },
  );

/** A century. Longer is a slip of the keyboard, and would not fit into memory. */
const HOURS_MAX = 876_600;
/** 16 bytes each. A study that draws them itself needs no file, and knows no such bound. */
const REQUESTS_MAX = 100_000_000;

/** A market or requests, whichever it describes. @throws TraceError with the place of what is wrong. */
function readModel(path: string): MarketModel | RequestModel {
  let value: unknown;
  try {
    value = parse(readFileSync(path, "utf8"));
  } catch (error) {
    if (error instanceof YAMLParseError) {
      throw new TraceError(`${path}:${error.linePos?.[0].line ?? 1}: no YAML, ${error.message.split("\n")[0]}`);
    }
    throw new TraceError(`${path}: cannot be read (${(error as NodeJS.ErrnoException).code}); check the path`);
  }
  const isRequests = typeof value === "object" && value !== null && "arrivals" in value;
  const parsed = (isRequests ? requestModel : marketModel).safeParse(value);
  if (parsed.success) return parsed.data;
  const [fault] = parsed.error.issues;
  throw new TraceError(`${path}: ${fault!.path.join(".") || "the file"}: ${fault!.message.toLowerCase()}; mend it`);
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

/** @throws TraceError for more requests than a file of them holds. */
function generatedRequests(model: RequestModel, seed: string, endS: Seconds, format: string): RequestTrace {
  const { tokens } = model;
  const opened = { ...model, tokens: "file" in tokens ? openRequestFile(tokens.file) : tokens };
  const expected = model.arrivals.perS * endS;
  if (expected > REQUESTS_MAX) {
    throw new TraceError(
      `${Math.round(expected)} requests are expected, at most ${REQUESTS_MAX} are written; shorten --hours, or draw them in a study`,
    );
  }
  const columns = columnsOf(() => generateRequests(opened, seed, endS));
  const kept = columns.arrivalS.length;
  if (kept === 0) throw new TraceError("no request came; give more --hours, or a higher rate");
  const digest = createHash("sha256")
    .update(JSON.stringify([model, seed, endS]))
    .digest("hex");
  return {
    ...columns,
    digest,
    report: {
      format,
      files: [],
      rowsRead: 0,
      kept,
      dropped: [],
      warnings: ["generated, not observed"],
      startsAt: "time 0",
    },
  };
}
