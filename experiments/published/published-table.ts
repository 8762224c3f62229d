import Table from "cli-table3";
import type pc from "picocolors";
import { brackets, number, wrapped } from "../ranked-table.ts";
import type { PublishedFigure } from "../summary.ts";

/**
 * What others published beside ours, for a terminal of 100 columns: figure, ours with its interval, verdict; what explains
 * each verdict below.
 */
export function publishedTable(
  figures: readonly PublishedFigure[],
  colours: ReturnType<typeof pc.createColors>,
): string {
  const table = new Table({
    head: ["published", "value", "ours", "verdict"],
    colWidths: [38, 17, 25, 15],
    wordWrap: true,
    wrapOnWordBoundary: true,
    style: { head: [], border: [] },
    colAligns: ["left", "right", "right", "left"],
  });
  for (const figure of figures)
    table.push([`${figure.id}\n${figure.claim}`, valueText(figure), oursText(figure), figure.verdict]);
  const why = figures.flatMap(({ id, why }) => (why === null ? [] : [wrapped(`${id}: ${why}`)]));
  const counts = Map.groupBy(figures, ({ verdict }) => verdict);
  const total = [...counts].map(([verdict, { length }]) => `${length} ${verdict}`).join(", ");
  return [table.toString(), ...why, colours.bold(`Published figures: ${total}.`)].join("\n\n");
}

/** @example valueText({ from: 0.07, to: 0.46, unit: "share", of: "mean", within: 0 }) // "7.0 % to 46.0 %" */
function valueText({ from, to, unit, of, within }: PublishedFigure): string {
  const end = (value: number) => withUnit(value, unit);
  const range =
    from === null
      ? `at most ${end(to!)}`
      : to === null
        ? `at least ${end(from)}`
        : from === to
          ? end(from)
          : `${end(from)} to ${end(to)}`;
  if (of === "oneRun") return `${range}\n(one run)`;
  return within > 0 ? `${range}\n(within ${end(within)})` : range;
}

function oursText({ ours, unit, runs, of }: PublishedFigure): string {
  if (ours === null) return "-";
  const spread =
    runs !== null && of === "oneRun" ? `\n95 % of runs ${number(runs.low, unit)} to ${number(runs.high, unit)}` : "";
  return `${withUnit(ours.mean, unit)}\n${brackets(ours, unit)}${spread}`;
}

const withUnit = (value: number, unit: string): string =>
  unit === "share" || unit === "" ? number(value, unit) : `${number(value, unit)} ${unit}`;
