import type { Seconds } from "../../policies/contract/units.ts";
import { TraceError } from "../columns.ts";
import type { SourceFile } from "./source-file.ts";
import { stated } from "./stated.ts";

/** @throws TraceError naming where a JSON text breaks off, or where it is none. */
export function parseJson({ path, text }: Pick<SourceFile, "path" | "text">): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const message = (error as Error).message.replace(/\s+/g, " "); // it quotes the text, line ends and all
    const position = Number(/at position (\d+)/.exec(message)?.[1] ?? Number.NaN);
    if (/end of JSON|Unterminated/i.test(message) || position >= text.trimEnd().length) {
      const line = text.trimEnd().split("\n").length;
      throw new TraceError(`${path}:${line}: the JSON breaks off, the download is incomplete; get it again`);
    }
    // Python writes these where a number is missing; JSON has no such numbers.
    const bare = /[[:,]\s*(-?(?:NaN|Infinity))\b/.exec(text);
    if (bare !== null) {
      const line = text.slice(0, bare.index + bare[0].length).split("\n").length;
      throw new TraceError(`${path}:${line}: ${bare[1]} is not a number; drop the row or mend it`);
    }
    throw new TraceError(`${path}: not JSON (${message}); is this the right file?`);
  }
}

/** A price as sources write it. @throws TraceError with place and remedy. */
export function priceOf(value: unknown, where: string): number {
  const written = typeof value === "string" && /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(value);
  const price = typeof value === "number" ? value : written ? Number(value) : Number.NaN;
  if (!Number.isFinite(price))
    throw new TraceError(`${where}: price ${JSON.stringify(value)} is not a number; drop the row or mend it`);
  if (price < 0) throw new TraceError(`${where}: price ${price} is below 0; drop the row or mend it`);
  return price;
}

/**
 * A stamp to seconds since 1970: `2026-02-20T22:06:16.5Z`, a blank for the T, an offset for the Z. Digits of the second beyond
 * the third are kept: a `Date` would cut them. `tz` is what a stamp without an offset means.
 * @throws TraceError for what is no time, a day that no calendar has, and a stamp without an offset where `tz` does not say one.
 * @example stampOf("2026-01-01 01:00:00.25", "a.csv:2", "+01:00") // 1767225600.25
 */
export function stampOf(value: unknown, where: string, tz?: string): number {
  const [, date, time, fraction, zone] =
    /^\s*(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d+)?\s*(Z|UTC|[+-]\d\d:?\d\d)?\s*$/.exec(String(value)) ?? [];
  const wholeS = Date.parse(`${date}T${time}Z`) / 1000;
  // Date.parse takes 30 February for 1 March.
  if (Number.isNaN(wholeS) || !new Date(wholeS * 1000).toISOString().startsWith(date!)) {
    throw new TraceError(
      `${where}: ${JSON.stringify(value)} is no time stamp; expected 2026-02-20T22:06:16Z or with an offset`,
    );
  }
  if (zone === undefined && tz === undefined) {
    throw new TraceError(
      `${where}: ${JSON.stringify(value)} does not say its time zone; ${stated("tz", "UTC")} (or an offset, "+01:00")`,
    );
  }
  return wholeS - offsetS(zone ?? tz!) + Number(fraction ?? 0);
}

/** Seconds ahead of UTC of `Z`, `UTC` or `+01:00`. @throws TraceError */
function offsetS(zone: string): number {
  const [, sign, hours, minutes] = /^([+-])(\d\d):?(\d\d)$/.exec(zone) ?? [];
  if (sign !== undefined) return (sign === "-" ? -1 : 1) * (Number(hours) * 3600 + Number(minutes) * 60);
  if (zone === "Z" || zone === "UTC") return 0;
  throw new TraceError(`time zone "${zone}" is not known; give UTC or an offset such as +01:00`);
}

/** What AWS puts before a region's number in a zone id: us, ap and so on, then the quarter. */
const quarters: Readonly<Record<string, string>> = {
  n: "north",
  ne: "northeast",
  e: "east",
  se: "southeast",
  s: "south",
  sw: "southwest",
  w: "west",
  nw: "northwest",
  c: "central",
};

/**
 * us-east-1 of us-east-1a, us-west-2 of us-west-2-lax-1a, us-central1 of us-central1-a, and us-east-1 of the zone id use1-az6:
 * its first part abbreviates the region. Which zone name it has is known to each account alone. Anything else is its own region.
 */
export function regionOf(zone: string): string {
  const [, area, gov, quarter, number] =
    /^([a-z]{2})(g?)(n|ne|e|se|s|sw|w|nw|c)(\d)(?:-[a-z]+\d*)*-az\d+$/.exec(zone) ?? [];
  if (area !== undefined) return `${area}-${gov === "g" ? "gov-" : ""}${quarters[quarter!]}-${number}`;
  return /^[a-z]{2}(-[a-z]+)+-\d+(?=[a-z]$|-)/.exec(zone)?.[0] ?? /^([a-z]+-[a-z]+\d+)-[a-z]$/.exec(zone)?.[1] ?? zone;
}

/** A zone's name at AWS or Google Cloud; a region's has no letter at its end. */
export const isZone = (text: string): boolean =>
  /^[a-z]{2}(-[a-z]+)+-\d+(-[a-z0-9]+-\d+)?[a-z]$|^[a-z]+-[a-z]+\d+-[a-z]$/.test(text);
export const isZoneId = (zone: string): boolean => /^[a-z]+\d(-[a-z]+\d*)*-az\d+$/.test(zone);

/** Times from each sample to the next, the shortest first. */
export const gapsS = (timesS: readonly Seconds[]): Seconds[] =>
  timesS
    .slice(1)
    .map((timeS, i) => Math.abs(timeS - timesS[i]!))
    .sort((a, b) => a - b);

/** What the cadence is, whatever a file declares: of two gaps in the middle the shorter, since samples go missing. 0 for one sample. */
export function medianGapS(timesS: readonly Seconds[]): Seconds {
  const gaps = gapsS(timesS);
  return gaps[(gaps.length - 1) >> 1] ?? 0;
}

/**
 * Probes are written down by one clock: a stamp before its predecessor means two recordings in one file, or a clock that was
 * set back. A file that is newest first throughout is fine. Looks at the newest stamp.
 * @throws TraceError
 */
export function checkClock(timesS: readonly number[], where: string): void {
  const n = timesS.length;
  if (n < 3) return;
  const down = timesS[1]! < timesS[0]!;
  const [before, now] = [timesS[n - 2]!, timesS[n - 1]!];
  if (down ? now <= before : now >= before) return;
  throw new TraceError(
    `${where}: the clock runs backwards, by ${Math.abs(now - before)} s; are there two recordings in this file? Split it there`,
  );
}
