import type { PublishedFigure, Summary, SummaryGroup, Verdict } from "../../experiments/summary.ts";
import { type Content, type Html, html } from "../html.ts";
import { measure } from "../measures.ts";
import { counted } from "../numbers.ts";
import { groupName } from "../sweep.ts";

/** More answers than these are folded away. */
const ANSWERS_OPEN = 4;
/** Of more, the first: over the sweep stand all of them. */
const ANSWERS_MAX = 100;

/** The first thing read: what was asked, and what came of it, in a sentence for each point of the sweep. */
export function answer(summary: Summary): Html {
  const { groups, cells, look } = summary;
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
${summary.sweepAnswers.map((text) => html`<p class="claims">${text}</p>`)}
<details class="group"${groups.length <= ANSWERS_OPEN && html` open`}><summary>The answer at ${groups.length > ANSWERS_MAX ? `the first ${ANSWERS_MAX} points` : "each point"} of the sweep</summary>
<dl class="answers">${groups.slice(0, ANSWERS_MAX).map((group) => html`<div><dt>${groupName(group.axes)}</dt><dd>${group.answer}</dd></div>`)}</dl>
</details>`
}
${claims("published", "published figure", summary.published)}
${claims("expected", "expectation", summary.expected)}
<p class="facts">${[
    counted(policies, "policy", "policies"),
    units.length === 1
      ? `${counted(units[0]!, "unit")} of inference`
      : `${Math.min(...units)} to ${Math.max(...units)} units of inference`,
    (replicates > 1 || look !== null) && counted(replicates, "replicate"),
    look !== null && `ended at look ${look.at} of ${look.of}, which its intervals allow for`,
    groups.length > 1 && counted(groups.length, "point of the sweep", "points of the sweep"),
    `${counted(cells.ok + cells.failed, "run")}${cells.failed > 0 ? `, ${cells.failed} of them failed` : ""}`,
    `ranked by ${primary.title}, ${summary.better} is better`,
    `baseline ${summary.baseline}`,
  ]
    .filter(Boolean)
    .join(" \u00B7 ")}</p>
</section>`;
}

/** What became of what was said beforehand. @example "Of 4 expectations 3 hold and 1 does not." */
function claims(id: string, noun: string, figures: readonly PublishedFigure[]): Content {
  if (figures.length === 0) return undefined;
  const count = (verdict: Verdict): number => figures.filter((figure) => figure.verdict === verdict).length;
  const [holds, fails, open] = [count("holds"), count("does not hold"), count("cannot be told")];
  const parts = [
    holds > 0 && `${holds} ${holds === 1 ? "holds" : "hold"}`,
    fails > 0 && `${fails} ${fails === 1 ? "does" : "do"} not${holds > 0 ? "" : " hold"}`,
    open > 0 && `${open} cannot be told`,
  ].filter((part) => part !== false);
  const said = parts.length > 1 ? `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}` : parts[0];
  return html`<p class="claims"><a href="${`#${id}`}">Of ${counted(figures.length, noun)}</a> ${said}.</p>`;
}

/** Which policy comes out best at how many points of the sweep. */
function winners({ groups, primaryMetric }: Summary): string {
  const best = groups.flatMap(({ policies: [first] }) => (first?.metrics[primaryMetric] ? [first.policyId] : []));
  if (best.length === 0) return "No run succeeded, so there is nothing to compare.";
  const counts = [...Map.groupBy(best, (id) => id)].map(([id, of]) => ({ id, points: of.length }));
  const [most, ...others] = counts.sort((a, b) => b.points - a.points);
  const at = most!.points === groups.length ? "all" : `${most!.points} of`;
  const points = counted(groups.length, "point of the sweep", "points of the sweep");
  const rest = others.map(({ id, points }) => `, ${id} at ${points}`).join("");
  const told = groups.filter((group) => isTold(group, primaryMetric)).length;
  return `${most!.id} comes out best on ${measure(primaryMetric).title} at ${at} ${points}${rest}. A comparison tells the best from the next at ${told === 0 ? "none" : told === groups.length ? "all" : told} of them.`;
}

/** The best is more than first in order. */
const isTold = ({ policies: [best, next], comparisons }: SummaryGroup, primaryMetric: string): boolean =>
  comparisons.some(
    ({ metric, policyId, against, difference: { kind, low, high } }) =>
      metric === primaryMetric &&
      [best?.policyId, next?.policyId].every((id) => id === policyId || id === against) &&
      kind === "interval" &&
      (low > 0 || high < 0),
  );
