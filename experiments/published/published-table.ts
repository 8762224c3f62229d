import Table from "cli-table3";
import type pc from "picocolors";
import { brackets, number, signed, wrapped } from "../ranked-table.ts";
import type { PublishedFigure } from "../summary.ts";

/**
 * What others published, or the study expected, beside ours, for a terminal of 100 columns: figure, ours with its interval,
 * difference, verdict; what explains each verdict below.
 */
export function publishedTable(
  figures: readonly PublishedFigure[],
  colours: ReturnType<typeof pc.createColors>,
  title: "published" | "expected" = "published",
): string {
  const table = new Table({
    head: [title, "value", "ours", "off by", "verdict"],
    colWidths: [31, 15, 21, 12, 15],
    wordWrap: true,
    wrapOnWordBoundary: true,
    style: { head: [], border: [] },
    colAligns: ["left", "right", "right", "right", "left"],
  });
  for (const figure of figures)
    table.push([`${figure.id}\n${figure.claim}`, valueText(figure), oursText(figure), offText(figure), figure.verdict]);
  const why = figures.flatMap(({ id, why }) => (why === null ? [] : [wrapped(`${id}: ${why}`)]));
  const counts = Map.groupBy(figures, ({ verdict }) => verdict);
  const total = [...counts].map(([verdict, { length }]) => `${length} ${verdict}`).join(", ");
  return [
    table.toString(),
    ...why,
    colours.bold(`${title === "published" ? "Published figures" : "Expectations"}: ${total}.`),
  ].join("\n\n");
}

/** As it was published. @example valueText({ from: 0.07, to: 0.46, unit: "share", of: "mean", within: 0 }) // "7 to 46 %" */
function valueText({ from, to, unit, of, within }: PublishedFigure): string {
  const plain = (value: number) => String(unit === "share" ? Number((100 * value).toFixed(6)) : value);
  const suffix = unit === "" ? "" : ` ${unit === "share" ? "%" : unit}`;
  const range =
    from === null
      ? `at most ${plain(to!)}`
      : to === null
        ? `at least ${plain(from)}`
        : from === to
          ? plain(from)
          : `${plain(from)} to ${plain(to)}`;
  const allowed = of === "oneRun" ? "\n(one run)" : within > 0 ? `\n(within ${plain(within)})` : "";
  return range + suffix + allowed;
}

function oursText({ ours, unit, runs, of }: PublishedFigure): string {
  if (ours === null) return "-";
  const suffix = unit === "" || unit === "share" ? "" : ` ${unit}`;
  const spread =
    of === "oneRun" && runs !== null ? `\nruns: ${number(runs.low, unit)} to ${number(runs.high, unit)}` : "";
  return `${number(ours.mean, unit)}${suffix}\n${brackets(ours, unit)}${spread}`;
}

/** From the figure, or from the nearer end of its range; shares differ by points, not by per cent. */
function offText({ offBy, unit }: PublishedFigure): string {
  if (offBy === null || offBy === 0) return offBy === null ? "-" : "0";
  return unit === "share" ? signed(offBy, "share").replace("%", "points") : signed(offBy, unit);
}
