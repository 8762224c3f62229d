import { z } from "zod";
import { TraceError } from "../columns.ts";
import type { Pull } from "../rows.ts";
import type { FormatRead, ReadOptions, TraceFormat } from "./index.ts";
import { parseJson, priceOf, regionOf, type SourceFile } from "./source-file.ts";

const shape = z.looseObject({
  metadata: z.looseObject({
    gap_seconds: z.number().positive(),
    start_time: z.union([z.string(), z.number()]).optional(),
    zone: z.string().optional(),
  }),
  data: z.array(z.unknown()).min(1),
  prices: z.array(z.unknown()).optional(),
});

/** Probes at equal gaps: SkyPilot, SkyServe, SkyNomad JSON. What 1 means differs between files, so `polarity` must be said. */
export const probeSeries: TraceFormat = {
  name: "probe-series",
  source: "SkyPilot spot-traces, SkyServe and SkyNomad artifacts: {metadata: {gap_seconds}, data: [...], prices?}",
  matches: (file) => /^\s*\{/.test(file.text) && /"gap_seconds"\s*:/.test(file.text),
  read: (file, options): FormatRead => {
    const parsed = shape.safeParse(parseJson(file));
    if (!parsed.success) {
      const { path, message } = parsed.error.issues[0]!;
      throw new TraceError(
        `${file.path}: ${path.join(".")}: ${message}; expected {metadata: {gap_seconds}, data: [...]}`,
      );
    }
    const { metadata, data, prices } = parsed.data;
    const { instanceType, zone } = identityOf(file, metadata.zone, options);
    const market = { instanceType, region: regionOf(zone), zone, capacityType: "spot" as const };
    const startS =
      metadata.start_time === undefined
        ? 0
        : Number.isFinite(Number(metadata.start_time))
          ? Number(metadata.start_time)
          : Date.parse(String(metadata.start_time)) / 1000;
    if (Number.isNaN(startS))
      throw new TraceError(`${file.path}: metadata.start_time ${String(metadata.start_time)} is no time`);
    const timesS = data.map((_, i) => startS + i * metadata.gap_seconds);
    const capacity: Pull = { market, kind: "capacity", timesS, values: countsOf(file, data, options) };
    if (prices === undefined) {
      throw new TraceError(
        `${file.path}: availability without prices cannot be billed; use a file with "prices", or the CSV and price pair`,
      );
    }
    if (prices.length !== data.length)
      throw new TraceError(`${file.path}: ${data.length} values in data but ${prices.length} in prices`);
    const price: Pull = {
      market,
      kind: "price",
      timesS,
      values: prices.map((usd, i) => priceOf(usd, `${file.path}: prices[${i}]`)),
    };
    return { pulls: [capacity, price], rows: data.length, warnings: [], gapS: metadata.gap_seconds };
  },
};

function countsOf(file: SourceFile, data: readonly unknown[], { polarity }: ReadOptions): number[] {
  if (polarity === undefined) {
    throw new TraceError(
      `${file.path}: the format does not say whether 1 means available or preempted; add polarity: available or polarity: preempted`,
    );
  }
  return data.map((value, i) => {
    if (typeof value !== "number" || !Number.isInteger(value) || value < 0) {
      throw new TraceError(
        `${file.path}: data[${i}]: ${JSON.stringify(value)} is no count; expected whole numbers from 0`,
      );
    }
    if (polarity === "available") return value;
    if (value > 1)
      throw new TraceError(
        `${file.path}: data[${i}] is ${value}: counts above 1 cannot be "preempted"; use polarity: available`,
      );
    return 1 - value;
  });
}

/** Zone and type from the options, the file, or a name such as us-west-2a_v100_1.json; never guessed. */
export function identityOf(
  file: SourceFile,
  zoneInFile: string | undefined,
  options: ReadOptions,
): { instanceType: string; zone: string } {
  const zone = options.zone ?? zoneInFile ?? /^([a-z]+-[a-z]+-\d+-?[a-z])_/.exec(file.name)?.[1];
  if (zone === undefined)
    throw new TraceError(`${file.path}: the zone is neither in the file nor in its name; add zone: NAME`);
  if (options.instanceType === undefined)
    throw new TraceError(`${file.path}: the instance type is not in the file; add instanceType: NAME`);
  return { instanceType: options.instanceType, zone };
}
