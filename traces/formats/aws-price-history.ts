import { TraceError } from "../columns.ts";
import type { Pull } from "../rows.ts";
import type { FormatRead, TraceFormat } from "./index.ts";
import { parseJson, priceOf, regionOf, stampOf } from "./source-file.ts";

/** `aws ec2 describe-spot-price-history` of CLI v1 and v2, or the bare array of `--query SpotPriceHistory`. */
export const awsPriceHistory: TraceFormat = {
  name: "aws-price-history",
  source: "AWS CLI, `aws ec2 describe-spot-price-history --output json`",
  matches: (file) => {
    const head = file.text.slice(0, 4096);
    return (
      /"SpotPriceHistory"\s*:/.test(head) ||
      (/^\s*\[/.test(head) && /"SpotPrice"\s*:/.test(head)) ||
      /^\s*\[\s*\]\s*$/.test(head)
    );
  },
  read: (file): FormatRead => {
    const parsed = parseJson(file);
    const list = Array.isArray(parsed) ? parsed : (parsed as { SpotPriceHistory?: unknown }).SpotPriceHistory;
    if (!Array.isArray(list))
      throw new TraceError(
        `${file.path}: SpotPriceHistory is not a list; is this the answer of describe-spot-price-history?`,
      );
    const warnings: string[] = [];
    const token = Array.isArray(parsed) ? undefined : (parsed as { NextToken?: unknown }).NextToken;
    if (typeof token === "string" && token !== "") {
      warnings.push(`${file.name}: NextToken is set, the answer goes on; pull the other pages too`);
    } else if (list.length === 1000) {
      warnings.push(`${file.name}: exactly 1,000 rows, the usual size of one page; older prices may be missing`);
    }
    if (list.length === 0) warnings.push(`${file.name}: an empty list`);
    const pulls = new Map<string, Pull>();
    const products = new Set<string>();
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
      const usd = priceOf(SpotPrice, where);
      const timeS = stampOf(Timestamp, where);
      products.add(String(ProductDescription).replace(" (Amazon VPC)", ""));
      const key = `${InstanceType} ${zone}`;
      const pull = pulls.get(key) ?? newPull(InstanceType, zone);
      pulls.set(key, pull);
      pull.timesS.push(timeS);
      pull.values.push(usd);
    }
    if (products.size > 1) {
      throw new TraceError(
        `${file.path}: products ${[...products].join(", ")} in one file have different prices; filter by --product-descriptions and import them apart`,
      );
    }
    return { pulls: [...pulls.values()], rows: list.length, warnings, gapS: 0 };
  },
};

const newPull = (instanceType: string, zone: string): Pull => ({
  market: { instanceType, region: regionOf(zone), zone, capacityType: "spot" },
  kind: "price",
  timesS: [],
  values: [],
});
