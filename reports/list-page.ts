import { htmlDocument } from "./document.ts";
import { type Content, html, name } from "./html.ts";
import type { ListedResults } from "./results-list.ts";
import { tableHtml } from "./table.ts";

/** So many differing settings stand beside each result; the comparison has all. */
const SETTINGS_MAX = 8;
/** All results of a folder, as one page. */
export function renderList(root: string, results: readonly ListedResults[]): string {
  const body: Content[] = [
    results.length === 0
      ? html`<p>No results here yet: npm run experiment writes some.</p>`
      : tableHtml({
          caption: "The newest first; settings are those in which results of one question differ",
          columns: [{ title: "results" }, { title: "state" }, { title: "question" }, { title: "settings that differ" }],
          rows: results.map((each) => [
            each.hasReport
              ? html`<a href="${`/results/${encodeURIComponent(each.name)}/report.html`}">${name(each.name)}</a>`
              : name(each.name),
            stateOf(each),
            html`${name(each.question)}${each.answer && html`<span class="spread">${each.answer}</span>`}`,
            name(settingsText(each)),
          ]),
        }),
  ];
  return htmlDocument(
    `Results in ${root}`,
    "Synkti Workbench",
    body,
    "Compare two of them: npm run report -- DIR_A DIR_B. Nothing here can be changed from this page.",
    { charts: false },
  );
}

function stateOf({ state, done, finishedAt }: ListedResults): Content {
  const cells =
    done !== undefined &&
    (state !== "complete" || done.cells < done.of) &&
    html`<span class="spread">${Math.min(done.cells, done.of)} of ${done.of} cells (${Math.floor((100 * Math.min(done.cells, done.of)) / Math.max(1, done.of))} %)</span>`;
  return html`${state}${cells}${state === "complete" && finishedAt && html`<span class="spread">${finishedAt.slice(0, 16)}</span>`}`;
}

function settingsText({ differs }: ListedResults): string {
  if (differs.length === 0) return "\u2013";
  const shown = differs.slice(0, SETTINGS_MAX).map(({ what, value }) => `${what} = ${JSON.stringify(value)}`);
  return [...shown, ...(differs.length > SETTINGS_MAX ? [`and ${differs.length - SETTINGS_MAX} more`] : [])].join("\n");
}
