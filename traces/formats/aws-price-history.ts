import { TraceError } from "../columns.ts";
import { SILENT_S } from "../rows.ts";
import type { FormatRead, TraceFormat } from "./index.ts";
import { PriceRows } from "./price-rows.ts";
import { parseJson, priceOf, stampOf } from "./values.ts";

/**
 * `aws ec2 describe-spot-price-history` of CLI v1 and v2, or the bare array of `--query SpotPriceHistory`. Rows are not price
 * changes: AWS repeats an unchanged price about daily. Zone names are those of the account that asked.
 */
export const awsPriceHistory: TraceFormat = {
  name: "aws-price-history",
  holds: "prices",
  source: "AWS CLI, `aws ec2 describe-spot-price-history --output json`",
  get: "`aws ec2 describe-spot-price-history --instance-types g5.xlarge --output json > aws.json`; AWS keeps 90 days",
  command: "npm run traces -- import aws.json",
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
    const rows = new PriceRows(options, { gapS: 0, silentS: SILENT_S });
    for (const [i, row] of list.entries()) {
      const where = `${file.path}: row ${i + 1}`;
      const { AvailabilityZone, AvailabilityZoneId, InstanceType, ProductDescription, SpotPrice, Timestamp } = (row ??
        {}) as Record<string, unknown>;
      const zone = AvailabilityZone ?? AvailabilityZoneId;
      if (typeof zone !== "string" || zone === "" || typeof InstanceType !== "string" || InstanceType === "") {
        throw new TraceError(
          `${where}: AvailabilityZone or InstanceType is missing; is this the answer of describe-spot-price-history?`,
        );
      }
      rows.add({
        instanceType: InstanceType,
        zone,
        zoneId: typeof AvailabilityZoneId === "string" ? AvailabilityZoneId : undefined,
        product: typeof ProductDescription === "string" ? ProductDescription : undefined,
        timeS: stampOf(Timestamp, where),
        usdPerHour: priceOf(SpotPrice, where),
      });
    }
    const goesOn = typeof NextToken === "string" && NextToken !== "";
    return { ...rows.read(pageWarnings(file.name, list.length, goesOn)), goesOn };
  },
};

/** What the size of an answer says about how much of it is there. */
export function pageWarnings(name: string, rows: number, goesOn: boolean): string[] {
  if (goesOn) return [`${name}: NextToken is set, the answer goes on; pull the other pages too`];
  if (rows === 1000) {
    return [`${name}: exactly 1,000 rows, the usual size of one page; older prices may be missing`];
  }
  return rows === 0 ? [`${name}: an empty list`] : [];
}
