import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { crc32 } from "node:zlib";
import { HOUR_S } from "../policies/contract/units.ts";
import { TraceError } from "./columns.ts";
import type { RequestColumns } from "./requests.ts";
import { writeWhole } from "./write-whole.ts";

/** Requests ready to be replayed: three columns in shared memory, a row a request, in order of arrival. */
export interface RequestTrace extends RequestColumns {
  /** Over the source bytes and what was said about them. */
  readonly digest: string;
  readonly report: RequestReport;
}

/** What an import of requests understood, repaired and left out. */
export interface RequestReport {
  readonly format: string;
  readonly files: readonly { readonly name: string; readonly bytes: number; readonly sha256: string }[];
  readonly rowsRead: number;
  readonly kept: number;
  readonly dropped: readonly { readonly why: string; readonly rows: number }[];
  readonly warnings: readonly string[];
  /** UTC, or why it is not known. */
  readonly startsAt: string;
}

/*
 * A request file, little-endian: magic 12 bytes | u32 version | u32 rows | u32 bytes of the index | u32 CRC-32 of all after the
 * head | 4 bytes of nothing | f64 arrivals, u32 input tokens, u32 output tokens | index: JSON of digest and report
 */
const MAGIC = "SYNKTI-REQST";
const VERSION = 1;
const HEAD_BYTES = 32;
const ROW_BYTES = 16;

/** Writes a file of requests beside its name and renames it. @throws TraceError when it cannot be written. */
export function writeRequestFile(
  path: string,
  { digest, report, arrivalS, inputTokens, outputTokens }: RequestTrace,
): void {
  const index = Buffer.from(JSON.stringify({ digest, report }), "utf8");
  const columns = [arrivalS, inputTokens, outputTokens].map(
    ({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength),
  );
  const body = [...columns, index];
  const head = Buffer.alloc(HEAD_BYTES);
  head.write(MAGIC, "latin1");
  for (const [i, value] of [
    VERSION,
    arrivalS.length,
    index.length,
    body.reduce((crc, part) => crc32(part, crc), 0),
  ].entries())
    head.writeUInt32LE(value, 12 + 4 * i);
  writeWhole(path, (draft) => {
    const file = openSync(draft, "wx");
    try {
      for (const part of [head, ...body]) for (let at = 0; at < part.length; ) at += writeSync(file, part, at);
    } finally {
      closeSync(file);
    }
  });
}

/** Opens a file of requests. @throws TraceError for a file that is none, is cut short, damaged, or of another version. */
export function openRequestFile(path: string): RequestTrace {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new TraceError(`${path}: cannot be read (${(error as NodeJS.ErrnoException).code}); check the path`);
  }
  if (bytes.length < HEAD_BYTES || bytes.toString("latin1", 0, MAGIC.length) !== MAGIC) {
    throw new TraceError(`${path}: not a file of requests; write one with \`traces import --out\``);
  }
  const [version, rows, indexBytes, crc] = [12, 16, 20, 24].map((at) => bytes.readUInt32LE(at)) as [
    number,
    number,
    number,
    number,
  ];
  if (version !== VERSION)
    throw new TraceError(`${path}: of another version, this workbench reads ${VERSION}; import the source again`);
  const indexAt = HEAD_BYTES + ROW_BYTES * rows;
  if (indexAt + indexBytes !== bytes.length) {
    throw new TraceError(
      `${path}: cut short, ${bytes.length} of ${indexAt + indexBytes} bytes; import the source again`,
    );
  }
  if (crc32(bytes.subarray(HEAD_BYTES)) !== crc) {
    throw new TraceError(`${path}: damaged, a checksum does not match; import the source again`);
  }
  const buffer = new SharedArrayBuffer(ROW_BYTES * rows);
  new Uint8Array(buffer).set(bytes.subarray(HEAD_BYTES, indexAt));
  const index = JSON.parse(bytes.toString("utf8", indexAt)) as Pick<RequestTrace, "digest" | "report">;
  return {
    ...index,
    arrivalS: new Float64Array(buffer, 0, rows),
    inputTokens: new Uint32Array(buffer, 8 * rows, rows),
    outputTokens: new Uint32Array(buffer, 12 * rows, rows),
  };
}

/** How requests come, and how large they are. */
export interface RequestStatistics {
  readonly requests: number;
  readonly hours: number;
  readonly perSecond: number;
  /** Of the times between arrivals: 1 for a Poisson process. null for fewer than three requests, and where all come at once. */
  readonly interarrivalCv: number | null;
  readonly meanInputTokens: number;
  readonly meanOutputTokens: number;
}

export function requestStatistics({ arrivalS, inputTokens, outputTokens }: RequestColumns): RequestStatistics {
  const n = arrivalS.length;
  const spanS = arrivalS[n - 1]! - arrivalS[0]!;
  const meanOf = (list: ArrayLike<number>) => {
    let sum = 0;
    for (let i = 0; i < list.length; i++) sum += list[i]!;
    return sum / list.length;
  };
  const gaps = arrivalS.subarray(1).map((timeS, i) => timeS - arrivalS[i]!);
  const mean = meanOf(gaps);
  const variance = meanOf(gaps.map((gap) => (gap - mean) ** 2));
  return {
    requests: n,
    hours: spanS / HOUR_S,
    perSecond: spanS > 0 ? (n - 1) / spanS : 0,
    interarrivalCv: n < 3 || mean === 0 ? null : Math.sqrt(variance) / mean,
    meanInputTokens: meanOf(inputTokens),
    meanOutputTokens: meanOf(outputTokens),
  };
}
