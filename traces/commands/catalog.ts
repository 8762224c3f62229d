import type { Argv } from "yargs";
import { type CatalogType, catalogOf } from "../catalog/catalog.ts";
import { json, print } from "../terminal.ts";

export const addCatalog = (cli: Argv): Argv =>
  cli.command(
    "catalog",
    "instance types: GPUs, memory, network, on-demand prices and their date",
    (y) => y.option("json", json),
    ({ json: asJson }) => {
      const { types } = catalogOf([]);
      print(asJson ? JSON.stringify(types, null, 2) : catalogTable(types));
    },
  );

function catalogTable(types: readonly CatalogType[]): string {
  const rows = types.map(({ name, gpus, gpu, gpuMemoryMiB, networkMiBPerS, usdPerHour }) => [
    name,
    `${gpus} x ${gpu}`,
    String(gpuMemoryMiB),
    String(networkMiBPerS),
    Object.entries(usdPerHour)
      .map(([region, usd]) => `${usd} ${region}`)
      .join(", ") || "not known",
  ]);
  const origins = new Set(types.map(({ source, asOf }) => `as of ${asOf}: ${source}`));
  return [
    [["type", "GPUs", "usable MiB", "MiB/s", "on-demand USD/h"], ...rows]
      .map((cells) => cells.map((cell, i) => cell.padEnd([15, 14, 12, 8][i] ?? 0)).join(""))
      .join("\n"),
    [...origins].join("\n"),
    "a study adds rows, or says some anew, with catalog: FILE in the form of traces/catalog/instance-types.yaml",
  ].join("\n\n");
}
