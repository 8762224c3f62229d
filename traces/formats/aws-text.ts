import { TraceError } from "../columns.ts";
import { SILENT_S } from "../rows.ts";
import { pageWarnings } from "./aws-price-history.ts";
import type { FormatRead, TraceFormat } from "./index.ts";
import { PriceRows } from "./price-rows.ts";
import { isZoneId, priceOf, stampOf } from "./values.ts";

const stamp = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/;
const number = /^[+-]?\d*\.?\d+$/;
const zoneName = /^[a-z]{2}(-[a-z]+)+-\d+[a-z]?(-[a-z0-9]+)*$/;
const instanceType = /^[a-z0-9-]+\.[a-z0-9-]+$/;

/**
 * The same answer as tab-separated text, which names no column: members stand in alphabetical order, so that the newer zone id
 * shifts those after it. Each field is known by its form. Or as a table drawn with | and +, which has a header.
 */
export const awsText: TraceFormat = {
  name: "aws-text",
  holds: "prices",
  source: "AWS CLI, `aws ec2 describe-spot-price-history --output text` or `--output table`",
  get: "`aws ec2 describe-spot-price-history --instance-types g5.xlarge --output text > aws.txt`; AWS keeps 90 days",
  command: "npm run traces -- import aws.txt",
  matches: ({ head }) =>
    /^(NEXTTOKEN\t.*\r?\n)?SPOTPRICEHISTORY\t/.test(head) ||
    /^(\s*[-+|].*\r?\n)*\s*\|.*SpotPrice\s*\|/.test(head.slice(0, 4096)),
  read: (file, options): FormatRead => {
    const rows = new PriceRows(options, { gapS: 0, silentS: SILENT_S });
    let count = 0;
    let goesOn = false;
    let header: readonly string[] | undefined;
    for (const [i, line] of file.text.split(/\r?\n/).entries()) {
      if (/^[\s|+-]*$/.test(line)) continue; // a rule of the table, or nothing
      const where = `${file.path}:${i + 1}`;
      const drawn = /^\s*\|/.test(line);
      const cells = line
        .split(drawn ? "|" : "\t")
        .map((cell) => cell.trim())
        .filter((cell) => !drawn || cell !== "");
      if (/^NextToken$/i.test(cells[0]!)) {
        goesOn ||= cells[1] !== "None";
        continue;
      }
      if (drawn && cells.includes("SpotPrice")) header = cells;
      if (drawn && (cells === header || cells.length === 1)) continue; // a title has one cell
      const named = drawn ? byHeader(header, cells) : byForm(cells.slice(1));
      if (named === undefined || (!drawn && cells[0] !== "SPOTPRICEHISTORY")) {
        throw new TraceError(
          `${where}: ${JSON.stringify(line.slice(0, 80))} is no row of a spot price history; expected zone, type, product, price and time`,
        );
      }
      count++;
      rows.add({
        instanceType: named.InstanceType,
        zone: named.AvailabilityZone ?? named.AvailabilityZoneId!,
        zoneId: named.AvailabilityZoneId,
        product: named.ProductDescription,
        timeS: stampOf(named.Timestamp, where),
        usdPerHour: priceOf(named.SpotPrice, where),
      });
    }
    return rows.read(pageWarnings(file.name, count, goesOn));
  },
};

interface Named {
  readonly AvailabilityZone?: string | undefined;
  readonly AvailabilityZoneId?: string | undefined;
  readonly InstanceType: string;
  readonly ProductDescription: string | undefined;
  readonly SpotPrice: string;
  readonly Timestamp: string;
}

function byHeader(header: readonly string[] | undefined, cells: readonly string[]): Named | undefined {
  if (header === undefined || header.length !== cells.length) return undefined;
  const named = Object.fromEntries(header.map((name, i) => [name, cells[i]])) as Partial<Named>;
  const { InstanceType, SpotPrice, Timestamp, AvailabilityZone, AvailabilityZoneId } = named;
  const whole = InstanceType !== undefined && SpotPrice !== undefined && Timestamp !== undefined;
  return whole && (AvailabilityZone ?? AvailabilityZoneId) !== undefined ? (named as Named) : undefined;
}

/** Undefined unless each field is found once, whatever their order. */
function byForm(cells: readonly string[]): Named | undefined {
  const one = (test: (cell: string) => boolean) => {
    const found = cells.filter(test);
    return found.length === 1 ? found[0] : undefined;
  };
  const AvailabilityZone = one((cell) => zoneName.test(cell) && !isZoneId(cell));
  const AvailabilityZoneId = one(isZoneId);
  const InstanceType = one((cell) => instanceType.test(cell) && !number.test(cell));
  const Timestamp = one((cell) => stamp.test(cell));
  const SpotPrice = one((cell) => number.test(cell));
  const known = [AvailabilityZone, AvailabilityZoneId, InstanceType, Timestamp, SpotPrice];
  const ProductDescription = one((cell) => !known.includes(cell));
  const found = [...known, ProductDescription].filter((each) => each !== undefined).length;
  if ((AvailabilityZone ?? AvailabilityZoneId) === undefined || found !== cells.length) return undefined;
  if (InstanceType === undefined || Timestamp === undefined || SpotPrice === undefined) return undefined;
  return { AvailabilityZone, AvailabilityZoneId, InstanceType, ProductDescription, SpotPrice, Timestamp };
}
