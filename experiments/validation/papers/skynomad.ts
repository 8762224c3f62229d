import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { z } from "zod";
import type { Scenario } from "../../../policies/contract/scenario.ts";
import { HOUR_S, type Seconds } from "../../../policies/contract/units.ts";
import { TraceError } from "../../../traces/columns.ts";
import { csvRows } from "../../../traces/formats/csv.ts";
import { readSources } from "../../../traces/formats/source-file.ts";
import { readAs } from "../kinds/source.ts";
import type { Figure, Paper, ReplayOptions, Row, Tolerance } from "./paper.ts";
import { regionRun, type ZoneTicks } from "./region-run.ts";
import { filesOfTar } from "./tar.ts";

export const skynomad: Paper = {
  name: "skynomad",
  citation: "SkyNomad: On Using Multi-Region Spot Instances to Minimize AI Batch Job Cost, NSDI 2027",
  set: "skynomad",
  replay: (folder, options) => replaySkynomad(folder, options),
};

/** The result files of its artifact that are computed anew: a row a policy, scenario and window of the trace. */
const SWEEPS = {
  "figure 9b": {
    file: "v100",
    title: "Three zones of AWS V100, by window",
    at: (row) => `from ${Number(row.env_start_hours).toFixed(1)} h`,
    within: { each: 0.01 },
  },
  deadlines: {
    file: "deadline_sensitivity",
    title: "Six zones of GCP H100, by deadline over work, mean of 6 windows",
    at: (row) => row.deadline_ratio,
    within: { mean: 5 },
  },
  "figure 10b": {
    file: "region_scaling",
    title: "GCP H100 by number of zones, mean of 6 windows",
    at: (row) => (isAlone(row) ? "alone" : `${row.num_regions} zones`),
    within: { mean: 5 },
  },
  checkpoints: {
    file: "checkpoint_sensitivity",
    title: "Six zones of GCP H100, by GB of checkpoint, mean of 6 windows",
    at: (row) => `${row.checkpoint_size} GB`,
    within: { mean: 5 },
  },
  geography: {
    file: "region_selection",
    title: "GCP H100 by continent, mean of 6 windows",
    at: (row) => (isAlone(row) ? "alone" : row.scenario_name),
    within: { mean: 5 },
  },
} satisfies Readonly<
  Record<
    string,
    { readonly file: string; readonly title: string; readonly within: Tolerance; at(row: GoldenRow): string }
  >
>;
export type SweepName = keyof typeof SWEEPS;

/** @param sweeps that are computed; all where absent */
export async function replaySkynomad(
  folder: string,
  { progress }: Pick<ReplayOptions, "progress">,
  sweeps: readonly SweepName[] = Object.keys(SWEEPS) as SweepName[],
): Promise<readonly Figure[]> {
  const read = await Promise.all(
    sweeps.map(async (name) => ({
      name,
      golden: await goldenRows(join(folder, `research/data/${SWEEPS[name].file}.csv`)),
    })),
  );
  const zones = await zonesOf(folder);
  const done = progress(read.reduce((sum, { golden }) => sum + golden.length, 0));
  return read.map(({ name, golden }): Figure => {
    const { title, within, at } = SWEEPS[name];
    const rows = [...Map.groupBy(golden, nameOf)].map(([of, own]): Row => {
      const place = (row: GoldenRow) => (isAlone(row) ? `${zoneOf(row.region)}, ${at(row)}` : at(row));
      const points = [...Map.groupBy(own, place)].map(([at, windows]) => ({
        at,
        published: mean(windows.map(({ cost }) => cost)),
        runs: [
          mean(
            windows.map((row) => {
              const costUsd = oursOf(row, zones);
              done();
              return costUsd;
            }),
          ),
        ],
      }));
      return { of, why: WHY[of], points };
    });
    return { id: name, title, unit: "USD", within, rows };
  });
}

// ── what is published ────────────────────────────────────────────────────────────────

const number = z.coerce.number();
const goldenSchema = z.object({
  scenario_name: z.string(),
  regions_in_scenario: z.string(),
  num_regions: z.string(),
  strategy: z.string(),
  task_type: z.string(),
  region: z.string(),
  task_duration: number,
  checkpoint_size: number,
  restart_overhead: number,
  deadline_ratio: z.string(),
  deadline_hours: number,
  env_start_hours: number,
  cost: number,
});
type GoldenRow = z.infer<typeof goldenSchema>;

