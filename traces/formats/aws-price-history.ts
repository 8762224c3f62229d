import { TraceError } from "../columns.ts";
import { marketKey, type Pull } from "../rows.ts";
import type { FormatRead, TraceFormat } from "./index.ts";
import { parseJson, priceOf, regionOf, stampOf } from "./source-file.ts";

/**
 * `aws ec2 describe-spot-price-history` of CLI v1 and v2, or the bare array of `--query SpotPriceHistory`. Rows are not price
 * changes: AWS repeats an unchanged price about daily. Zone names are those of the account that asked.
 */
export const awsPriceHistory: TraceFormat = {
  name: "aws-price-history",
  source: "AWS CLI, `aws ec2 describe-spot-price-history --output json`",
  matches: ({ text }) => {
    const head = text.slice(0, 4096);
    return (
      /"SpotPriceHistory"\s*:/.test(head) ||
      (/^\s*\[/.test(head) && /"SpotPrice"\s*:/.test(head)) ||
      /^\s*\[\s*\]\s*$/.test(head)
    );
  },
  read: (file, options): FormatRead => {
    const parsed = parseJson(file);
    const { SpotPriceHistory: list, NextToken } = Array.isArray(parsed)
      ? { SpotPriceHistory: parsed as unknown[] }
      : (parsed as { SpotPriceHistory?: unknown; NextToken?: unknown });
    if (!Array.isArray(list)) {
      throw new TraceError(
        `${file.path}: SpotPriceHistory is not a list; is this the answer of describe-spot-price-history?`,
      );
    }
    const warnings: string[] = [];
    if (typeof NextToken === "string" && NextToken !== "") {
      warnings.push(`${file.name}: NextToken is set, the answer goes on; pull the other pages too`);
    } else if (list.length === 1000) {
      warnings.push(`${file.name}: exactly 1,000 rows, the usual size of one page; older prices may be missing`);
    }
    if (list.length === 0) warnings.push(`${file.name}: an empty list`);
    const pulls = new Map<string, Pull>();
    const products = new Set<string>();
    let ofOthers = 0;
    for (const [i, row] of list.entries()) {
      const where = `${file.path}: row ${i + 1}`;
      const { AvailabilityZone, AvailabilityZoneId, InstanceType, ProductDescription, SpotPrice, Timestamp } = (row ??
        {}) as Record<string, unknown>;
      const zone = AvailabilityZone ?? AvailabilityZoneId;
      if (typeof zone !== "string" || typeof InstanceType !== "string") {
        throw new TraceError(
          `${where}: AvailabilityZone or InstanceType is missing; is this the answer of describe-spot-price-history?`,
        );
      }
      const product = typeof ProductDescription === "string" ? ProductDescription : "no product";
      const usd = priceOf(SpotPrice, where);
      const timeS = stampOf(Timestamp, where);
      if (options.product !== undefined && product !== options.product) {
        ofOthers++;
        continue;
      }
      products.add(product);
      const market = { instanceType: InstanceType, region: regionOf(zone), zone, capacityType: "spot" as const };
      const key = marketKey(market);
      const pull = pulls.get(key) ?? { market, kind: "price", timesS: [], values: [], stamped: true, gapS: 0 };
      pulls.set(key, pull);
      pull.timesS.push(timeS);
      pull.values.push(usd);
    }
    const dropped = ofOthers === 0 ? [] : [{ why: `of another product than ${options.product}`, rows: ofOthers }];
    return { pulls: [...pulls.values()], dropped, warnings, products: [...products] };
  },
};
