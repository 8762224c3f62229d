import { parseString } from "fast-csv";
import { TraceError } from "../columns.ts";
import type { FormatRead, TraceFormat } from "./index.ts";
import { countOf, identityOf } from "./probe-series.ts";
import type { SourceFile } from "./source-file.ts";

/**
 * SkyNomad's probes: `date,availability`, stamps in UTC without saying so, 1 = available by the column's name. The prices are
 * in a file of their own (tick-prices.ts).
 */
export const availabilityCsv: TraceFormat = {
  name: "availability-csv",
  source: "SkyNomad artifact, CSV with the columns date,availability",
  holds: "capacity",
  get: "the repository andylizf/skynomad-artifact, data/real/availability",
  command: "npm run traces -- import us-east-1a_v100_1.csv --instance-type p3.2xlarge --usd-per-hour 1.65",
  matches: ({ text }) => /^\s*"?date"?\s*,\s*"?availability"?\s*(\r?\n|$)/.test(text),
  read: async (file, options): Promise<FormatRead> => {
    const market = identityOf(file, undefined, options);
    const timesS: number[] = [];
    const values: number[] = [];
    for (const [i, { date, availability }] of (await rowsOf(file)).entries()) {
      const where = `${file.path}:${i + 2}`;
      if (date === undefined || availability === undefined) {
        throw new TraceError(`${where}: expected the columns date,availability`);
      }
      const timeS = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(date)
        ? Date.parse(`${date.replace(" ", "T")}Z`) / 1000
        : Number.NaN;
      if (Number.isNaN(timeS)) {
        throw new TraceError(`${where}: ${JSON.stringify(date)} is no time; expected 2023-02-15 22:08:16 (UTC)`);
      }
      const count = /^\d+$/.test(availability) ? Number(availability) : availability;
      timesS.push(timeS);
      values.push(countOf(count, options.polarity ?? "available", `${where}: availability`));
    }
    if (timesS.length === 0) throw new TraceError(`${file.path}: no rows under the header; the download failed`);
    const gaps = timesS.slice(1).map((timeS, i) => Math.abs(timeS - timesS[i]!));
    gaps.sort((a, b) => a - b);
    const gapS = gaps[gaps.length >> 1] ?? 0;
    const longestS = gaps.at(-1) ?? 0;
    const warnings =
      longestS > 2 * gapS
        ? [`${file.name}: probes are up to ${longestS} s apart; the last value is held over the gap`]
        : [];
    return {
      pulls: [{ market, kind: "capacity", timesS, values, stamped: true, gapS }],
      dropped: [],
      warnings,
    };
  },
};

type Row = Record<string, string>;

async function rowsOf(file: SourceFile): Promise<Row[]> {
  const rows: Row[] = [];
  try {
    for await (const row of parseString<Row, Row>(file.text, { headers: true, trim: true })) rows.push(row as Row);
  } catch (error) {
    const message = (error as Error).message.split("\n")[0];
    throw new TraceError(`${file.path}:${rows.length + 2}: no CSV of date,availability (${message}); mend the row`);
  }
  return rows;
}
