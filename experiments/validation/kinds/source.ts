import { type FormatRead, type ReadOptions, traceFormats } from "../../../traces/formats/index.ts";
import { readSources } from "../../../traces/formats/source-file.ts";
import { importOther } from "../../../traces/import-other.ts";
import type { RequestTrace } from "../../../traces/request-file.ts";
import type { Pull } from "../../../traces/rows.ts";

/** The one format that declares its cadence, and leaves open what 1 means. */
export const SKYPILOT = "skypilot-json";

/** What target files call the formats, and what the importers do. */
const FORMATS: Readonly<Record<string, string>> = {
  "aws-spot-price-history": "aws-price-history",
  [SKYPILOT]: "probe-series",
  "skynomad-csv": "availability-csv",
  "probe-csv": "probe-text",
  "skynomad-prices": "tick-prices",
  "spotserve-jsonl": "node-segments",
  "ms,add|remove,node": "node-events",
  "ms,count": "node-counts",
};

/**
 * What the importer of a format understands in a file.
 * @throws Error for a format that no target file may name, and a file that is not in it. TraceError as importers do.
 */
export async function readAs(
  format: string,
  path: string,
  options: ReadOptions = {},
  ticks: readonly Pull[] = [],
): Promise<FormatRead> {
  const importer = Object.hasOwn(FORMATS, format) && traceFormats.find(({ name }) => name === FORMATS[format]);
  if (!importer) throw new Error(`no format "${format}"; there are ${Object.keys(FORMATS).join(", ")}`);
  const [file] = await readSources([path], () => false);
  if (!importer.matches(file!)) throw new Error(`${path}: this is no ${format}: ${importer.source}`);
  return importer.read(file!, options, ticks);
}

/** A series of probes as counts of what was obtainable. Where that was does not matter here. */
export async function probesOf(format: string, path: string, zone = "any"): Promise<Pull> {
  const options = { instanceType: "any", zone, tz: "UTC", timeUnit: "ms" } as const;
  const { pulls } = await readAs(format, path, format === SKYPILOT ? { ...options, polarity: "available" } : options);
  const pull = pulls.find(({ kind }) => kind === "capacity");
  if (pull === undefined) throw new Error(`${path}: no probes of capacity in it`);
  return pull;
}

/** The requests of a query file. @throws Error for a file that holds none. TraceError as importers do. */
export async function requestsOf(path: string): Promise<RequestTrace> {
  const found = await importOther(await readSources([path], () => false), {});
  if (found?.kind !== "requests")
    throw new Error(`${path}: no file of requests; expected id,arrival s,input tokens,offset`);
  return found.trace;
}
