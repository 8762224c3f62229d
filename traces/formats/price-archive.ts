import { TraceError } from "../columns.ts";
import type { TraceMarket } from "../trace-table.ts";
import { ByteKeys } from "./byte-keys.ts";
import type { FormatAbout, ReadOptions } from "./index.ts";
import type { SourceFile } from "./source-file.ts";
import { isZoneId, priceOf, regionOf, stampOf } from "./values.ts";

/** Where rows go, one by one: too many to keep. */
export interface PriceSink {
  /** A number for a market, from 0. */
  market(market: TraceMarket): number;
  add(market: number, timeS: number, microUsd: number): void;
  skip(): void;
}

/** A line that is longer is none of the archive's. */
const LINE_MAX = 1 << 16;
const [TAB, LF, CR] = [9, 10, 13];
const POINT = 46 - 48;
/** [decimals] */
const TO_MICRO = [1e6, 1e5, 1e4, 1e3, 100, 10, 1];
const MICRO_MAX = 0xffff_ffff;
const row = /^[a-z0-9-]+\t[a-z0-9-]+\.[a-z0-9-]+\t[^\t]+\t[^\t]+\t\d{4}-\d\d-\d\dT[^\t]+$/;

/**
 * The public archive of all spot prices, a month a file: zone id, type, product, price, time, without a header. Read in a
 * stream by a splitter of its own, since a year is 40 GB of text. The AWS CLI writes the same with `--output text` and a query
 * for the bare list, with zone names.
 */
export const priceArchive: FormatAbout & {
  stream(file: SourceFile, options: ReadOptions, sink: PriceSink, progress: (rows: number) => void): Promise<void>;
} = {
  name: "price-archive",
  holds: "prices of all regions, types and products",
  source: "ericpauley/aws-spot-price-history (Zenodo 10.5281/zenodo.14198917), tsv.zst, a month a file",
  get: "download the months from Zenodo; about 511 MB a year, packed",
  command: "npm run traces -- import 2026-02.tsv.zst --out 2026-02.trace",
  matches: ({ head }) => row.test(head.slice(0, head.search(/\r?\n|$/))),
  stream: async (file, { product }, sink, progress) => {
    const keys = new ByteKeys(); // of zone, type and product as they stand there
    const markets: number[] = []; // [key]; -1: not wanted
    const open = (hash: number, data: Buffer, from: number, to: number, where: string): number => {
      const [zone, instanceType, name, ...rest] = data.toString("utf8", from, to).split("\t");
      if (rest.length > 0 || !zone || !instanceType || !name) throw noRow(where, data.toString("utf8", from, to));
      const wanted = product === undefined || name === product;
      const market = wanted
        ? sink.market({
            instanceType,
            region: regionOf(zone),
            zone,
            capacityType: "spot",
            ...(isZoneId(zone) && { zoneId: zone }),
            product: name,
          })
        : -1;
      markets[keys.add(hash, data, from, to)] = market;
      return market;
    };
    const day = { yyyymmdd: 0, startS: 0 };
    const cell = { end: 0 };
    let line = 0;
    let rest: Buffer = Buffer.alloc(0); // a line that goes on in the next chunk
    const take = (data: Buffer, from: number, lf: number): void => {
      line++;
      const to = data[lf - 1] === CR ? lf - 1 : lf;
      if (to <= from) return;
      const where = () => `${file.path}:${line}`;
      let hash = 0;
      let price = from;
      for (let tabs = 0; price < to; price++) {
        const byte = data[price]!;
        if (byte === TAB && ++tabs === 3) break;
        hash = (Math.imul(hash, 31) + byte) | 0;
      }
      hash ^= hash >>> 15; // the table looks at the lowest bits
      let microUsd = microOf(data, price + 1, to, cell);
      const time = cell.end;
      if (price === to || time === to) throw noRow(where(), data.toString("utf8", from, to));
      const key = keys.find(hash, data, from, price);
      const market = key === -1 ? open(hash, data, from, price, where()) : markets[key]!;
      if (market === -1) {
        sink.skip();
        return;
      }
      if (microUsd < 0) microUsd = slowMicro(data.toString("utf8", price + 1, time), where());
      let timeS = secondsOf(data, time + 1, to, day);
      if (timeS < 0) timeS = slowSeconds(data.toString("utf8", time + 1, to), where());
      sink.add(market, timeS, microUsd);
    };
    for await (const chunk of file.chunks()) {
      const data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      let from = line === 0 && data[0] === 0xef && data[1] === 0xbb && data[2] === 0xbf ? 3 : 0; // a byte order mark
      for (let lf = data.indexOf(LF); lf !== -1; lf = data.indexOf(LF, from)) {
        take(data, from, lf);
        from = lf + 1;
      }
      rest = data.subarray(from);
      if (rest.length > LINE_MAX) {
        throw new TraceError(
          `${file.path}:${line + 1}: a line of more than ${LINE_MAX} bytes; is this the price archive?`,
        );
      }
      progress(line);
    }
    if (rest.length > 0) take(rest, 0, rest.length);
  },
};

