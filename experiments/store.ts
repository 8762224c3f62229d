import { closeSync, createReadStream, fstatSync, fsyncSync, openSync, readSync, writeFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { SimulationResult } from "../sim/simulation.ts";
import { sha256 } from "./digest.ts";

/** A results folder that cannot be read or written. */
export class ResultsError extends Error {
  override readonly name = "ResultsError";
}

/** What a cell came to: the part of its record that is not its specification. */
export type CellResult = Omit<SimulationResult, "timeline">;

/** One line of the store. */
export interface StoredCell {
  readonly key: string;
  /** Place in the study; with `parts` it tells why a cell of the same place is computed again. */
  readonly place: string;
  /** Digests of what the key is made of. */
  readonly parts: Readonly<Record<string, string>>;
  readonly wallMs: number;
  readonly result: CellResult;
}

const FILE = "cells.ndjson";
const HEADER = "workbench-cells 1";

/** @throws ResultsError for a folder that holds something else: nothing of it is to be lost. */
export async function assertResultsFolder(folder: string): Promise<void> {
  const files = await filesOf(folder);
  if (files.includes(FILE) || files.every((file) => file.startsWith("lock"))) return;
  throw new ResultsError(`${folder}: not empty, and no results folder; name an empty or a new one with --out`);
}

/** Every cell that a results folder holds, by key, oldest first. @throws ResultsError for a folder of another version. */
export async function readCells(folder: string): Promise<Map<string, StoredCell>> {
  const cells = new Map<string, StoredCell>();
  if (!(await filesOf(folder)).includes(FILE)) return cells;
  const shared = sharing();
  let line = 0;
  for await (const text of createInterface({ input: createReadStream(join(folder, FILE)), crlfDelay: Infinity })) {
    line++;
    if (line === 1 && text !== HEADER) {
      throw new ResultsError(
        `${join(folder, FILE)}: of another version ("${text.slice(0, 40)}", this one writes "${HEADER}"); name another --out, or start over with --fresh`,
      );
    }
    const cell = line > 1 ? parsed(text) : undefined;
    if (cell !== undefined) cells.set(cell.key, shared(cell));
  }
  return cells;
}

/** Cells that share what is equal in many: a hundred thousand of them would hold it a hundred thousand times. */
export function sharing(): (cell: StoredCell) => StoredCell {
  const known = new Map<string, unknown>();
  const once = <T>(value: T): T => {
    const text = JSON.stringify(value);
    if (!known.has(text)) known.set(text, value);
    return known.get(text) as T;
  };
  return (cell) => ({
    ...cell,
    parts: once(cell.parts),
    result: { ...cell.result, assumptions: once(cell.result.assumptions) },
  });
}

function filesOf(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [] as string[];
    throw new ResultsError(`${folder}: cannot be read as a folder (${error.code}); name another --out`);
  });
}

/**
 * Adds cells to a results folder, one line each with its checksum. A process that dies while writing leaves half a line at
 * the end at most: it is passed over when read, and the next writer begins a new line.
 */
export class CellLog {
  readonly #file: number;

  /** @throws ResultsError for a folder that cannot be written. */
  constructor(folder: string, options: { readonly fresh: boolean }) {
    const path = join(folder, FILE);
    try {
      this.#file = openSync(path, options.fresh ? "w+" : "a+");
      const { size } = fstatSync(this.#file);
      const last = Buffer.alloc(1);
      if (size > 0) readSync(this.#file, last, 0, 1, size - 1);
      if (size === 0) writeFileSync(this.#file, `${HEADER}\n`);
      else if (last.toString() !== "\n") writeFileSync(this.#file, "\n");
    } catch (error) {
      throw unwritable(path, error);
    }
  }

  add(cell: StoredCell): void {
    const text = JSON.stringify(cell);
    try {
      writeFileSync(this.#file, `${checksum(text)} ${text}\n`);
    } catch (error) {
      throw unwritable(FILE, error);
    }
  }

  close(): void {
    fsyncSync(this.#file);
    closeSync(this.#file);
  }
}

export function unwritable(path: string, error: unknown): ResultsError {
  const { code, message } = error as NodeJS.ErrnoException;
  return new ResultsError(
    `${path}: cannot be written (${code ?? message}); make room or the folder writable, or name another --out`,
  );
}

const checksum = (text: string): string => sha256(text).slice(0, 12);

function parsed(line: string): StoredCell | undefined {
  const text = line.slice(13);
  return line[12] === " " && line.slice(0, 12) === checksum(text) ? (JSON.parse(text) as StoredCell) : undefined;
}
