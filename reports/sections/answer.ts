import type { Summary } from "../../experiments/summary.ts";
import { groupName } from "../estimates.ts";
import { type Html, html } from "../html.ts";
import { measure } from "../measures.ts";
import { counted } from "../numbers.ts";

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
    : html`<dl class="answers">${groups.map(
        (group) => html`<div><dt>${groupName(group.axes)}</dt><dd>${group.answer}</dd></div>`,
      )}</dl>`
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