/** Its own runs; not those that it makes of the others (best and mean zone), nor where the work alone needs all of the time, which it computes by hand. */
async function goldenRows(path: string): Promise<readonly GoldenRow[]> {
  const [file] = await readSources([path], () => false);
  const rows: GoldenRow[] = [];
  let header: readonly string[] | undefined;
  for await (const { cells, line } of csvRows(file!, ",")) {
    if (header === undefined) {
      header = cells;
      continue;
    }
    const parsed = goldenSchema.safeParse(Object.fromEntries(header.map((name, i) => [name, cells[i]])));
    if (!parsed.success)
      throw new TraceError(`${path}:${line}: ${parsed.error.issues[0]!.path}: ${parsed.error.issues[0]!.message}`);
    const row = parsed.data;
    const fits = row.task_duration + row.restart_overhead <= row.deadline_hours;
    if (fits && row.task_type !== "trace_mode_baseline") rows.push(row);
  }
  return rows;
}

// ── what is run for it ───────────────────────────────────────────────────────────────

const net = [{ name: "with-safety-net", params: { overheads: 1 } }];
/** Its intervals in whole ticks, to the nearest. */
const inTicks = (hours: number, tickS: Seconds): Seconds => Math.round((hours * HOUR_S) / tickS) * tickS;

interface Strategy {
  readonly name: string;
  scenario(tickS: Seconds): Pick<Scenario, "scheduling" | "wrappers">;
}

const netted =
  (name: string, params: (tickS: Seconds) => object = () => ({})) =>
  (tickS: Seconds) => ({
    scheduling: { name, params: params(tickS) },
    wrappers: net,
  });

/** Panels of V100 and of H100 have settings of their own: ticks of 195 and of 600 s tell which. */
const isV100 = (tickS: Seconds): boolean => tickS < 600;

const STRATEGIES: Readonly<Record<string, Strategy>> = {
  multi_region_oracle_dp: { name: "Optimal", scenario: () => ({ scheduling: "omniscient-whole-ticks" }) },
  unified_cost_model_rate_ratio: {
    name: "SkyNomad",
    scenario: netted("skynomad", (tickS) => ({ probeEveryS: 6 * tickS })),
  },
  unified_cost_model_risk: {
    name: "SkyNomad",
    scenario: netted("skynomad", (tickS) => ({
      value: "reference-cost",
      lifetimeHMax: 2,
      countsOpen: false,
      probeEveryS: 6 * tickS,
    })),
  },
  unified_cost_model_oracle: {
    name: "SkyNomad(o)",
    scenario: netted("skynomad-next-lifetime", (tickS) => ({ value: isV100(tickS) ? "rate-ratio" : "reference-cost" })),
  },
  multi_region_rc_cr_threshold_eager_failover: { name: "UP(S)", scenario: netted("uniform-progress-failover") },
  multi_region_availability_probe_simple: {
    name: "UP(A)",
    scenario: netted("uniform-progress-availability", (tickS) => ({ probeEveryS: inTicks(2, tickS) })),
  },
  multi_region_probe_cost_ratio: {
    name: "UP(AP)",
    scenario: netted("uniform-progress-availability-price", (tickS) => ({ probeEveryS: inTicks(1, tickS) })),
  },
  rc_cr_threshold: {
    name: "UP in one zone",
    scenario: () => ({ scheduling: "uniform-progress", wrappers: [{ name: "with-safety-net" }] }),
  },
};

const isAlone = ({ task_type }: GoldenRow): boolean => task_type === "single_region";

/** @throws TraceError for a policy that is none of its figures' */
function nameOf({ strategy }: GoldenRow): string {
  const known = STRATEGIES[strategy];
  if (known === undefined) throw new TraceError(`research/data: no policy of ours is ${strategy}`);
  return known.name;
}

/** us-east-1c_v100_1 */
const zoneOf = (region: string): string => region.split("_")[0]!;

const ON_THE_LINE =
  "exactly on the line from start to deadline theirs takes itself for behind, by a rounding error; ours counts whole seconds (zones asia-southeast1-c, us-east4-a)";

