import { z } from "zod";
import { TraceError } from "../columns.ts";
import type { FormatRead, TraceFormat } from "./index.ts";
import { countOf } from "./probe-series.ts";
import { stated } from "./stated.ts";
import { parseJson, regionOf, stampOf } from "./values.ts";

/** What the artifact plans; the files say it too. */
const PLANNED_S = 600;

const round = z.looseObject({
  started_at: z.string(),
  status: z.string(),
  interval_sec: z.number().positive().optional(),
  zone_results: z.record(
    z.string().min(1),
    z.looseObject({ instances_requested: z.unknown(), instances_created: z.unknown() }).nullable(),
  ),
});

/** One round of launch probes over many zones: how many of those asked for were had. The cadence follows from the rounds. */
export const launchProbes: TraceFormat = {
  name: "launch-probes",
  holds: "capacity (counts)",
  source: "SkyNomad artifact, h100_16_runs: one JSON a round, {started_at, status, zone_results}",
  get: "the repository andylizf/skynomad-artifact, data/h100_16_runs; name the folder",
  command: "npm run traces -- import h100_16_runs --instance-type a3-highgpu-8g --usd-per-hour 14.85",
  matches: ({ text }) => /^\s*\{/.test(text) && /"zone_results"\s*:/.test(text),
  read: (file, options): FormatRead => {
    const parsed = round.safeParse(parseJson(file));
    if (!parsed.success) {
      const { path, message } = parsed.error.issues[0]!;
      throw new TraceError(`${file.path}: ${path.join(".")}: ${message}; expected {started_at, status, zone_results}`);
    }
    const { started_at, status, interval_sec: gapS = PLANNED_S, zone_results } = parsed.data;
    const { instanceType } = options;
    if (instanceType === undefined) {
      throw new TraceError(`${file.path}: the instance type is not in the file; ${stated("instanceType", "NAME")}`);
    }
    const timeS = stampOf(started_at, `${file.path}: started_at`, options.tz);
    const zones = Object.entries(zone_results);
    if (status !== "success") {
      return {
        pulls: [],
        dropped: [{ why: `of a round that ended in "${status}"`, rows: zones.length }],
        warnings: [],
      };
    }
    const asked = new Set<number>();
    let left = 0;
    const pulls = zones.flatMap(([zone, result]) => {
      const where = `${file.path}: zone_results.${zone}`;
      if (options.zone !== undefined && options.zone !== zone) return [];
      if (result === null || result.instances_created === undefined) {
        left++;
        return [];
      }
      const created = countOf(result.instances_created, "available", `${where}.instances_created`);
      const requested = countOf(result.instances_requested, "available", `${where}.instances_requested`);
      if (created > requested) throw new TraceError(`${where}: ${created} created of ${requested} requested; mend it`);
      asked.add(requested);
      const market = { instanceType, region: regionOf(zone), zone, capacityType: "spot" as const };
      return [{ market, kind: "capacity" as const, timesS: [timeS], values: [created], stamped: true, gapS }];
    });
    return {
      pulls,
      dropped: left === 0 ? [] : [{ why: "of a zone that was not probed in the round", rows: left }],
      warnings: [...asked].map((count) => `each round asked for ${count} instances a zone: counts end there`),
    };
  },
};
