import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { TraceError } from "../columns.ts";

export interface SourceFile {
  readonly path: string;
  readonly name: string;
  readonly text: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Reads a whole file. @throws TraceError when it is missing, empty, or the pointer of a file that was never fetched. */
export function readSource(path: string): SourceFile {
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
  const text = bytes.toString("utf8").replace(/^\uFEFF/, "");
  if (text.startsWith("version https://git-lfs")) {
    throw new TraceError(`${path}: this is a Git LFS pointer, not the data; fetch the file itself (git lfs pull)`);
  }
  return {
    path,
    name: basename(path),
    text,
    bytes: bytes.length,
    sha256: createHash("sha256").update(bytes).digest("hex"),
  };
}

/** @throws TraceError naming where a JSON text breaks off. */
export function parseJson(file: SourceFile): unknown {
  try {
    return JSON.parse(file.text);
  } catch (error) {
    const cutOff = /end of JSON|Unterminated/i.test(String(error));
    throw new TraceError(
      `${file.path}: ${cutOff ? "the JSON breaks off, the download is incomplete; get it again" : `not JSON (${(error as Error).message}); is this the right file?`}`,
    );
  }
}

/** A price as sources write it. @throws TraceError with place and remedy. */
export function priceOf(value: unknown, where: string): number {
  const price =
    typeof value === "number" ? value : typeof value === "string" && value.trim() !== "" ? Number(value) : Number.NaN;
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

/** us-east-1 of us-east-1a. A zone id (use1-az6) is kept as its own region: no table says which it is. */
export const regionOf = (zone: string): string => /^[a-z]{2}(-[a-z]+)+-\d(?=[a-z]$)/.exec(zone)?.[0] ?? zone;
