import { parseString } from "fast-csv";
import { TraceError } from "../columns.ts";
import type { SourceFile } from "./source-file.ts";

/** One row of a CSV, and the line it begins on. */
export interface CsvRow {
  readonly cells: readonly string[];
  readonly line: number;
}

/** No row that people keep is longer; a file without line ends is no CSV. */
const LINE_MAX = 1 << 20;

/**
 * The rows of a file with commas, semicolons or tabs between cells, whichever its first line has most of; blank lines and
 * `#` comments apart. CRLF or LF, the last line with or without its end.
 * @throws TraceError for a line that is no CSV, with its number.
 */
export async function* csvRows(file: SourceFile, delimiter = delimiterOf(file.head)): AsyncGenerator<CsvRow> {
  checkLines(file);
  let line = 1;
  try {
    for await (const cells of parseString<string[], string[]>(file.text, { headers: false, trim: true, delimiter })) {
      const row = { cells: cells as string[], line };
      line += 1 + row.cells.reduce((sum, cell) => sum + cell.split("\n").length - 1, 0);
      if (row.cells.every((cell) => cell === "") || row.cells[0]!.startsWith("#")) continue;
      yield row;
    }
  } catch (error) {
    if (error instanceof TraceError) throw error;
    const message = (error as Error).message.split("\n")[0]!.slice(0, 120);
    throw new TraceError(`${file.path}:${line}: no CSV (${message}); mend the row`);
  }
}

/** The cells of the first row, or none. */
export const firstCells = (head: string): string[] => {
  const line = head.split(/\r?\n/, 1)[0]!;
  return line.split(delimiterOf(line)).map((cell) => cell.trim().replace(/^"(.*)"$/, "$1"));
};

function delimiterOf(head: string): string {
  const line = head.split(/\r?\n/, 1)[0]!;
  const count = (each: string) => line.split(each).length;
  return ["\t", ";"].reduce((most, each) => (count(each) > count(most) ? each : most), ",");
}

function checkLines({ path, text }: SourceFile): void {
  let line = 1;
  for (let from = 0; from < text.length; line++) {
    const end = text.indexOf("\n", from);
    const to = end === -1 ? text.length : end;
    if (to - from > LINE_MAX) {
      throw new TraceError(`${path}:${line}: a line of more than ${LINE_MAX} characters; is this a CSV?`);
    }
    from = to + 1;
  }
}
