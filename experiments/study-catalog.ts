import { resolve } from "node:path";
import type { CloudSpec } from "../policies/contract/scenario.ts";
import { type Catalog, catalogOf, catalogSchema } from "../traces/catalog/catalog.ts";
import type { TraceMarket } from "../traces/trace-table.ts";
import type { LoadedStudy } from "./study.ts";
import { type OnDemandPrices, pricesOf } from "./tables.ts";
import { readYaml } from "./yaml-file.ts";

/** The shipped instance types, and those of the study's own file. @throws StudyError with every fault of that file. */
export const catalogFor = ({ study, folder }: Pick<LoadedStudy, "study" | "folder">): Catalog =>
  catalogOf(study.catalog === undefined ? [] : [readYaml(resolve(folder, study.catalog), catalogSchema)]);

/** The cloud with what the catalog says of types that the study does not describe. @throws TraceError for one neither has. */
export function withTypes(cloud: CloudSpec, markets: readonly TraceMarket[], catalog: Catalog): CloudSpec {
  const missing = new Set(
    markets.map(({ instanceType }) => instanceType).filter((name) => !(name in cloud.instanceTypes)),
  );
  if (missing.size === 0) return cloud;
  const found = [...missing].map((name) => {
    const { gpuMemoryMiB, networkMiBPerS, gpus, bandwidthGBPerS, fp16Tflops, link } = catalog.type(name);
    const gpu = { count: gpus, bandwidthGBPerS, fp16Tflops, ...(link && { link }) };
    return [name, { gpuMemoryMiB, networkMiBPerS, gpu }] as const;
  });
  return { ...cloud, instanceTypes: { ...cloud.instanceTypes, ...Object.fromEntries(found) } };
}

/** The study's on-demand prices, and the catalog's where it states none. @throws TraceError for a market neither prices. */
export function withPrices(
  stated: OnDemandPrices | undefined,
  markets: readonly TraceMarket[],
  catalog: Catalog,
): OnDemandPrices {
  const prices = stated ?? {};
  const lookUp = pricesOf(prices);
  if (markets.every((market) => lookUp(market) !== undefined)) return prices;
  const byType: Record<string, Record<string, number>> = {};
  for (const market of markets) {
    const { instanceType, region } = market;
    byType[instanceType] ??= {};
    byType[instanceType][region] = lookUp(market) ?? catalog.usdPerHour(instanceType, region);
  }
  return byType;
}
