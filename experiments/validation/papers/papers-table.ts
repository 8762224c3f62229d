import Table from "cli-table3";
import { writeToString } from "fast-csv";
import type pc from "picocolors";
import { wrapped } from "../../ranked-table.ts";
import { type Figure, judgedRow, middleOf, oursAt, type Point, type Tolerance } from "./paper.ts";

/** Rows of so few points are written out; of others the means are, and how far they are off on average. */
const POINTS_MAX = 4;

/** A figure beside ours, for a terminal of 100 columns: a row a policy, what explains each that does not hold below. */
export function figureTable(
  { id, title, unit, within, rows }: Figure,
  colours: ReturnType<typeof pc.createColors>,
): string {
  const table = new Table({
    head: ["", "published", "ours", "off by", "at most", "verdict"],
    colWidths: [39, 11, 16, 8, 9, 10],
    wordWrap: true,
    wrapOnWordBoundary: true,
    chars: { mid: "", "left-mid": "", "mid-mid": "", "right-mid": "" },
    style: { head: [], border: [] },
    colAligns: ["left", "right", "right", "right", "right", "left"],
  });
  const why = new Map<string, string[]>();
  for (const row of rows) {
    const { publishedMean, oursMean, offMean, offMost, verdict } = judgedRow(row, within);
    if (row.points.length > POINTS_MAX) {
      const label = `${row.of}, mean of ${row.points.length} points`;
      table.push([label, publishedMean.toFixed(1), oursMean.toFixed(1), offMean.toFixed(2), signed(offMost), verdict]);
    } else {
      for (const [i, point] of row.points.entries()) {
        const off = signed(oursAt(point) - point.published);
        table.push([
          `${row.of}, ${point.at}`,
          Number(point.published.toFixed(2)),
          oursText(point, within),
          off,
          "",
          i === 0 ? verdict : "",
        ]);
      }
    }
    if (verdict !== "holds" && row.why !== undefined) why.set(row.why, [...(why.get(row.why) ?? []), row.of]);
  }
  return [
    wrapped(colours.bold(`${id[0]!.toUpperCase()}${id.slice(1)}: ${title}, ${unit} (${allowed(within)})`)),
    table.toString(),
    ...[...why].map(([reason, of]) => wrapped(`${of.join(", ")}: ${reason}`)),
  ].join("\n");
}

function oursText(point: Point, within: Tolerance): string {
  const ours = oursAt(point).toFixed(1);
  if (!("starts" in within)) return ours;
  const [low, high] = middleOf(point.runs, within.starts);
  return `${ours} [${low.toFixed(0)}, ${high.toFixed(0)}]`;
}

function allowed(within: Tolerance): string {
  if ("mean" in within) return `holds within ${within.mean} on average`;
  if ("share" in within) return `holds within ${Math.round(100 * within.share)} % each`;
  if ("each" in within) return `holds within ${within.each} each`;
  return `one run each: holds among the middle ${100 * within.starts} % of our starts`;
}

const signed = (value: number): string => `${value > 0 ? "+" : ""}${value.toFixed(2)}`;

/** Every point, for a spreadsheet. */
export const pointsCsv = (figures: readonly Figure[]): Promise<string> =>
  writeToString(
    figures.flatMap(({ id, unit, within, rows }) =>
      rows.flatMap((row) =>
        row.points.map((point) => {
          const [published, ours] = [point.published, oursAt(point)];
          const { verdict } = judgedRow(row, within);
          return { figure: id, of: row.of, at: point.at, unit, published, ours, difference: ours - published, verdict };
        }),
      ),
    ),
    { headers: true, includeEndRowDelimiter: true },
  );
