import type { RunRecord } from "../../experiments/record.ts";
import { type Html, html, name } from "../html.ts";
import { groupName } from "../sweep.ts";
import { tableHtml } from "../table.ts";

const SHOWN_MAX = 50;

type Failed = Extract<RunRecord, { ok: false }>;

/** Runs that failed, with the command that repeats each; undefined where none did. */
export function failures(records: readonly RunRecord[]): Html | undefined {
  const failed = records.filter((record): record is Failed => !record.ok);
  if (failed.length === 0) return undefined;
  const shown = failed.slice(0, SHOWN_MAX);
  return html`
<p>${failed.length} of ${records.length} runs failed. They are in none of the numbers above${
    failed.length > shown.length && `; the first ${shown.length} are listed, the others are in runs.ndjson`
  }.</p>
${tableHtml({
  caption: "Failed runs and the commands that repeat them",
  columns: [{ title: "policy" }, { title: "where" }, { title: "error" }, { title: "repeat" }],
  rows: shown.map(({ spec, error, replay }) => [
    name(spec.policyId),
    name([spec.trace, spec.unit, `replicate ${spec.replicate}`, groupName(spec.axes)].filter(Boolean).join(", ")),
    html`<code>${error}</code>`,
    html`<code>${replay}</code>`,
  ]),
})}`;
}
