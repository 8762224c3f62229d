import { parseString } from "fast-csv";
import { TraceError } from "../columns.ts";
import type { Pull } from "../rows.ts";
import type { FormatRead, ReadOptions } from "./index.ts";
import { identityOf } from "./probe-series.ts";
import { parseJson, priceOf, regionOf, type SourceFile } from "./source-file.ts";

/** SkyNomad's availability CSV: `date,availability`, stamps in UTC without saying so, 1 = available. Prices stand apart. */
export async function readAvailabilityCsv(file: SourceFile, options: ReadOptions): Promise<FormatRead> {
  const { instanceType, zone } = identityOf(file, undefined, options);
  const market = { instanceType, region: regionOf(zone), zone, capacityType: "spot" as const };
  const timesS: number[] = [];
  const values: number[] = [];
  let row = 1;
  for await (const each of parseString<Record<string, string>, Record<string, string>>(file.text, {
    headers: true,
    trim: true,
  })) {
    row++;
    const { date, availability } = each as Record<string, string>;
    if (date === undefined || availability === undefined) {
      throw new TraceError(`${file.path}:${row}: expected the columns date,availability`);
    }
    const timeS = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(date)
      ? Date.parse(`${date.replace(" ", "T")}Z`) / 1000
      : Number.NaN;
    if (Number.isNaN(timeS))
      throw new TraceError(
        `${file.path}:${row}: ${JSON.stringify(date)} is no time; expected 2023-02-15 22:08:16 (UTC)`,
      );
    const count = Number(availability);
    if (availability === "" || !Number.isInteger(count) || count < 0) {
      throw new TraceError(
        `${file.path}:${row}: availability ${JSON.stringify(availability)} is no count; expected a whole number from 0`,
      );
    }
    timesS.push(timeS);
    values.push(count);
  }
  if (timesS.length === 0) throw new TraceError(`${file.path}: no rows under the header; the download failed`);
  const gaps = timesS
    .slice(1)
    .map((timeS, i) => timeS - timesS[i]!)
    .sort((a, b) => a - b);
  return {
    pulls: [{ market, kind: "capacity", timesS, values }],
    rows: timesS.length,
    warnings:
      gaps.at(-1)! > 2 * gaps[Math.floor(gaps.length / 2)]!
        ? [`${file.name}: probes are up to ${gaps.at(-1)} s apart; the last value is held over the gap`]
        : [],
    gapS: gaps[Math.floor(gaps.length / 2)] ?? 0,
  };
}

/** The price file beside it: `{ "<zone>_...": [price a tick] }`, on the ticks of the availability files. */
export function readTickPrices(file: SourceFile, ticks: readonly Pull[]): FormatRead {
  const parsed = parseJson(file) as Record<string, unknown>;
  const pulls = ticks.map(({ market, timesS }): Pull => {
    const key = Object.keys(parsed).find((each) => each.startsWith(`${market.zone}_`));
    const prices = key === undefined ? undefined : parsed[key];
    if (!Array.isArray(prices))
      throw new TraceError(`${file.path}: no prices for zone ${market.zone}; it has ${Object.keys(parsed).join(", ")}`);
    if (prices.length !== timesS.length) {
      throw new TraceError(
        `${file.path}: ${key}: ${prices.length} prices for ${timesS.length} ticks of availability; the files do not belong together`,
      );
    }
    return {
      market,
      kind: "price",
      timesS,
      values: prices.map((usd, i) => priceOf(usd, `${file.path}: ${key}[${i}]`)),
    };
  });
  return { pulls, rows: pulls.reduce((sum, { values }) => sum + values.length, 0), warnings: [], gapS: 0 };
}
