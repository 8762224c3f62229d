import type { ImportReport } from "../import-report.ts";
import { type RequestTrace, requestStatistics } from "../request-file.ts";
import { percent, row } from "../terminal.ts";

/** An import as people read it. */
export function told(digest: string, report: ImportReport): string {
  return [
    `${report.format}: ${report.hours.toFixed(1)} h from ${report.startsAt}`,
    `digest ${digest}`,
    ...report.files.map(({ name, bytes, sha256 }) => `  ${name}  ${bytes} bytes  sha256 ${sha256.slice(0, 16)}`),
    `rows read ${report.rowsRead}, kept ${report.kept}, collapsed ${report.collapsed} (repeat the value before), merged ${report.merged} (in several pulls), dropped ${report.dropped.reduce((sum, { rows }) => sum + rows, 0)}, contradicted ${report.contradictions}`,
    ...report.dropped.map(({ why, rows }) => `dropped ${rows}: ${why}`),
    ...report.warnings.map((warning) => `warning: ${warning}`),
    "",
    row(["market", "rows from, h", "to, h", "mean USD/h", "price changes", "capacity changes", "available"]),
    ...report.markets.map((each) =>
      row([
        each.name,
        each.fromH.toFixed(1),
        each.toH.toFixed(1),
        each.meanUsdPerHour?.toFixed(4) ?? "-",
        String(each.priceChanges),
        String(each.capacityChanges),
        each.availability === null ? "unbounded" : percent(each.availability),
      ]),
    ),
  ].join("\n");
}

/** The same for programs. */
export const asJsonText = (digest: string, report: ImportReport): string =>
  JSON.stringify({ digest, ...report }, null, 2);

/** Requests as people read them: from files, or drawn. */
export function toldRequests(trace: RequestTrace): string {
  const { digest, report } = trace;
  const { requests, hours, perSecond, interarrivalCv, meanInputTokens, meanOutputTokens } = requestStatistics(trace);
  return [
    `${report.format}: ${requests} requests over ${hours.toFixed(2)} h from ${report.startsAt}`,
    `digest ${digest}`,
    ...report.files.map(({ name, bytes, sha256 }) => `  ${name}  ${bytes} bytes  sha256 ${sha256.slice(0, 16)}`),
    `rows read ${report.rowsRead}, kept ${report.kept}`,
    ...report.dropped.map(({ why, rows }) => `dropped ${rows}: ${why}`),
    ...report.warnings.map((warning) => `warning: ${warning}`),
    `${perSecond.toFixed(3)} a second, coefficient of variation ${interarrivalCv?.toFixed(2) ?? "-"} between arrivals; tokens in ${meanInputTokens.toFixed(0)}, out ${meanOutputTokens.toFixed(0)} on average`,
  ].join("\n");
}

export const requestsAsJson = (trace: RequestTrace): string =>
  JSON.stringify({ digest: trace.digest, report: trace.report, statistics: requestStatistics(trace) }, null, 2);
