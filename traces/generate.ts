import { createHash } from "node:crypto";
import { z } from "zod";
import { createRandom } from "../policies/contract/random.ts";
import type { Seconds } from "../policies/contract/units.ts";
import { type MarketSeries, tableFromSeries } from "./columns.ts";
import { generateCapacity, generateSpells, spells } from "./generators/capacity.ts";
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
        capacity: spells.optional(),
      }),
    )
    .min(1),
  regions: z.record(z.string(), spells).default({}).describe("outages that take all zones of a region"),
  count: z.int().min(1).default(1).describe("instances obtainable while a zone is up"),
});
export type MarketModel = z.infer<typeof marketModel>;

/** A change here changes what a seed gives: part of every digest. */
const GENERATOR = "1";

/** One draw of a market model over [0, endS). The digest names model and seed, so equal digests are equal tables. */
export function generateTrace(model: MarketModel, seed: string, endS: Seconds): TraceTable {
  const random = createRandom(seed);
  const regionNames = [...new Set(model.zones.map(({ region }) => region))];
  const regions = regionNames.map((name, r) => {
    const outages = model.regions[name];
    return outages && generateSpells(outages, random, "region-capacity", r, endS);
  });
  const series = model.zones.map(({ region, zone, price, capacity }, m): MarketSeries => {
    const outages = regions[regionNames.indexOf(region)];
    return {
      market: { instanceType: model.instanceType, region, zone, capacityType: "spot" },
      price: generatePrice(price, random, m, endS),
      ...(capacity === undefined
        ? {}
        : { capacity: generateCapacity(generateSpells(capacity, random, "capacity", m, endS), outages, model.count) }),
      depth: { kind: "unlimited", instances: 0 },
      gapS: 0,
    };
  });
  const digest = createHash("sha256")
    .update(JSON.stringify([GENERATOR, model, seed, endS]))
    .digest("hex");
  return tableFromSeries(series, { digest, endS });
}
