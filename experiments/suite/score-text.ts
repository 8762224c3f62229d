import { metricNamed } from "../metrics.ts";
import { brackets, number } from "../ranked-table.ts";
import type { ScoreRow } from "./scoreboard.ts";

/** Rows of a scoreboard as lines, a paragraph a track. */
export const scoreText = (rows: readonly ScoreRow[]): string =>
  [...Map.groupBy(rows, ({ track }) => track)]
    .map(([track, of]) =>
      [`${track}, ${of[0]!.metric} (against ${of[0]!.against}, confirmed):`, ...of.map(line)].join("\n"),
    )
    .join("\n\n");

function line({ policyId, policyDigest, metric, value, confirmed, service }: ScoreRow): string {
  const unit = metricNamed(metric)?.unit ?? "";
  const mean = value === null ? "-" : `${number(value.mean, unit)} ${brackets(value, unit)}`;
  const ratio = confirmed === null ? "" : `  x ${number(confirmed.mean, "")} ${brackets(confirmed, "")}`;
  const shares = Object.entries(service).map(([name, share]) => `  ${name} ${number(share.mean, "share")}`);
  return `  ${policyId.padEnd(16)} ${mean}${ratio}${shares.join("")}  code ${policyDigest.slice(0, 12)}`;
}
