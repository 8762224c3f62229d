import type { Summary } from "../../experiments/summary.ts";
import { comparisonTable } from "../comparison-table.ts";
import { type Html, html } from "../html.ts";
import { counted } from "../numbers.ts";
import { groupName } from "../sweep.ts";
import { tableHtml } from "../table.ts";

/** What became of the primary comparisons on the units that were kept apart; undefined where none were. */
export function confirmation({ groups, baseline }: Summary): Html | undefined {
  const confirmed = groups.flatMap(({ axes, confirm }) => (confirm ? [{ axes, confirm }] : []));
  const [first] = confirmed;
  if (first === undefined) return undefined;
  const { looks } = first.confirm;
  return html`
${confirmed.map(({ axes, confirm }) =>
  tableHtml(
    comparisonTable(
      `Primary comparisons on ${counted(confirm.units, "unit")} kept apart${groups.length > 1 ? `, ${groupName(axes)}` : ""}`,
      confirm.comparisons,
      baseline,
    ),
  ),
)}
<p class="note">Policies above are ranked on the other units; nothing was chosen by these. They have been looked at ${
    looks === 1 ? "once" : `${looks} times, for as many versions of this study or its code`
  }, and the intervals and p here allow for ${looks === 1 ? "it" : "that: each further look widens them"}.</p>`;
}
