import { TraceError } from "../columns.ts";
import { csvRows, firstCells } from "./csv.ts";
import type { FormatRead, TraceFormat } from "./index.ts";
import { PriceRows } from "./price-rows.ts";
import { priceOf, stampOf } from "./values.ts";

/** The snapshots' declared cadence. */
const GAP_S = 600;
/** AWS changed what a placement score of the P family means; the source's README says when. */
const SCORES_CHANGED_S = Date.UTC(2025, 8, 25) / 1000;

/**
 * SpotLake's snapshots of prices and scores, one row a market each ten minutes. AZ is the zone id. Stamps carry no zone and
 * are taken as UTC, the clock of its collectors, unless `tz` says otherwise.
 */
export const spotLake: TraceFormat = {
  name: "spotlake",
  holds: "prices every ten minutes",
  source: "SpotLake open data, csv or csv.gz (CC BY-NC 4.0: non-commercial)",
  get: "the public bucket named by the repository ddps-lab/spotlake-open-data",
  command: "npm run traces -- import 2025-06-01.csv.gz",
  matches: ({ head }) => {
    const names = firstCells(head);
    return (
      ["Time", "InstanceType", "AZ", "SpotPrice"].every((name) => names.includes(name)) &&
      /\bSPS\b|\bIF\b/.test(head.slice(0, 500))
    );
  },
  read: async (file, options): Promise<FormatRead> => {
    const rows = new PriceRows(options, { gapS: GAP_S });
    let names: readonly string[] | undefined;
    let missing = 0;
    const scored = { before: false, after: false };
    for await (const { cells, line } of csvRows(file)) {
      if (names === undefined) {
        names = cells;
        continue;
      }
      const where = `${file.path}:${line}`;
      if (cells.length !== names.length) {
        throw new TraceError(
          `${where}: ${cells.length} cells under ${names.length} names; the row is cut off, mend or drop it`,
        );
      }
      const cell = (name: string) => cells[names!.indexOf(name)];
      const price = cell("SpotPrice")!;
      const zone = cell("AZ")!;
      const instanceType = cell("InstanceType")!;
      if (zone === "" || instanceType === "")
        throw new TraceError(`${where}: AZ or InstanceType is missing; mend or drop the row`);
      const timeS = stampOf(cell("Time"), where, options.tz ?? "UTC");
      if (/^p/.test(instanceType)) scored[timeS < SCORES_CHANGED_S ? "before" : "after"] = true;
      if (price === "" || Number(price) === -1) {
        missing++; // older files write -1
        continue;
      }
      const region = cell("Region") || undefined;
      rows.add({ instanceType, zone, region, timeS, usdPerHour: priceOf(price, where) });
    }
    const warnings = [
      `${file.name}: stamps are taken as ${options.tz ?? "UTC"}; SPS, T2, T3 and IF are scores, no capacity: left out`,
    ];
    if (scored.before && scored.after) {
      warnings.push(`${file.name}: placement scores of the P family before and after 2025-09-25 are on two scales`);
    }
    return rows.read(warnings, [{ why: "without a price (empty or -1)", rows: missing }]);
  },
};
