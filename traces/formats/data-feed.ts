import { HOUR_S, type Seconds, type Usd, type UsdPerHour } from "../../policies/contract/units.ts";
import { TraceError } from "../columns.ts";
import { csvRows } from "./csv.ts";
import type { FormatRead, TraceFormat } from "./index.ts";
import { PriceRows } from "./price-rows.ts";
import type { SourceFile } from "./source-file.ts";
import { stated } from "./stated.ts";
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
    for await (const { where, instance, instanceType, timeS, marketUsdPerHour, paidUsd } of feedRows(file)) {
      if (zone === undefined) {
        throw new TraceError(
          `${where}: the feed does not name zones; say where the fleet ran: ${stated("zone", "NAME")}`,
        );
      }
      hours++;
      chargedUsd += paidUsd;
      instances.add(instance);
      rows.add({ instanceType, zone, timeS, usdPerHour: marketUsdPerHour });
    }
    if (hours === 0) return rows.read([`${file.name}: no line of usage`]);
    return rows.read([
      `${file.name}: ${hours} instance-hours of ${instances.size} instances, charged ${chargedUsd.toFixed(4)} USD; hold that against the meter's bill`,
    ]);
  },
};

/** An instance-hour of the feed, or the part of it that was used. */
export interface FeedRow {
  /** File and line. */
  readonly where: string;
  readonly instance: string;
  readonly instanceType: string;
  /** UTC, since 1970. */
  readonly timeS: Seconds;
  readonly marketUsdPerHour: UsdPerHour;
  readonly paidUsd: Usd;
}

/** @throws TraceError for a line that is none of the feed's. */
export async function* feedRows(file: SourceFile): AsyncGenerator<FeedRow> {
  for await (const { cells, line } of csvRows(file, "\t")) {
    const where = `${file.path}:${line}`;
    const usage = /^(?:[A-Z0-9]+-)?SpotUsage(?::([\w.-]+))?$/.exec(cells[1] ?? "");
    if (cells.length !== COLUMNS || usage === null) {
      throw new TraceError(
        `${where}: no line of the spot data feed; expected ${COLUMNS} columns, the second of them SpotUsage:TYPE`,
      );
    }
    const usd = (text: string) => priceOf(text.replace(/ USD$/, ""), where);
    yield {
      where,
      instance: cells[3]!,
      instanceType: usage[1] ?? "m1.small", // the one type that goes unnamed
      timeS: stampOf(cells[0], where, "UTC"),
      marketUsdPerHour: usd(cells[6]!),
      paidUsd: usd(cells[7]!),
    };
  }
}
