import { createHash } from "node:crypto";
import { z } from "zod";
import { createRandom } from "../policies/contract/random.ts";
import type { Seconds } from "../policies/contract/units.ts";
import { type MarketSeries, tableFromSeries } from "./columns.ts";
import {
  generateCapacity,
  generateLevels,
  generateSpells,
  hitBy,
  type Levels,
  levels,
  type Spells,
  type Steps,
  spells,
} from "./generators/capacity.ts";
import { generatePrice, priceProcess } from "./generators/price.ts";
import type { TraceTable } from "./trace-table.ts";

/** A synthetic spot market: per zone a price and, unless nothing bounds it, a capacity; zones of a region share its outages. */
export const marketModel = z.strictObject({
  instanceType: z.string().min(1),
  zones: z
    .array(
      z.strictObject({
        region: z.string().min(1),
        zone: z.string().min(1),
        price: priceProcess,
        capacity: z.union([spells, levels]).optional(),
      }),
    )
    .min(1),
  regions: z.record(z.string(), spells).default({}).describe("outages that take all zones of a region"),
  common: z
    .strictObject({
      ...spells.shape,
      share: z
        .record(z.string(), z.number().min(0).max(1))
        .describe("[region] of its zones that one takes; none of a region that is not named"),
    })
    .optional()
    .describe("outages that take zones of several regions together"),
  count: z.int().min(1).default(1).describe("instances obtainable while a zone is up"),
  priceFactor: z
    .number()
    .positive()
    .optional()
    .describe("all prices times this: another type, as scarce, at prices in proportion"),
});
export type MarketModel = z.infer<typeof marketModel>;

/** A change here changes what a seed gives: part of every digest. */
const GENERATOR = "2";

/** One draw of a market model over [0, endS). The digest names model and seed, so equal digests are equal tables. */
export function generateTrace(model: MarketModel, seed: string, endS: Seconds): TraceTable {
  const random = createRandom(seed);
  const regionNames = [...new Set(model.zones.map(({ region }) => region))];
  const common = model.common && generateSpells(model.common, random, "common-capacity", 0, endS);
  const ofRegion = regionNames.map((name, r): Steps[] => {
    const outages = model.regions[name];
    return outages === undefined ? [] : [generateSpells(outages, random, "region-capacity", r, endS)];
  });
  const over = (region: string, m: number): Steps[] => {
    const share = model.common?.share[region];
    return [
      ...ofRegion[regionNames.indexOf(region)]!,
      ...(share === undefined ? [] : [hitBy(common!, share, random, "common-hits", m)]),
    ];
  };
  const series = model.zones.map(({ region, zone, price, capacity }, m): MarketSeries => {
    const own = capacity && ownCapacity(capacity, model.count, random, m, endS);
    return {
      market: { instanceType: model.instanceType, region, zone, capacityType: "spot" },
      price: times(generatePrice(price, random, m, endS), model.priceFactor ?? 1),
      ...(own && { capacity: generateCapacity(own, over(region, m)) }),
      depth: { kind: "unlimited", instances: 0 },
      gapS: 0,
    };
  });
  const digest = createHash("sha256")
    .update(JSON.stringify([GENERATOR, model, seed, endS]))
    .digest("hex");
  return tableFromSeries(series, { digest, endS });
}

const times = ({ timesS, usdPerHour }: ReturnType<typeof generatePrice>, factor: number) => ({
  timesS,
  usdPerHour: usdPerHour.map((price) => price * factor),
});

function ownCapacity(
  process: Spells | Levels,
  count: number,
  random: ReturnType<typeof createRandom>,
  market: number,
  endS: Seconds,
): Steps {
  if ("counts" in process) return generateLevels(process, random, "capacity", market, endS);
  const { timesS, values } = generateSpells(process, random, "capacity", market, endS);
  return { timesS, values: values.map((up) => up * count) };
}
