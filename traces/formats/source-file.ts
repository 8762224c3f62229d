import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { TraceError } from "../columns.ts";

export interface SourceFile {
  readonly path: string;
  /** What reports and warnings call it: its name, with its folder's where files of one import share names. */
  readonly name: string;
  readonly text: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Reads whole files. @throws TraceError as readSource does. */
export function readSources(paths: readonly string[]): SourceFile[] {
  const names = paths.map((path) => basename(path));
  return paths.map((path, i) => {
    const shared = names.indexOf(names[i]!) !== i || names.lastIndexOf(names[i]!) !== i;
    return readSource(path, shared ? join(basename(dirname(resolve(path))), names[i]!) : names[i]!);
  });
}

/** Reads a whole file. @throws TraceError when it is missing, empty, or the pointer of a file that was never fetched. */
function readSource(path: string, name: string): SourceFile {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new TraceError(`${path}: cannot be read (${code}); check the path, or --set traces.root=FOLDER`);
  }
  if (bytes.length === 0) {
    throw new TraceError(`${path}: the file is empty; the download failed, an empty history would hold an empty list`);
  }
  // A redirect in PowerShell writes UTF-16.
  const utf16 = bytes[0] === 0xff && bytes[1] === 0xfe;
  const text = bytes.toString(utf16 ? "utf16le" : "utf8").replace(/^\uFEFF/, "");
  if (text.startsWith("version https://git-lfs")) {
    throw new TraceError(`${path}: this is a Git LFS pointer, not the data; fetch the file itself (git lfs pull)`);
  }
  return {
    path,
    name,
    text,
    bytes: bytes.length,
    sha256: createHash("sha256").update(bytes).digest("hex"),
  };
}

/** @throws TraceError naming where a JSON text breaks off, or where it is none. */
export function parseJson({ path, text }: SourceFile): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const { message } = error as Error;
    const position = Number(/at position (\d+)/.exec(message)?.[1] ?? Number.NaN);
    if (/end of JSON|Unterminated/i.test(message) || position >= text.trimEnd().length) {
      throw new TraceError(`${path}: the JSON breaks off, the download is incomplete; get it again`);
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

/** A stamp with its zone, to seconds since 1970. @throws TraceError */
export function stampOf(value: unknown, where: string): number {
  const text = String(value);
  const zoned = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)$/.test(text);
  const timeMs = zoned ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(timeMs)) {
    throw new TraceError(
      `${where}: ${JSON.stringify(value)} is no time stamp; expected 2026-02-20T22:06:16Z or with an offset`,
    );
  }
  return timeMs / 1000;
}

/**
 * us-east-1 of us-east-1a, us-west-2 of us-west-2-lax-1a, us-central1 of us-central1-a. A zone id (use1-az6) is kept as its
 * own region: no table says which it is.
 */
export const regionOf = (zone: string): string =>
  /^[a-z]{2}(-[a-z]+)+-\d+(?=[a-z]$|-)/.exec(zone)?.[0] ?? /^([a-z]+-[a-z]+\d+)-[a-z]$/.exec(zone)?.[1] ?? zone;
