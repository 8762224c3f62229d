import Table from "cli-table3";
import type pc from "picocolors";
import { metricNamed } from "./metrics.ts";
import { pointName } from "./point-name.ts";
import type { Comparison, Estimate, Summary, SummaryGroup } from "./summary.ts";

/** Of a service, of jobs with a deadline, of tasks: the first that there is stands beside the primary metric. */
const SERVICE_SHARES = ["availableShare", "deadlineMetShare", "completedShare"];
const COLUMNS = 100;
/** Points of a sweep that are printed; the report has all. */
const GROUPS_MAX = 6;

/** What a study found, for a terminal of 100 columns: each point of the sweep as a ranked table under its answer. */
export function rankedTables(summary: Summary, colours: ReturnType<typeof pc.createColors>): string {
  const shown = summary.groups.slice(0, GROUPS_MAX);
  const left = summary.groups.length - shown.length;
  return [
    colours.bold(wrapped(summary.question)),
    ...shown.flatMap((group) => [pointName(group.axes), rankedTable(summary, group), wrapped(group.answer)]),
    ...(left > 0 ? [`${left} more points of the sweep are in the report.`] : []),
    ...summary.sweepAnswers.map((text) => colours.bold(wrapped(text))),
    ...summary.warnings.map((warning) => colours.yellow(wrapped(`warning: ${warning}`))),
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

function rankedTable({ primaryMetric, baseline }: Summary, { policies, comparisons }: SummaryGroup): string {
  const metric = metricNamed(primaryMetric);
  const unit = metric?.unit ?? "";
  const share = SERVICE_SHARES.find((name) => policies.some(({ metrics }) => metrics[name])) ?? "completedShare";
  const isShare = primaryMetric === share;
  const widths = isShare ? [4, 33, 27, 31] : [4, 27, 22, 29, 12];
  const table = new Table({
    head: [
      "",
      "policy",
      `${(metric?.title ?? primaryMetric).toLowerCase()}${unit === "" || unit === "share" ? "" : `, ${unit}`}`,
      "difference to baseline",
      ...(isShare ? [] : [metricNamed(share)!.title.toLowerCase()]),
    ],
    colWidths: widths,
    wordWrap: true,
    wrapOnWordBoundary: true,
    style: { head: [], border: [] },
    colAligns: ["right", "left", "right", "right", "right"],
  });
  policies.forEach(({ policyId, metrics, clairvoyant }, i) => {
    const against = comparisons.find(
      (each) => each.metric === primaryMetric && each.policyId === policyId && each.against === baseline,
    );
    const done = metrics[share];
    table.push([
      clairvoyant === undefined ? String(i + 1) : "",
      clairvoyant === undefined ? policyId : `${policyId} (knows the future)`,
      estimate(metrics[primaryMetric], unit),
      policyId === baseline ? "baseline" : difference(against, unit),
      ...(isShare ? [] : [done === undefined ? "-" : number(done.mean, "share")]),
    ]);
  });
  return table.toString();
}

function estimate(value: Estimate | undefined, unit: string): string {
  if (value === undefined) return "-";
  return `${number(value.mean, unit)}\n${brackets(value, unit)}`;
}

/** Relative to the baseline where that has a meaning: the ratio of sums. */
function difference(comparison: Comparison | undefined, unit: string): string {
  if (comparison === undefined) return "-";
  const { difference, ratio } = comparison;
  const relative = ratio === null ? "" : ` (${signed(100 * (ratio.mean - 1), "")} %)`;
  return `${signed(difference.mean, unit)}${relative}\n${brackets(difference, unit)}`;
}

export const brackets = (value: Estimate, unit: string): string =>
  value.kind === "range"
    ? `${number(value.low, unit)} to ${number(value.high, unit)} (range)`
    : `[${number(value.low, unit)}, ${number(value.high, unit)}]`;

export function number(value: number, unit: string): string {
  if (unit === "share") return `${(100 * value).toFixed(1)} %`;
  const size = Math.abs(value);
  return value.toFixed(size >= 1000 ? 0 : size >= 10 ? 1 : 3);
}

export const signed = (value: number, unit: string): string => `${value > 0 ? "+" : ""}${number(value, unit)}`;

export function wrapped(text: string): string {
  const lines: string[] = [];
  for (const paragraph of text.split("\n")) {
    let line = "";
    for (const word of paragraph.split(" ")) {
      if (line !== "" && line.length + 1 + word.length > COLUMNS) {
        lines.push(line);
        line = word;
      } else line = line === "" ? word : `${line} ${word}`;
    }
    lines.push(line);
  }
  return lines.join("\n");
}
