import type { Summary } from "../../experiments/summary.ts";
import { type Html, html } from "../html.ts";
import { measure } from "../measures.ts";
import { counted } from "../numbers.ts";
import { groupName } from "../sweep.ts";

/** More answers than these are folded away. */
const ANSWERS_OPEN = 4;

/** The first thing read: what was asked, and what came of it, in a sentence for each point of the sweep. */
export function answer(summary: Summary): Html {
  const { groups, cells } = summary;
  const policies = new Set(groups.flatMap((group) => group.policies.map(({ policyId }) => policyId))).size;
  const units = [...new Set(groups.map((group) => group.units))];
  const replicates = Math.max(0, ...groups.map((group) => group.replicates));
  const primary = measure(summary.primaryMetric);
  const [only] = groups;
  return html`
<section id="answer" aria-label="Answer">
${
  groups.length === 1 && only
    ? html`<p class="answer">${only.answer}</p>`
    : html`
<p class="answer">${winners(summary)}</p>
<details${groups.length <= ANSWERS_OPEN && html` open`}><summary>The answer at each point of the sweep</summary>
<dl class="answers">${groups.map((group) => html`<div><dt>${groupName(group.axes)}</dt><dd>${group.answer}</dd></div>`)}</dl>
</details>`
}
<p class="facts">${[
    counted(policies, "policy", "policies"),
    units.length === 1
      ? `${counted(units[0]!, "unit")} of inference`
      : `${Math.min(...units)} to ${Math.max(...units)} units of inference`,
    replicates > 1 && counted(replicates, "replicate"),
    groups.length > 1 && counted(groups.length, "point of the sweep", "points of the sweep"),
    `${counted(cells.ok + cells.failed, "run")}${cells.failed > 0 ? `, ${cells.failed} of them failed` : ""}`,
    `ranked by ${primary.title}, ${summary.better} is better`,
    `baseline ${summary.baseline}`,
  ]
    .filter(Boolean)
    .join(" \u00B7 ")}</p>
</section>`;
}

/** Which policy comes out best at how many points of the sweep. */
function winners({ groups, primaryMetric }: Summary): string {
  const best = groups.flatMap(({ policies: [first] }) => (first?.metrics[primaryMetric] ? [first.policyId] : []));
  if (best.length === 0) return "No run succeeded, so there is nothing to compare.";
  const counts = [...Map.groupBy(best, (id) => id)].map(([id, of]) => ({ id, points: of.length }));
  const { title } = measure(primaryMetric);
  const [most, ...others] = counts.sort((a, b) => b.points - a.points);
  const points = counted(groups.length, "point of the sweep", "points of the sweep");
  if (others.length === 0 && most!.points === groups.length) {
    return `${most!.id} comes out best on ${title} at all ${points}.`;
  }
  const rest = others.map(({ id, points }) => `, ${id} at ${points}`).join("");
  return `${most!.id} comes out best on ${title} at ${most!.points} of ${points}${rest}.`;
}
