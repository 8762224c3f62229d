import { nearestName } from "../../policies/contract/nearest.ts";
import { TraceError } from "../columns.ts";
import { type CsvRow, csvRows, firstCells } from "./csv.ts";
import type { FormatRead, ReadOptions, TraceFormat } from "./index.ts";
import { PriceRows } from "./price-rows.ts";
import { zoneInName } from "./probe-series.ts";
import type { SourceFile } from "./source-file.ts";
import { stated } from "./stated.ts";
import { isZone, priceOf, stampOf } from "./values.ts";

/** What a column may hold, and the names that people give it, without case, blanks and punctuation. */
const synonyms = {
  time: ["time", "timestamp", "datetime", "date", "pricetime"],
  price: ["price", "spotprice", "usdperhour", "priceusdperhour", "spotpriceusdperhour"],
  zone: ["zone", "availabilityzone", "az", "zonename"],
  zoneId: ["zoneid", "availabilityzoneid", "azid"],
  instanceType: ["instancetype", "type", "machinetype", "vmsize", "instance"],
  product: ["product", "productdescription", "os", "operatingsystem", "platform"],
  region: ["region", "location"],
} as const;

/** What `--map` may name. */
export type Role = keyof typeof synonyms;
export const roles = Object.keys(synonyms) as readonly Role[];

const plain = (name: string) => name.toLowerCase().replace(/[^a-z0-9]/g, "");
const roleOf = (name: string): Role | undefined =>
  roles.find((role) => (synonyms[role] as readonly string[]).includes(plain(name)));

/**
 * A price history as people keep it: a row a price, columns named one way or another. What the names do not say is said by
 * `map`, by column name, or by number from 1 where there is no header. What no column holds is said for all rows.
 */
export const mappedCsv: TraceFormat = {
  name: "csv",
  holds: "prices",
  source: "any CSV of one price a row: your own, Kaggle's, a spreadsheet's",
  get: "export it with a header; names such as Timestamp, SpotPrice, AvailabilityZone and InstanceType are known",
  command:
    "npm run traces -- import prices.csv --map time=When,price=USD --instance-type g5.xlarge --zone us-east-1a --tz UTC",
  matches: ({ head }) => {
    const found = firstCells(head).map(roleOf);
    return found.includes("time") && found.includes("price");
  },
  read: async (file, options): Promise<FormatRead> => {
    const rows = new PriceRows(options);
    let columns: Columns | undefined;
    let count = 0;
    for await (const row of csvRows(file)) {
      if (columns === undefined) {
        columns = columnsOf(file, row, options);
        if (columns.header) continue;
      }
      rows.add(priceRow(file, row, columns.at, options));
      count++;
    }
    if (count === 0) throw new TraceError(`${file.path}: no rows under the header; the download failed`);
    return rows.read([]);
  },
};

interface Columns {
  readonly at: Partial<Readonly<Record<Role, number>>>;
  readonly header: boolean;
}

function columnsOf(file: SourceFile, { cells, line }: CsvRow, { map }: ReadOptions): Columns {
  const where = `${file.path}:${line}`;
  const numbered = map !== undefined && Object.values(map).every((column) => /^\d+$/.test(column));
  const at: Partial<Record<Role, number>> = {};
  if (!numbered) {
    for (const [i, cell] of cells.entries()) {
      const role = roleOf(cell);
      if (role !== undefined) at[role] ??= i;
    }
  }
  for (const [role, column] of Object.entries(map ?? {})) {
    if (!roles.includes(role as Role)) {
      throw new TraceError(
        `map: there is no "${role}"; did you mean "${nearestName(role, roles)}"? Known are ${roles.join(", ")}`,
      );
    }
    const i = numbered ? Number(column) - 1 : cells.indexOf(column);
    if (i < 0 || i >= cells.length) {
      throw new TraceError(
        `${where}: there is no column "${column}" for ${role}; the first row has ${cells.slice(0, 20).join(", ")}`,
      );
    }
    at[role as Role] = i;
  }
  for (const role of ["time", "price"] as const) {
    if (at[role] !== undefined) continue;
    throw new TraceError(`${where}: no column holds the ${role}; name it: map ${role}=COLUMN`);
  }
  return { at, header: !numbered };
}

function priceRow(file: SourceFile, { cells, line }: CsvRow, at: Columns["at"], options: ReadOptions) {
  const where = `${file.path}:${line}`;
  const cell = (role: Role): string | undefined => {
    const i = at[role];
    if (i === undefined) return undefined;
    const value = cells[i];
    if (value === undefined || value === "") throw new TraceError(`${where}: the ${role} is missing; mend the row`);
    return value;
  };
  const region = cell("region");
  // Some call a zone's column region.
  const inRegion = at.zone === undefined && region !== undefined && isZone(region) ? region : undefined;
  const zone = options.zone ?? cell("zone") ?? cell("zoneId") ?? inRegion ?? zoneInName(file);
  if (zone === undefined) {
    throw new TraceError(
      `${where}: no column holds the zone; name it, map zone=COLUMN, or say it for all, ${stated("zone", "NAME")}`,
    );
  }
  const instanceType = options.instanceType ?? cell("instanceType");
  if (instanceType === undefined) {
    throw new TraceError(
      `${where}: no column holds the instance type; name it, map instanceType=COLUMN, or say it for all, ${stated("instanceType", "NAME")}`,
    );
  }
  return {
    instanceType,
    zone,
    zoneId: cell("zoneId"),
    region: inRegion === undefined ? region : undefined,
    product: cell("product"),
    timeS: epochOf(cell("time")!) ?? stampOf(cell("time")!, where, options.tz),
    usdPerHour: priceOf(cell("price")!.replace(/^\$/, ""), where),
  };
}

/** Seconds or milliseconds since 1970: no date after 2001 is both. */
function epochOf(text: string): number | undefined {
  if (/^\d{10}(\.\d+)?$/.test(text)) return Number(text);
  return /^\d{13}(\.\d+)?$/.test(text) ? Number(text) / 1000 : undefined;
}
