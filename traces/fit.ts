import { HOUR_S } from "../policies/contract/units.ts";
import { generateTrace } from "./generate.ts";
import type { Preset } from "./presets.ts";
import { correlationsOf, marketStatistics, noneUpShare } from "./statistics.ts";
import type { TraceTable } from "./trace-table.ts";

/** A preset beside the data it was fitted to: one draw, long enough that its own spread is small. */
export interface Fit {
  readonly preset: string;
  readonly source: string;
  readonly seed: string;
  readonly hours: number;
  /** `data` is null where the preset was fitted to none. */
  readonly rows: readonly {
    readonly statistic: string;
    readonly of: string;
    readonly data: number | null;
    readonly preset: number;
  }[];
}

/** Heavy spells leave a standard error near 0.02 in a zone's availability over 600 days. */
const FIT_HOURS = 600 * 24;
const FIT_SEED = "fit";

export function fitOf({ name, source, model, observed }: Preset): Fit {
  const drawn = shapeOf(generateTrace(model, FIT_SEED, FIT_HOURS * HOUR_S));
  const rows: Fit["rows"][number][] = [];
  for (const [m, of] of drawn.zones.entries()) {
    for (const statistic of perMarket) {
      const preset = drawn[statistic][m]!;
      if (preset !== null) rows.push({ statistic, of, data: observed?.[statistic][m] ?? null, preset });
    }
  }
  for (const [of, preset] of Object.entries(drawn.correlations)) {
    rows.push({ statistic: "correlation of availability", of, data: observed?.correlations[of] ?? null, preset });
  }
  const noneUp = { statistic: "share of time with no zone up", of: "all", preset: drawn.noneUpShare };
  rows.push({ ...noneUp, data: observed?.noneUpShare ?? null });
  return { preset: name, source, seed: FIT_SEED, hours: FIT_HOURS, rows };
}

const perMarket = [
  "availability",
  "meanUpH",
  "meanDownH",
  "medianUpH",
  "medianDownH",
  "p90UpH",
  "p90DownH",
  "meanUsdPerHour",
  "sdUsdPerHour",
  "priceChangesPerDay",
  "priceDayAutocorrelation",
] as const;

/** The statistics that a preset is fitted to and judged by; per market in the table's order. */
export type Shape = Readonly<Record<(typeof perMarket)[number], readonly (number | null)[]>> & {
  readonly zones: readonly string[];
  /** [region, or two: "us-east-1, us-west-2"] mean correlation of availability between its zones, or zones of the two. */
  readonly correlations: Readonly<Record<string, number>>;
  readonly noneUpShare: number;
};

export function shapeOf(table: TraceTable): Shape {
  const each = table.markets.map((_, m) => marketStatistics(table, m));
  const { availability } = correlationsOf(table);
  const pairs = new Map<string, number[]>();
  for (const [a, { region }] of table.markets.entries()) {
    for (let b = a + 1; b < table.markets.length; b++) {
      const value = availability[a]![b]!;
      if (value === null) continue;
      const of = pairOf(region, table.markets[b]!.region);
      pairs.set(of, [...(pairs.get(of) ?? []), value]);
    }
  }
  return {
    zones: table.markets.map(({ zone }) => zone),
    availability: each.map((market) => market.availability),
    meanUpH: each.map(({ upSpells }) => upSpells?.meanH ?? null),
    meanDownH: each.map(({ downSpells }) => downSpells?.meanH ?? null),
    medianUpH: each.map(({ upSpells }) => upSpells?.medianH ?? null),
    medianDownH: each.map(({ downSpells }) => downSpells?.medianH ?? null),
    p90UpH: each.map(({ upSpells }) => upSpells?.p90H ?? null),
    p90DownH: each.map(({ downSpells }) => downSpells?.p90H ?? null),
    meanUsdPerHour: each.map((market) => market.meanUsdPerHour),
    sdUsdPerHour: each.map((market) => market.sdUsdPerHour),
    priceChangesPerDay: each.map((market) => market.priceChangesPerDay),
    priceDayAutocorrelation: each.map((market) => market.priceDayAutocorrelation),
    correlations: Object.fromEntries([...pairs].map(([of, values]) => [of, meanOf(values)])),
    noneUpShare: noneUpShare(table),
  };
}

/** What the correlation between zones of two regions is called; of one, its name. */
export const pairOf = (a: string, b: string): string => (a === b ? a : [a, b].sort().join(", "));

const meanOf = (list: readonly number[]): number => list.reduce((sum, each) => sum + each, 0) / list.length;
