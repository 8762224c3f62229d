import type { Seconds, UsdPerHour } from "../policies/contract/units.ts";
import { attachTable, joined, type TableHandle, tableHandle, windowOf, withOnDemand } from "../traces/columns.ts";
import { generateTrace, type MarketModel } from "../traces/generate.ts";
import type { OpenTrace } from "../traces/open.ts";
import type { RequestColumns } from "../traces/requests.ts";
import type { MarketFilter, TraceMarket, TraceTable } from "../traces/trace-table.ts";
import { digestOf, sha256 } from "./digest.ts";

/** A study's on-demand prices: one, or by instance type, or by instance type and region. */
export type OnDemandPrices = UsdPerHour | Readonly<Record<string, UsdPerHour | Readonly<Record<string, UsdPerHour>>>>;

/** What a cell is run on, as it travels to a worker thread: a table's columns in shared memory, or what to draw it from. */
export type TableSource = (
  | { readonly kind: "columns"; readonly handle: TableHandle }
  | {
      readonly kind: "generated";
      readonly model: MarketModel;
      readonly seed: string;
      readonly endS: Seconds;
      readonly markets: MarketFilter;
      readonly onDemandUsdPerHour: OnDemandPrices;
    }
) & {
  /** Of the file that the workload names. */
  readonly requests?: RequestsHandle;
};

/** Rows of requests in shared memory: arrivals, then input and output tokens. */
export interface RequestsHandle {
  readonly rows: number;
  readonly buffer: SharedArrayBuffer;
}

/**
 * A window of a real trace with its on-demand markets, in shared memory; one that passes the trace's end goes on at its start.
 * @throws TraceError
 */
export function windowSource(
  trace: OpenTrace,
  fromS: Seconds,
  lengthS: Seconds,
  markets: MarketFilter,
  onDemandUsdPerHour: OnDemandPrices,
): TableSource {
  const beyondS = fromS + lengthS - trace.endS;
  const window =
    beyondS > 0
      ? joined(trace.window(fromS, trace.endS - fromS, markets), trace.window(0, beyondS, markets))
      : trace.window(fromS, lengthS, markets);
  return { kind: "columns", handle: tableHandle(withOnDemand(window, pricesOf(onDemandUsdPerHour))) };
}

/** Attaches to shared columns, or draws the table anew. */
export function tableOf(source: TableSource): TraceTable {
  if (source.kind === "columns") return attachTable(source.handle);
  const drawn = generateTrace(source.model, source.seed, source.endS);
  return withOnDemand(windowOf(drawn, 0, source.endS, source.markets), pricesOf(source.onDemandUsdPerHour));
}

/** Of what the table holds, or of all that it is drawn from but the generator's code: equal digests are equal tables. */
export function sourceDigest({ requests, ...source }: TableSource): string {
  const asked = requests && { requests: sha256(new Uint8Array(requests.buffer)) };
  if (source.kind === "generated") return digestOf({ ...source, ...asked });
  const { buffer, layout, endS } = source.handle;
  return digestOf({ endS, layout, columns: sha256(new Uint8Array(buffer)), ...asked });
}

/** Requests that arrive before endS, and the one after them, in shared memory of their own. */
export function requestsHandle({ arrivalS, inputTokens, outputTokens }: RequestColumns, endS: Seconds): RequestsHandle {
  const beyond = arrivalS.findIndex((timeS) => timeS >= endS);
  const rows = beyond < 0 ? arrivalS.length : beyond + 1;
  const buffer = new SharedArrayBuffer(16 * rows);
  const columns = requestColumns({ rows, buffer });
  columns.arrivalS.set(arrivalS.subarray(0, rows));
  columns.inputTokens.set(inputTokens.subarray(0, rows));
  columns.outputTokens.set(outputTokens.subarray(0, rows));
  return { rows, buffer };
}

export const requestColumns = ({ rows, buffer }: RequestsHandle): RequestColumns => ({
  arrivalS: new Float64Array(buffer, 0, rows),
  inputTokens: new Uint32Array(buffer, 8 * rows, rows),
  outputTokens: new Uint32Array(buffer, 12 * rows, rows),
});

/** Looks up a market's price. */
export const pricesOf =
  (prices: OnDemandPrices) =>
  ({ instanceType, region }: TraceMarket): UsdPerHour | undefined => {
    const ofType = typeof prices === "number" ? prices : prices[instanceType];
    return typeof ofType === "object" ? ofType[region] : ofType;
  };
