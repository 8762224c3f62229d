import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";
import { nearestName } from "../../policies/contract/nearest.ts";
import type { GpuLink } from "../../policies/contract/scenario.ts";
import type { MiB, UsdPerHour } from "../../policies/contract/units.ts";
import { TraceError } from "../columns.ts";

const positive = z.number().positive();
const whole = z.int().positive();

const gpu = z.strictObject({
  memoryGB: positive.describe("as marketed"),
  usableGiB: positive.describe("left for weights, caches and activations, driver and context taken off"),
  bandwidthGBPerS: positive.describe("memory bandwidth, peak"),
  fp16Tflops: positive.describe("dense, without sparsity"),
  link: z
    .strictObject({ bandwidthGBPerS: positive, latencyUs: z.number().nonnegative() })
    .exactOptional()
    .describe("between the GPUs of one instance, one way, and what an exchange among them takes however small"),
});

const instanceType = z.strictObject({
  gpu: z.string().describe("one of gpus"),
  gpus: whole,
  vcpus: whole,
  ramGiB: positive,
  diskGB: positive.exactOptional().describe("all local disks; absent: none"),
  networkGbps: positive.describe("sustained"),
  burstGbps: positive.exactOptional().describe("`up to`; absent: as sustained"),
  usdPerHour: z
    .record(z.string(), z.number().nonnegative())
    .default({})
    .describe("on-demand, Linux, by region; as of asOf"),
});

/** A file of instance types, in the form of instance-types.yaml. A later file adds rows and says earlier ones anew. */
export const catalogSchema = z.strictObject({
  source: z.string().min(1).describe("where the figures were read"),
  asOf: z.iso.date().describe("when: prices change"),
  gpus: z.record(z.string(), gpu).default({}),
  instanceTypes: z.record(z.string(), instanceType),
});
export type CatalogFile = z.infer<typeof catalogSchema>;

/** What an instance type offers, all its GPUs together. */
export interface CatalogType {
  readonly name: string;
  readonly gpu: string;
  readonly gpus: number;
  readonly gpuMemoryMiB: MiB;
  /** Peaks of one GPU. */
  readonly bandwidthGBPerS: number;
  readonly fp16Tflops: number;
  readonly link: GpuLink | undefined;
  readonly vcpus: number;
  readonly ramGiB: number;
  /** Sustained. */
  readonly networkMiBPerS: number;
  readonly usdPerHour: Readonly<Record<string, UsdPerHour>>;
  readonly asOf: string;
  readonly source: string;
}

/** Instance types by name, with what they offer and cost. @example catalogOf([]).type("p3.2xlarge").gpus // 1 */
export class Catalog {
  readonly types: readonly CatalogType[];

  /** @param files later ones win. @throws TraceError for a type whose GPU no file describes. */
  constructor(files: readonly CatalogFile[]) {
    const gpus = new Map(files.flatMap((file) => Object.entries(file.gpus)));
    const types = new Map<string, CatalogType>();
    for (const { instanceTypes, asOf, source } of files) {
      for (const [name, row] of Object.entries(instanceTypes)) {
        const one = gpus.get(row.gpu);
        if (one === undefined) {
          throw new TraceError(
            `instance type ${name} has a GPU "${row.gpu}" that is not described; did you mean "${nearestName(row.gpu, [...gpus.keys()])}"? Else add it under gpus`,
          );
        }
        const { gpu, gpus: count, vcpus, ramGiB, networkGbps, usdPerHour } = row;
        types.set(name, {
          name,
          gpu,
          gpus: count,
          gpuMemoryMiB: Math.floor(count * one.usableGiB * 1024),
          bandwidthGBPerS: one.bandwidthGBPerS,
          fp16Tflops: one.fp16Tflops,
          link: one.link,
          vcpus,
          ramGiB,
          networkMiBPerS: Math.floor((networkGbps * 1e9) / 8 / 2 ** 20),
          usdPerHour,
          asOf,
          source,
        });
      }
    }
    this.types = [...types.values()];
  }

  /** @throws TraceError that names the nearest type. */
  type(name: string): CatalogType {
    const row = this.types.find((each) => each.name === name);
    if (row !== undefined) return row;
    const near = nearestName(
      name,
      this.types.map((each) => each.name),
    );
    throw new TraceError(
      `the catalog has no instance type ${name}; did you mean ${near}? Else describe it in the study under cloud.instanceTypes, or in a file named by catalog`,
    );
  }

  /** On-demand. @throws TraceError that names the regions it knows. */
  usdPerHour(name: string, region: string): UsdPerHour {
    const { usdPerHour } = this.type(name);
    const price = usdPerHour[region];
    if (price !== undefined) return price;
    const regions = Object.keys(usdPerHour);
    const known =
      regions.length === 0
        ? "in any region"
        : `in ${region}; it has ${regions.join(", ")} (nearest: ${nearestName(region, regions)})`;
    throw new TraceError(
      `the catalog has no on-demand price of ${name} ${known}. State it in the study under onDemandUsdPerHour, or in a file named by catalog`,
    );
  }
}

/** The shipped rows, and those of further files over them. */
export function catalogOf(files: readonly CatalogFile[]): Catalog {
  const shipped = parse(readFileSync(new URL("./instance-types.yaml", import.meta.url), "utf8"));
  return new Catalog([catalogSchema.parse(shipped), ...files]);
}
