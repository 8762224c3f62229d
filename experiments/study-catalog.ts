import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { z } from "zod";
import type { CloudSpec } from "../policies/contract/scenario.ts";
import { type Catalog, type CatalogFile, catalogOf, catalogSchema } from "../traces/catalog/catalog.ts";
import type { TraceMarket } from "../traces/trace-table.ts";
import { faultsOf } from "./faults.ts";
import { type LoadedStudy, StudyError } from "./study.ts";
import { parseStudyText } from "./study-text.ts";
import { type OnDemandPrices, pricesOf } from "./tables.ts";

/** The shipped instance types, and those of the study's own file. @throws StudyError with every fault of that file. */
export function catalogFor({ study, folder, fault }: Pick<LoadedStudy, "study" | "folder" | "fault">): Catalog {
  if (study.catalog === undefined) return catalogOf([]);
  const path = resolve(folder, study.catalog);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw fault(["catalog"], `${path} cannot be read (${(error as NodeJS.ErrnoException).code}); correct the path`);
  }
  return catalogOf([parseCatalog(text, study.catalog)]);
}

function parseCatalog(text: string, path: string): CatalogFile {
  const written = parseStudyText(text, path);
  if (written.faults.length > 0) throw new StudyError(written.faults.join("\n"));
  const parsed = catalogSchema.safeParse(written.value);
  if (parsed.success) return parsed.data;
  const faults = faultsOf(parsed.error, written.value, z.toJSONSchema(catalogSchema, { io: "input" }));
  throw new StudyError(faults.map((each) => `${written.place(each.path, each.atKey)}: ${each.text}`).join("\n"));
}

/** The cloud with what the catalog says of types that the study does not describe. @throws TraceError for one neither has. */
export function withTypes(cloud: CloudSpec, markets: readonly TraceMarket[], catalog: Catalog): CloudSpec {
  const missing = new Set(
    markets.map(({ instanceType }) => instanceType).filter((name) => !(name in cloud.instanceTypes)),
  );
  if (missing.size === 0) return cloud;
  const found = [...missing].map((name) => {
    const { gpuMemoryMiB, networkMiBPerS } = catalog.type(name);
    return [name, { gpuMemoryMiB, networkMiBPerS }] as const;
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
