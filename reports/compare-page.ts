import type { Change, Difference, ResultsComparison } from "../experiments/results-comparison.ts";
import { type Chart, chartHtml, INK, MUTED } from "./chart.ts";
import { htmlDocument, navigation, type Section, sectionsHtml } from "./document.ts";
import { estimateCell, spread, spreadName } from "./estimates.ts";
import { type Content, html, name } from "./html.ts";
import { measure } from "./measures.ts";
import { counted, pValue, type Scale, scaleFor } from "./numbers.ts";
import { groupName } from "./sweep.ts";
import { type Table, tableHtml } from "./table.ts";

/** Results side by side, as one HTML text. @param comparisons each with the same first result. */
export async function renderComparison(comparisons: readonly ResultsComparison[]): Promise<string> {
  const sections: Section[] = [];
  for (const [i, comparison] of comparisons.entries()) {
    const { after, before, settings, provenance, changes, warnings, primaryMetric } = comparison;
    const own = changes.filter(({ metric }) => metric === primaryMetric);
    const others = changes.filter(({ metric }) => metric !== primaryMetric);
    sections.push({
      id: `comparison-${i + 1}`,
      heading: `${after} against ${before}`,
      body: [
        html`<p class="answer">${comparisonSentence(comparison)}</p>`,
        warnings.length > 0 && html`<ul class="warnings">${warnings.map((warning) => html`<li>${warning}</li>`)}</ul>`,
        html`<h3>What was changed</h3>`,
        differencesHtml("Settings", settings, comparison),
        differencesHtml("Code and traces", provenance, comparison),
        own.length > 0 && (await chartHtml(`changes-${i + 1}`, changesChart(comparison, own))),
        others.length > 0 &&
          html`<details><summary>Other metrics</summary>${tableHtml(changesTable(comparison, others))}</details>`,
      ],
    });
  }
  return htmlDocument(
    comparisons[0]!.question,
    "Synkti Workbench comparison",
    [comparisons.length > 1 && navigation(sections), sectionsHtml(sections)],
    "Metrics are defined in docs/METRICS.md of the workbench. Differences are the later result minus the earlier one.",
  );
}

/**
 * What came of the change, in a sentence: for the page and the terminal.
 * @example comparisonSentence(c) // "Of 4 comparisons on cost per work-hour, 1 is more than luck, 3 may be luck. ..."
 */
export function comparisonSentence({ changes, primaryMetric, runs }: ResultsComparison): string {
  const own = changes.filter(({ metric }) => metric === primaryMetric);
  const counts = Map.groupBy(own, ({ verdict }) => verdict);
  const count = (verdict: Change["verdict"]) => counts.get(verdict)?.length ?? 0;
  const parts = [
    [count("more than luck"), "more than luck"],
    [count("may be luck"), "no more than luck may do"],
    [count("same"), "the same to the last digit"],
    [count("cannot be told"), "of too few units to be told"],
  ] as const;
  const said = parts.flatMap(([n, what]) => (n === 0 ? [] : [`${n} ${n === 1 ? "is" : "are"} ${what}`]));
  const first =
    own.length === 0
      ? `Nothing can be compared on ${measure(primaryMetric).title}.`
      : `Of ${counted(own.length, "comparison")} on ${measure(primaryMetric).title}, ${said.join(", ")}.`;
  return `${first} ${
    runs.shared === 0
      ? "The two have no run at the same place."
      : `Of ${counted(runs.shared, "run")} that both have, ${runs.identical} came out the same, event by event.`
  }`;
}

/** So many rows stand open: settings of a large study differ in hundreds of places. */
const ROWS_OPEN = 12;

function differencesHtml(
  title: string,
  differences: readonly Difference[],
  { before, after }: ResultsComparison,
): Content {
  if (differences.length === 0) return html`<p>${title}: no difference.</p>`;
  const written = (value: unknown) => (value === undefined ? "\u2013" : shortened(JSON.stringify(value)));
  const table = tableHtml({
    caption: `${title}, ${counted(differences.length, "difference")}`,
    columns: [{ title: "what" }, { title: before }, { title: after }],
    rows: differences.map((each) => [name(each.what), name(written(each.before)), name(written(each.after))]),
  });
  return differences.length <= ROWS_OPEN
    ? table
    : html`<details><summary>${title}, ${counted(differences.length, "difference")}</summary>${table}</details>`;
}

/** Digests by their beginning; what is longer is in the manifests. */
const shortened = (text: string): string => (text.length > 60 ? `${text.slice(0, 56)}\u2026` : text);

