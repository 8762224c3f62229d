import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { TraceError } from "./columns.ts";

/** One price of AWS, as `aws ec2 describe-spot-price-history` prints it. */
interface PriceRow {
  readonly AvailabilityZone: string;
  readonly InstanceType: string;
  readonly ProductDescription: string;
  readonly SpotPrice: string;
  readonly Timestamp: string;
}

export interface RecordOptions {
  readonly regions: readonly string[];
  readonly instanceTypes: readonly string[];
  readonly products: readonly string[];
  /** The archive: REGION/TYPE/TIME-OF-PULL.json, in the form that `traces import` reads. */
  readonly archive: string;
  readonly nowS: number;
  readonly progress: (text: string) => void;
}

export interface Recorded {
  readonly region: string;
  readonly instanceType: string;
  /** Rows the archive did not hold; a pull without any writes no file. */
  readonly rows: number;
  readonly file: string | undefined;
}

/** As far back as AWS answers (API_DescribeSpotPriceHistory: "up to 90 days"). */
const KEPT_BY_AWS_S = 90 * 86_400;
/** Throttling is retried by the SDK with a pause that grows, at most so often. */
const ATTEMPTS = 10;

/**
 * Adds what is new of AWS's spot price history to a local archive, so that it outlives the 90 days that AWS keeps. Each region
 * and type begins where its newest pull ended; all pages are read before anything is written.
 * @throws TraceError where AWS cannot be asked, with what it said.
 */
export async function recordPrices(options: RecordOptions): Promise<Recorded[]> {
  const done: Recorded[] = [];
  for (const region of options.regions) {
    for (const instanceType of options.instanceTypes) {
      const folder = join(options.archive, region, instanceType);
      const newest = newestIn(folder);
      const sinceS = Math.min(...options.products.map((product) => newestOf(product, newest)));
      const fromS = Math.max(sinceS, options.nowS - KEPT_BY_AWS_S);
      const all = await pull(region, instanceType, fromS, options);
      const rows = all.filter((row) => stampS(row.Timestamp) > (newest.get(pool(row)) ?? -Infinity));
      const file = rows.length === 0 ? undefined : write(folder, options.nowS, rows);
      options.progress(`${region} ${instanceType}: ${rows.length} new rows`);
      done.push({ region, instanceType, rows: rows.length, file });
    }
  }
  return done;
}

/** All pages, oldest first. */
async function pull(
  region: string,
  instanceType: string,
  fromS: number,
  { products, nowS, progress }: RecordOptions,
): Promise<PriceRow[]> {
  // 18 MB: loaded by those who record, and by nobody else.
  const { EC2Client, paginateDescribeSpotPriceHistory } = await import("@aws-sdk/client-ec2");
  const client = new EC2Client({ region, maxAttempts: ATTEMPTS, retryMode: "standard" });
  const rows: PriceRow[] = [];
  try {
    const pages = paginateDescribeSpotPriceHistory(
      { client, pageSize: 1000 },
      {
        InstanceTypes: [instanceType as never],
        ProductDescriptions: [...products],
        StartTime: new Date(fromS * 1000),
        EndTime: new Date(nowS * 1000),
      },
    );
    for await (const { SpotPriceHistory = [] } of pages) {
      for (const row of SpotPriceHistory) rows.push(rowOf(row));
      if (rows.length > 1000) progress(`${region} ${instanceType}: ${rows.length} rows`);
    }
  } catch (error) {
    if (error instanceof TraceError) throw error;
    const { name, message } = error as Error;
    const remedy = /credential|token/i.test(name + message)
      ? "log in (aws configure, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY); ec2:DescribeSpotPriceHistory is all it needs"
      : "the archive stays as it was; run it again";
    throw new TraceError(`AWS in ${region}: ${name}: ${message}; ${remedy}`);
  } finally {
    client.destroy();
  }
  return rows.sort((a, b) => stampS(a.Timestamp) - stampS(b.Timestamp));
}

function rowOf(row: {
  readonly AvailabilityZone?: string | undefined;
  readonly InstanceType?: string | undefined;
  readonly ProductDescription?: string | undefined;
  readonly SpotPrice?: string | undefined;
  readonly Timestamp?: Date | undefined;
}): PriceRow {
  const { AvailabilityZone, InstanceType, ProductDescription, SpotPrice, Timestamp } = row;
  if (!AvailabilityZone || !InstanceType || !ProductDescription || !SpotPrice || !Timestamp) {
    throw new TraceError(`AWS answered a row that lacks a field: ${JSON.stringify(row)}; the archive stays as it was`);
  }
  return { AvailabilityZone, InstanceType, ProductDescription, SpotPrice, Timestamp: Timestamp.toISOString() };
}

const pool = ({ ProductDescription, AvailabilityZone }: PriceRow): string =>
  `${ProductDescription}|${AvailabilityZone}`;

/** Of all zones: what AWS is asked for begins there; -Infinity where nothing was pulled yet. */
const newestOf = (product: string, newest: ReadonlyMap<string, number>): number =>
  Math.max(-Infinity, ...[...newest].filter(([key]) => key.startsWith(`${product}|`)).map(([, timeS]) => timeS));

/** Per product and zone the newest stamp of the archive. @throws TraceError for a file that is not ours to read. */
function newestIn(folder: string): Map<string, number> {
  const newest = new Map<string, number>();
  let files: string[];
  try {
    files = readdirSync(folder).filter((name) => name.endsWith(".json"));
  } catch {
    return newest; // the first pull
  }
  for (const name of files) {
    const path = join(folder, name);
    let rows: readonly PriceRow[];
    try {
      rows = (JSON.parse(readFileSync(path, "utf8")) as { SpotPriceHistory: readonly PriceRow[] }).SpotPriceHistory;
      for (const row of rows) {
        newest.set(pool(row), Math.max(newest.get(pool(row)) ?? -Infinity, stampS(row.Timestamp)));
      }
    } catch (error) {
      throw new TraceError(
        `${path}: cannot be read as a pull (${(error as Error).message}); move it out of the archive`,
      );
    }
  }
  return newest;
}

function write(folder: string, nowS: number, rows: readonly PriceRow[]): string {
  const path = join(folder, `${new Date(nowS * 1000).toISOString().replaceAll(":", "")}.json`);
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(`${path}.part`, `${JSON.stringify({ SpotPriceHistory: rows })}\n`, { flush: true });
    renameSync(`${path}.part`, path);
  } catch (error) {
    throw new TraceError(
      `${path}: cannot be written (${(error as NodeJS.ErrnoException).code}); choose another --archive`,
    );
  }
  return path;
}

const stampS = (stamp: string): number => Date.parse(stamp) / 1000;
