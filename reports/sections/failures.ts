import type { RunRecord } from "../../experiments/record.ts";
import { type Html, html, name } from "../html.ts";
import { counted } from "../numbers.ts";
import { groupName } from "../sweep.ts";
import { tableHtml } from "../table.ts";

/** Errors that are listed, and places that are named of each. */
const ERRORS_MAX = 30;
const PLACES_MAX = 3;

type Failed = Extract<RunRecord, { ok: false }>;

/** Runs that failed: each error once, where it came up, and a command that repeats it; undefined where none failed. */
export function failures(records: readonly RunRecord[]): Html | undefined {
  const failed = records.filter((record): record is Failed => !record.ok);
  if (failed.length === 0) return undefined;
  const alike = [...Map.groupBy(failed, ({ spec, error }) => JSON.stringify([spec.policyId, error])).values()];
  const shown = alike.sort((a, b) => b.length - a.length).slice(0, ERRORS_MAX);
  const policies = new Set(failed.map(({ spec }) => spec.policyId)).size;
  return html`
<p>${failed.length} of ${counted(records.length, "run")} failed, of ${counted(policies, "policy", "policies")}. They are in none of the numbers above, and their units are in no comparison of that policy. The study's own command runs them again; the commands here repeat one run each, with the stack of its error.${
    alike.length > shown.length && ` The ${shown.length} most frequent errors are listed, all are in runs.ndjson.`
  }</p>
${tableHtml({
  caption: "Errors and commands that repeat them",
  columns: [
    { title: "policy" },
    { title: "runs", numeric: true },
    { title: "error" },
    { title: "where" },
    { title: "repeat the first" },
  ],
  rows: shown.map((of) => [
    name(of[0]!.spec.policyId),
    of.length,
    html`<code>${of[0]!.error}</code>`,
    name(placesOf(of)),
    html`<code>${of[0]!.replay}</code>`,
  ]),
  policies: shown.map((of) => of[0]!.spec.policyId),
})}`;
}

function placesOf(failed: readonly Failed[]): string {
  const places = failed
    .slice(0, PLACES_MAX)
    .map(({ spec }) =>
      [spec.trace, spec.unit, spec.replicate > 0 && `replicate ${spec.replicate}`, groupName(spec.axes)]
        .filter(Boolean)
        .join(", "),
    );
  const more = failed.length - places.length;
  return [...places, ...(more > 0 ? [`and ${more} more`] : [])].join("\n");
}
