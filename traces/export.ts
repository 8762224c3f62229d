import { randomBytes } from "node:crypto";
import { createWriteStream, renameSync, rmSync } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { format } from "fast-csv";
import { TraceError } from "./columns.ts";
import type { TraceTable } from "./trace-table.ts";

/** One change of a market: what is in effect from timeS on. */
interface ExportRow {
  readonly instance_type: string;
  readonly region: string;
  readonly zone: string;
  /** Seconds since the start of the trace. */
  readonly time_s: number;
  readonly usd_per_hour: number;
  /** null: nothing bounds it. */
  readonly capacity: number | null;
}

/** Every change of price or capacity, market by market in order of time. */
export function* changesOf(table: TraceTable): Generator<ExportRow> {
  for (const [m, { instanceType, region, zone }] of table.markets.entries()) {
    let last: ExportRow | undefined;
    for (
      let timeS = 0;
      timeS < table.endS;
      timeS = Math.min(table.nextPriceChangeS(m, timeS), table.nextCapacityChangeS(m, timeS))
    ) {
      const capacity = table.capacityAt(m, timeS);
      const row: ExportRow = {
        instance_type: instanceType,
        region,
        zone,
        time_s: timeS,
        usd_per_hour: table.priceUsdPerHourAt(m, timeS),
        capacity: Number.isFinite(capacity) ? capacity : null,
      };
      // A step to the value that stood already is no change.
      if (last?.usd_per_hour === row.usd_per_hour && last.capacity === row.capacity) continue;
      last = row;
      yield row;
    }
  }
}

/** Writes them as CSV or Parquet, by the file's name. @returns how many rows. @throws TraceError for another name or a folder that cannot be written. */
export async function exportTable(table: TraceTable, path: string): Promise<number> {
  const write = path.endsWith(".csv") ? writeCsv : path.endsWith(".parquet") ? writeParquet : undefined;
  if (write === undefined) throw new TraceError(`${path}: expected a name that ends in .csv or .parquet`);
  const draft = `${path}.${randomBytes(6).toString("hex")}`;
  try {
    const rows = await write(table, draft);
    renameSync(draft, path);
    return rows;
  } catch (error) {
    rmSync(draft, { force: true });
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new TraceError(`${path}: cannot be written (${code}); choose another folder`);
  }
}

async function writeCsv(table: TraceTable, path: string): Promise<number> {
  let rows = 0;
  const counted = function* (): Generator<ExportRow> {
    for (const row of changesOf(table)) {
      rows++;
      yield row;
    }
  };
  await pipeline(
    Readable.from(counted()),
    format({ headers: true, includeEndRowDelimiter: true }),
    createWriteStream(path),
  );
  return rows;
}

async function writeParquet(table: TraceTable, path: string): Promise<number> {
  const { parquetWriteFile } = await import("hyparquet-writer");
  const rows = [...changesOf(table)];
  const text = (name: "instance_type" | "region" | "zone") =>
    ({ name, data: rows.map((row) => row[name]), type: "STRING" }) as const;
  const number = (name: "time_s" | "usd_per_hour" | "capacity") =>
    ({ name, data: rows.map((row) => row[name]), type: "DOUBLE", nullable: name === "capacity" }) as const;
  await parquetWriteFile({
    filename: path,
    columnData: [
      text("instance_type"),
      text("region"),
      text("zone"),
      number("time_s"),
      number("usd_per_hour"),
      number("capacity"),
    ],
  });
  return rows.length;
}
