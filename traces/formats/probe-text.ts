import { TraceError } from "../columns.ts";
import { csvRows } from "./csv.ts";
import type { FormatRead, TraceFormat } from "./index.ts";
import { countOf, identityOf } from "./probe-series.ts";
import { checkClock, medianGapS, stampOf } from "./values.ts";

/** The raw probes of Can't Be Late: `index,time,flag`, where 1 says that the launch failed. */
export const probeText: TraceFormat = {
  name: "probe-text",
  holds: "capacity",
  source: "Can't Be Late, raw probes without a header: index,ISO time,1 = failed",
  get: "the repository Michaelvll/skypilot-spot-strategy",
  command: "npm run traces -- import us-west-2a_v100_1.txt --instance-type p3.2xlarge --usd-per-hour 0.95",
  matches: ({ head }) =>
    /^\s*\d+\s*,\s*\d{4}-\d\d-\d\d[T ][\d:.]+(Z|[+-]\d\d:?\d\d)?\s*,\s*[01]\s*(\r?\n|$)/.test(head),
  read: async (file, options): Promise<FormatRead> => {
    const market = identityOf(file, undefined, options);
    const timesS: number[] = [];
    const values: number[] = [];
    for await (const { cells, line } of csvRows(file, ",")) {
      const where = `${file.path}:${line}`;
      const flag = /^\d+$/.test(cells[2] ?? "") ? Number(cells[2]) : cells[2];
      if (cells.length !== 3 || !/^\d+$/.test(cells[0]!)) {
        throw new TraceError(
          `${where}: ${JSON.stringify(cells.join(",").slice(0, 60))} is no probe; expected index,time,flag`,
        );
      }
      timesS.push(stampOf(cells[1], where, options.tz));
      values.push(countOf(flag, options.polarity ?? "preempted", `${where}: flag`));
      checkClock(timesS, where);
    }
    return {
      pulls: [{ market, kind: "capacity", timesS, values, stamped: true, gapS: medianGapS(timesS) }],
      dropped: [],
      warnings: [],
    };
  },
};
