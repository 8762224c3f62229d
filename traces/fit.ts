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
  for (const [region, preset] of Object.entries(drawn.within)) {
    rows.push({ statistic: "correlation of availability", of: region, data: observed?.within[region] ?? null, preset });
  }
  if (drawn.across !== null) {
    const of = "between regions";
    rows.push({ statistic: "correlation of availability", of, data: observed?.across ?? null, preset: drawn.across });
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
  /** Mean correlation of availability between the zones of a region, and between zones of two; null with one region. */
  readonly within: Readonly<Record<string, number>>;
  readonly across: number | null;
  readonly noneUpShare: number;
};

export function shapeOf(table: TraceTable): Shape {
  const each = table.markets.map((_, m) => marketStatistics(table, m));
  const { availability } = correlationsOf(table);
  const within = new Map<string, number[]>();
  const across: number[] = [];
  for (const [a, { region }] of table.markets.entries()) {
    for (let b = a + 1; b < table.markets.length; b++) {
      const value = availability[a]![b]!;
      if (value === null) continue;
      if (table.markets[b]!.region !== region) across.push(value);
      else within.set(region, [...(within.get(region) ?? []), value]);
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
    within: Object.fromEntries([...within].map(([region, values]) => [region, meanOf(values)])),
    across: across.length === 0 ? null : meanOf(across),
    noneUpShare: noneUpShare(table),
  };
}

const meanOf = (list: readonly number[]): number => list.reduce((sum, each) => sum + each, 0) / list.length;
