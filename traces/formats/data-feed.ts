import { HOUR_S } from "../../policies/contract/units.ts";
import { TraceError } from "../columns.ts";
import { csvRows } from "./csv.ts";
import type { FormatRead, TraceFormat } from "./index.ts";
import { PriceRows } from "./price-rows.ts";
import { priceOf, stampOf } from "./values.ts";

const COLUMNS = 9;

/**
 * The account's own usage, an instance-hour a line: Timestamp, UsageType, Operation, InstanceID, MyBidID, MyMaxPrice,
 * MarketPrice, Charge, Version. It names no zone: the prices are those of one zone if the fleet was in one, else they
 * contradict one another and are refused. What was charged is reported, to hold against the meter's bill.
 * Source: AWS, Amazon EC2 user guide, "Spot Instance data feed".
 */
export const dataFeed: TraceFormat = {
  name: "data-feed",
  holds: "prices paid, an instance-hour a row",
  source: "AWS, Spot Instance data feed of your account (gz)",
  get: "`aws ec2 create-spot-datafeed-subscription`, then the bucket it names",
  command: "npm run traces -- import feed-folder --zone us-east-1a",
  matches: ({ head }) =>
    /^(#.*\r?\n)*\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\t[^\t]*\tRunInstances/.test(head) ||
    /^#Version:.*\r?\n#Fields:/.test(head),
  read: async (file, options): Promise<FormatRead> => {
    const rows = new PriceRows({}, { gapS: HOUR_S });
    const { zone } = options;
    const instances = new Set<string>();
    let hours = 0;
    let chargedUsd = 0;
    for await (const { cells, line } of csvRows(file, "\t")) {
      const where = `${file.path}:${line}`;
      const usage = /^(?:[A-Z0-9]+-)?SpotUsage(?::([\w.-]+))?$/.exec(cells[1] ?? "");
      if (cells.length !== COLUMNS || usage === null) {
        throw new TraceError(
          `${where}: no line of the spot data feed; expected ${COLUMNS} columns, the second of them SpotUsage:TYPE`,
        );
      }
      if (zone === undefined) {
        throw new TraceError(`${where}: the feed does not name zones; say where the fleet ran, zone: NAME`);
      }
      const usd = (text: string) => priceOf(text.replace(/ USD$/, ""), where);
      hours++;
      chargedUsd += usd(cells[7]!);
      instances.add(cells[3]!);
      rows.add({
        instanceType: usage[1] ?? "m1.small", // the one type that goes unnamed
        zone,
        timeS: stampOf(cells[0], where, "UTC"),
        usdPerHour: usd(cells[6]!),
      });
    }
    if (hours === 0) return rows.read([`${file.name}: no line of usage`]);
    return rows.read([
      `${file.name}: ${hours} instance-hours of ${instances.size} instances, charged ${chargedUsd.toFixed(4)} USD; hold that against the meter's bill`,
    ]);
  },
};
