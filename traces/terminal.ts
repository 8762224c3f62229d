import { writeSync } from "node:fs";

/** The one place where text leaves: names and zones come from files, and a terminal obeys control characters. */
export const print = (text: string): void => say(1, text);
export function say(stream: 1 | 2, text: string): void {
  try {
    writeSync(stream, `${text.replace(/[^\P{Cc}\n]/gu, "?")}\n`);
  } catch (error) {
    // Whoever reads may stop early (| head).
    if ((error as NodeJS.ErrnoException).code !== "EPIPE") throw error;
  }
}

/** The option of every command whose answer a program may want. */
export const json = { type: "boolean", default: false, describe: "one JSON object on standard output" } as const;
/** The option of every command that writes one file. */
export const out = { type: "string", requiresArg: true } as const;

/** A line of a table: the first cell is a name. */
export const row = (cells: readonly string[]): string =>
  cells.map((cell, i) => (i === 0 ? cell.padEnd(28) : cell.padStart(18))).join("");
export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