const noRow = (where: string, text: string) =>
  new TraceError(
    `${where}: ${JSON.stringify(text.slice(0, 80))} is no row of the price archive; expected zone, type, product, price and time between tabs`,
  );

/** Micro-dollars of a price with up to six decimals, -1 for any other form; and where its cell ends. */
function microOf(data: Buffer, from: number, to: number, cell: { end: number }): number {
  let micro = 0;
  let decimals = -1;
  let plain = true;
  let at = from;
  for (; at < to; at++) {
    const digit = data[at]! - 48;
    if (digit >>> 0 <= 9) {
      micro = micro * 10 + digit;
      if (decimals >= 0) decimals++;
    } else if (digit === POINT && decimals < 0 && at > from) decimals = 0;
    else if (digit === TAB - 48) break;
    else plain = false;
  }
  cell.end = at;
  if (!plain || at === from || at - from > 15 || decimals === 0 || decimals > 6) return -1;
  micro *= TO_MICRO[Math.max(0, decimals)]!;
  return micro <= MICRO_MAX ? micro : -1;
}

/** @throws TraceError for what is no price, and what the table cannot hold in micro-dollars. */
function slowMicro(text: string, where: string): number {
  const micro = priceOf(text, where) * 1e6;
  const whole = Math.round(micro);
  if (Math.abs(micro - whole) < 1e-6 * Math.max(1, whole) && whole / 1e6 === Number(text) && whole <= MICRO_MAX)
    return whole;
  throw new TraceError(`${where}: price ${text} is finer than a micro-dollar or above 4,294 USD/h; drop the row`);
}

/** Seconds since 1970 of `2026-02-28T23:59:57+00:00` or `...Z`; -1 for any other form. */
function secondsOf(data: Buffer, from: number, to: number, day: { yyyymmdd: number; startS: number }): number {
  const utc =
    (to - from === 20 && data[to - 1] === 90) ||
    (to - from === 25 &&
      data[to - 6] === 43 &&
      data[to - 5] === 48 &&
      data[to - 4] === 48 &&
      data[to - 3] === 58 &&
      data[to - 2] === 48 &&
      data[to - 1] === 48);
  if (
    !utc ||
    data[from + 4] !== 45 ||
    data[from + 7] !== 45 ||
    data[from + 10] !== 84 ||
    data[from + 13] !== 58 ||
    data[from + 16] !== 58
  )
    return -1;
  const century = pair(data, from);
  const year = pair(data, from + 2);
  const month = pair(data, from + 5);
  const date = pair(data, from + 8);
  const hours = pair(data, from + 11);
  const minutes = pair(data, from + 14);
  const seconds = pair(data, from + 17);
  if ((century | year | month | date | hours | minutes | seconds) < 0) return -1;
  if (hours > 23 || minutes > 59 || seconds > 59) return -1;
  const yyyymmdd = 1_000_000 * century + 10_000 * year + 100 * month + date;
  if (yyyymmdd !== day.yyyymmdd) {
    const text = data.toString("latin1", from, from + 10);
    const startMs = Date.parse(`${text}T00:00:00Z`);
    if (Number.isNaN(startMs) || startMs < 0 || !new Date(startMs).toISOString().startsWith(text)) return -1;
    day.yyyymmdd = yyyymmdd;
    day.startS = startMs / 1000;
  }
  return day.startS + 3600 * hours + 60 * minutes + seconds;
}

/** A number of two digits, -1 where they are none. */
function pair(data: Buffer, at: number): number {
  const tens = data[at]! - 48;
  const ones = data[at + 1]! - 48;
  return tens >>> 0 <= 9 && ones >>> 0 <= 9 ? 10 * tens + ones : -1;
}

/** @throws TraceError for what is no time, and what the table cannot hold in whole seconds. */
function slowSeconds(text: string, where: string): number {
  const timeS = stampOf(text, where);
  if (Number.isInteger(timeS) && timeS >= 0 && timeS <= 0xffff_ffff) return timeS;
  throw new TraceError(`${where}: ${text} is no whole second of the years 1970 to 2106; drop the row`);
}
