import { TraceError } from "../columns.ts";
import { csvRows } from "./csv.ts";
import type { FormatRead, TraceFormat } from "./index.ts";
import { countOf, identityOf } from "./probe-series.ts";
import { checkClock, medianGapS, stampOf } from "./values.ts";

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
    let header = true;
    for await (const { cells, line } of csvRows(file, ",")) {
      if (header) {
        header = false;
        continue;
      }
      const where = `${file.path}:${line}`;
      const [date, availability] = cells;
      if (cells.length !== 2) throw new TraceError(`${where}: expected the columns date,availability`);
      const count = /^\d+$/.test(availability!) ? Number(availability) : availability;
      timesS.push(stampOf(date, where, options.tz ?? "UTC"));
      values.push(countOf(count, options.polarity ?? "available", `${where}: availability`));
      checkClock(timesS, where);
    }
    if (timesS.length === 0) throw new TraceError(`${file.path}: no rows under the header; the download failed`);
    return {
      pulls: [{ market, kind: "capacity", timesS, values, stamped: true, gapS: medianGapS(timesS) }],
      dropped: [],
      warnings: [],
    };
  },
};
