import { basename, dirname, resolve } from "node:path";
import { z } from "zod";
import { TraceError } from "../columns.ts";
import type { Pull } from "../rows.ts";
import type { FormatRead, ReadOptions, TraceFormat } from "./index.ts";
import type { SourceFile } from "./source-file.ts";
import { stated } from "./stated.ts";
import { parseJson, priceOf, regionOf, stampOf } from "./values.ts";

const shape = z.looseObject({
  metadata: z.looseObject({
    gap_seconds: z.number().positive(),
    start_time: z.string().optional(),
    zone: z.string().min(1).optional(),
    gap_filled: z.unknown().optional(),
  }),
  data: z.array(z.unknown()).min(1),
  prices: z.array(z.unknown()).optional(),
});

/**
 * One value a tick: instances obtainable, or 1 = preempted in SkyNomad's converted files. The format does not say which, so
 * the user does. Some files carry neither start nor prices.
 */
export const probeSeries: TraceFormat = {
  name: "probe-series",
  source: "SkyPilot spot-traces, SkyServe and SkyNomad artifacts: {metadata: {gap_seconds}, data: [...], prices?}",
  holds: "capacity, and prices where the file has them",
  get: "the repositories skypilot-org/spot-traces, MaoZiming/spothedge_ae and andylizf/skynomad-artifact",
  command:
    "npm run traces -- import us-west-2a_v100_1.json --polarity available --instance-type p3.2xlarge --usd-per-hour 0.95",
  matches: ({ text }) => /^\s*\{/.test(text) && /"gap_seconds"\s*:/.test(text) && /"data"\s*:/.test(text),
  read: (file, options): FormatRead => {
    const parsed = shape.safeParse(parseJson(file));
    if (!parsed.success) {
      const { path, message } = parsed.error.issues[0]!;
      throw new TraceError(
        `${file.path}: ${path.join(".")}: ${message}; expected {metadata: {gap_seconds}, data: [...]}`,
      );
    }
    const { metadata, data, prices } = parsed.data;
    const { gap_seconds: gapS, start_time: start } = metadata;
    const market = identityOf(file, metadata.zone, options);
    if (options.polarity === undefined) {
      throw new TraceError(
        `${file.path}: the format does not say whether 1 means available or preempted; ${stated("polarity", "available")}, or preempted`,
      );
    }
    if (prices !== undefined && prices.length !== data.length) {
      throw new TraceError(`${file.path}: ${data.length} values in data but ${prices.length} in prices`);
    }
    const startS = start === undefined ? 0 : stampOf(start, `${file.path}: metadata.start_time`, options.tz);
    const timesS = data.map((_, i) => startS + i * gapS);
    const { polarity } = options;
    const about = { market, timesS, stamped: start !== undefined, gapS };
    const pulls: Pull[] = [
      {
        ...about,
        kind: "capacity",
        values: data.map((value, i) => countOf(value, polarity, `${file.path}: data[${i}]`)),
      },
    ];
    if (prices !== undefined) {
      const values = prices.map((usd, i) => priceOf(usd, `${file.path}: prices[${i}]`));
      pulls.push({ ...about, kind: "price", values });
    }
    const warnings = [`samples are ${gapS} s apart, as the files declare; no stamps to check that by`];
    if (metadata.gap_filled !== undefined) {
      warnings.push(`${file.name}: metadata.gap_filled says that a part of it was filled in upstream, not observed`);
    }
    return { pulls, dropped: [], warnings };
  },
};

/** Instances obtainable. @throws TraceError */
export function countOf(value: unknown, polarity: NonNullable<ReadOptions["polarity"]>, where: string): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0) {
    throw new TraceError(`${where}: ${JSON.stringify(value)} is no count; expected whole numbers from 0`);
  }
  if (polarity === "available") return value;
  if (value > 1) {
    throw new TraceError(
      `${where} is ${value}: counts above 1 cannot be "preempted"; ${stated("polarity", "available")}`,
    );
  }
  return 1 - value;
}

/** us-west-2a of a file us-west-2a_v100_1.json, or of one in a folder of that name; part of what the bytes mean. */
export function zoneInName({ path }: SourceFile): string | undefined {
  const inName = (text: string) => /^([a-z]+(-[a-z]+)*-?\d+-?[a-z])_/.exec(text)?.[1];
  return inName(basename(path)) ?? inName(basename(dirname(resolve(path))));
}

/** Zone and type from the options, the file, or its name; never guessed. */
export function identityOf(file: SourceFile, zoneInFile: string | undefined, options: ReadOptions): Pull["market"] {
  const zone = options.zone ?? zoneInFile ?? zoneInName(file);
  if (zone === undefined) {
    throw new TraceError(`${file.path}: the zone is neither in the file nor in its name; ${stated("zone", "NAME")}`);
  }
  if (options.instanceType === undefined) {
    throw new TraceError(`${file.path}: the instance type is not in the file; ${stated("instanceType", "NAME")}`);
  }
  return { instanceType: options.instanceType, region: regionOf(zone), zone, capacityType: "spot" };
}
