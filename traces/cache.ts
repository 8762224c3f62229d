import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { attachTable, type TableHandle, tableHandle } from "./columns.ts";
import type { ImportReport } from "./import-report.ts";
import type { TraceTable } from "./trace-table.ts";

/** A parsed trace on disk: one line of magic and version, one of JSON, then the table's columns as they are in memory. */
const MAGIC = "SYNKTI-TRACE 1";

export interface Parsed {
  readonly table: TraceTable;
  readonly report: ImportReport;
}

/** The parsed trace of that key, or undefined: a file that is missing, partial or of another version is as good as none. */
export function readParsed(path: string): Parsed | undefined {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch {
    return undefined;
  }
  const first = bytes.indexOf(10);
  const second = bytes.indexOf(10, first + 1);
  if (bytes.toString("latin1", 0, first) !== MAGIC || second === -1) return undefined;
  try {
    const { handle, report } = JSON.parse(bytes.toString("utf8", first + 1, second)) as {
      handle: Omit<TableHandle, "buffer"> & { bytes: number };
      report: ImportReport;
    };
    const columns = bytes.subarray(second + 1);
    if (columns.length !== handle.bytes) return undefined;
    const buffer = new SharedArrayBuffer(columns.length);
    new Uint8Array(buffer).set(columns);
    return { table: attachTable({ ...handle, buffer }), report };
  } catch {
    return undefined;
  }
}

/** Written beside its name and renamed, so a partial one is never found. A folder that cannot be written costs a parse, no more. */
export function writeParsed(folder: string, key: string, { table, report }: Parsed): void {
  const { buffer, ...handle } = tableHandle(table);
  const path = join(folder, `${key}.trace`);
  const draft = `${path}.${process.pid}`;
  try {
    mkdirSync(folder, { recursive: true });
    const head = `${MAGIC}\n${JSON.stringify({ handle: { ...handle, bytes: buffer.byteLength }, report })}\n`;
    writeFileSync(draft, Buffer.concat([Buffer.from(head, "utf8"), new Uint8Array(buffer)]));
    renameSync(draft, path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "EACCES" && code !== "EROFS" && code !== "ENOSPC") throw error;
  }
}

/** Writes a table file where the user asked for it. */
export const writeTable = (path: string, parsed: Parsed): void => {
  const at = path.lastIndexOf("/");
  writeParsed(at === -1 ? "." : path.slice(0, at), path.slice(at + 1).replace(/\.trace$/, ""), parsed);
};