const rowName = ({ policyId, axes }: Change): string => [policyId, groupName(axes)].filter(Boolean).join(", ");

/** Of means, and of differences, which are mostly much smaller. */
export function scalesOf(
  changes: readonly Change[],
  metric: string,
): { readonly means: Scale; readonly changes: Scale } {
  const { unit } = measure(metric);
  return {
    means: scaleFor(
      unit,
      changes.flatMap(({ meanBefore, meanAfter }) => [meanBefore, meanAfter]),
    ),
    changes: scaleFor(
      unit,
      changes.flatMap(({ difference: { low, high } }) => [low, high]),
    ),
  };
}

function changesChart(comparison: ResultsComparison, changes: readonly Change[]): Chart {
  const { primaryMetric, before, after } = comparison;
  const { changes: scale } = scalesOf(changes, primaryMetric);
  const { title } = measure(primaryMetric);
  const rows = changes.map((change) => ({
    label: rowName(change),
    mean: change.difference.mean * scale.factor,
    low: change.difference.low * scale.factor,
    high: change.difference.high * scale.factor,
    told: change.verdict === "more than luck",
    tip: `${rowName(change)}\n${scale.formatSigned(change.difference.mean)} ${scale.unit} ${spread(change.difference, scale.formatSigned)}\n${change.verdict}, ${change.how}, n = ${change.difference.n}`,
  }));
  const y = {
    field: "label",
    type: "nominal" as const,
    sort: null,
    title: null,
    axis: { labelLimit: 320, ticks: false },
  };
  const tooltip = { field: "tip", type: "nominal" as const };
  const unpaired = changes.some(({ how }) => how === "unpaired");
  return {
    title: `Change in ${title}, ${after} \u2212 ${before}`,
    caption: [
      unpaired
        ? "Where the two met other luck, means are compared; else units are paired."
        : "Paired on units of the same market, stretch and seeds.",
      `Bars: ${spreadName(changes.map(({ difference }) => difference))}, simultaneous over all rows. Filled: more than luck at 5 % over all rows (Holm). A bar that reaches 0 shows no difference at this n, which is not the same as showing that there is none.`,
    ].join(" "),
    key: [
      { label: "more than luck", sample: "key-filled" },
      { label: "may be luck", sample: "key-hollow" },
    ],
    spec: {
      height: 26 * rows.length + 6,
      data: { values: rows },
      layer: [
        {
          mark: { type: "rule", strokeWidth: 3, opacity: 0.7, color: MUTED },
          encoding: {
            x: {
              field: "low",
              type: "quantitative",
              scale: { zero: true, nice: true },
              title: `difference${scale.unit && `, ${scale.unit}`}`,
            },
            x2: { field: "high" },
            y,
            tooltip,
          },
        },
        {
          mark: { type: "point", size: 90, strokeWidth: 2.5, opacity: 1, color: INK },
          encoding: {
            x: { field: "mean", type: "quantitative" },
            fill: { condition: { test: "datum.told", value: INK }, value: "var(--page, #ffffff)" },
            y,
            tooltip,
          },
        },
        {
          data: { values: [{ zero: 0 }] },
          mark: { type: "rule", strokeDash: [3, 3] },
          encoding: { x: { field: "zero", type: "quantitative" }, color: { value: INK } },
        },
      ],
    },
    tables: [changesTable(comparison, changes)],
  };
}

/** Every change, one scale a metric. */
function changesTable({ before, after }: ResultsComparison, changes: readonly Change[]): Table {
  const scales = new Map(
    [...Map.groupBy(changes, ({ metric }) => metric)].map(([metric, of]) => [metric, scalesOf(of, metric)]),
  );
  return {
    caption: `Changes, ${after} \u2212 ${before}`,
    columns: [
      { title: "policy" },
      { title: "metric" },
      { title: before, numeric: true },
      { title: after, numeric: true },
      { title: "difference", numeric: true },
      { title: "n", numeric: true },
      { title: "p after Holm", numeric: true },
      { title: "is it luck?" },
    ],
    rows: changes.map((change) => {
      const scale = scales.get(change.metric)!;
      return [
        name(rowName(change)),
        `${measure(change.metric).title}${scale.means.unit && `, ${scale.means.unit}`}`,
        scale.means.format(change.meanBefore),
        scale.means.format(change.meanAfter),
        estimateCell(change.difference, scale.changes, "signed"),
        `${change.difference.n} ${change.how}`,
        change.pHolm === null ? "\u2013" : pValue(change.pHolm),
        change.verdict,
      ];
    }),
  };
}