/** What explains a policy's differences; each was seen to go away, or to shrink to less, with the same done here, but where it says so. */
const WHY: Readonly<Record<string, string>> = {
  SkyNomad:
    "a probe of the zone in which it is on-demand counts there as the price of that tick over spot's, ten minutes of evidence instead of one, so that it leaves on-demand sooner",
  "UP in one zone": ON_THE_LINE,
  "UP(S)": `${ON_THE_LINE}; and an instance taken back after one tick is not the last it used (by their counts of moves)`,
  "UP(A)": ON_THE_LINE,
  "UP(AP)": `when no time is left theirs goes on-demand where it is, ours where that is cheapest (equation 2); and ${ON_THE_LINE}`,
};

/** Several zones are billed without the last tick, by its simulator; a zone alone is billed whole. */
function oursOf(row: GoldenRow, all: ReadonlyMap<string, ZoneTicks>): number {
  const names = isAlone(row)
    ? [row.region]
    : [...row.regions_in_scenario.matchAll(/'([^']+)'/g)].map(([, name]) => name!);
  const zones = names.map((name) => {
    const zone = all.get(name);
    if (zone === undefined) throw new TraceError(`research/data: no trace of ${name}`);
    return zone;
  });
  const { tickS } = zones[0]!;
  const run = regionRun(
    zones,
    {
      // Windows follow one another. As computed there: 5 x 51.83 h are 1555.0000000000002 ticks, and the next tick is the start.
      startTick: Math.ceil(
        (Math.round(row.env_start_hours / row.deadline_hours) * row.deadline_hours * HOUR_S) / tickS,
      ),
      workS: Math.round(row.task_duration * HOUR_S),
      deadlineS: Math.round(row.deadline_hours * HOUR_S),
      restartOverheadS: Math.round(row.restart_overhead * HOUR_S),
      stateGib: row.checkpoint_size,
    },
    STRATEGIES[row.strategy]!.scenario(tickS),
    isAlone(row),
  );
  return isAlone(row) ? run.costUsd : run.costUsd - run.lastTickUsd;
}

// ── its traces ───────────────────────────────────────────────────────────────────────

const V100_ZONES = ["us-east-1c", "us-east-2b", "us-west-2a"];
const V100_TICK_S = 195;
const V100_ON_DEMAND_USD_PER_HOUR = 3.06;
const H100 = "data/converted_multi_region_aligned_h100_16_merged.tar.gz";

/** By the names of its result files. V100: as if all probes were 195 s apart. H100: 1 is preempted. */
async function zonesOf(folder: string): Promise<ReadonlyMap<string, ZoneTicks>> {
  const zones = new Map<string, ZoneTicks>();
  const files = V100_ZONES.map((zone) =>
    join(folder, `data/real/availability/2023-02-15/processed/${zone}_v100_1.csv`),
  );
  const ticks = await Promise.all(files.map((path) => readAs("skynomad-csv", path, { instanceType: "p3.2xlarge" })));
  const pulls = ticks.flatMap((each) => each.pulls);
  const prices = await readAs("skynomad-prices", join(folder, "data/v100_spot_prices.json"), {}, pulls);
  for (const [i, { market, values }] of pulls.entries()) {
    zones.set(`${market.zone}_v100_1`, {
      zone: market.zone,
      tickS: V100_TICK_S,
      available: values,
      usdPerHour: prices.pulls[i]!.values,
      onDemandUsdPerHour: V100_ON_DEMAND_USD_PER_HOUR,
    });
  }
  const path = join(folder, H100);
  for (const [name, text] of filesOfTar(gunzipSync(readFileSync(path)), path, (each) => each.endsWith("/full.json"))) {
    const { metadata, data, prices } = h100Schema.parse(JSON.parse(text));
    zones.set(name.split("/").at(-2)!, {
      zone: metadata.zone,
      tickS: metadata.gap_seconds,
      available: data.map((preempted) => 1 - preempted),
      usdPerHour: prices,
      onDemandUsdPerHour: metadata.price_info.on_demand_price,
    });
  }
  return zones;
}

const h100Schema = z.object({
  metadata: z.object({
    zone: z.string(),
    gap_seconds: z.number().positive(),
    price_info: z.object({ on_demand_price: z.number().positive() }),
  }),
  data: z.array(z.literal([0, 1])),
  prices: z.array(z.number().positive()),
});

const mean = (values: readonly number[]): number => values.reduce((sum, each) => sum + each, 0) / values.length;
