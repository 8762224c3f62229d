import type { RunRecord, TracedRun } from "../experiments/record.ts";
import type { Summary, SummaryGroup } from "../experiments/summary.ts";
import { chartHtml } from "./chart.ts";
import { htmlDocument, navigation, type Section, sectionsHtml } from "./document.ts";
import { type Content, type Html, html } from "./html.ts";
import { looksFor } from "./palette.ts";
import { answer } from "./sections/answer.ts";
import { confirmation } from "./sections/confirmation.ts";
import { failures } from "./sections/failures.ts";
import { filter } from "./sections/filter.ts";
import { ownPolicyWarnings } from "./sections/own-policies.ts";
import { type Manifest, provenance } from "./sections/provenance.ts";
import { published } from "./sections/published.ts";
import { ranking } from "./sections/ranking.ts";
import { reading } from "./sections/reading.ts";
import { variance } from "./sections/variance.ts";
import { groupName } from "./sweep.ts";
import { figureViews, groupViews, luckViews, sweepViews } from "./views/index.ts";
import type { View } from "./views/view.ts";

export interface ReportInput {
  readonly summary: Summary;
  readonly records: readonly RunRecord[];
  readonly manifest: Manifest;
  readonly timelines: readonly TracedRun[];
}

/**
 * So few points of the sweep all stand open, of more the first alone. So many have charts, and of one view no more than so much
 * text: more would be slow, and read by nobody.
 */
const GROUPS_OPEN = 3;
const GROUPS_DRAWN = 6;
const GROUPS_RANKED = 60;
const VIEW_CHARACTERS = 100_000;

/** What is held against the runs, and how its section is headed. */
const FIGURES = [
  { id: "published", heading: "Published figures" },
  { id: "expected", heading: "What was expected" },
] as const;

/**
 * The report: one HTML text that needs nothing else, opens from disk, reads without JavaScript, and runs no code but its
 * own. The same input gives the same text.
 * @throws Error if a chart cannot be drawn as its view asked.
 */
export async function renderReport({ summary, records, manifest, timelines }: ReportInput): Promise<string> {
  const looks = looksFor(policyOrder(summary, records));
  const { groups } = summary;
  const drawn = groups.slice(0, GROUPS_DRAWN);
  const ranked = groups.slice(0, GROUPS_RANKED);
  const scenes = drawn.map((group) => ({ summary, group, looks }));
  const overview = (await Promise.all(sweepViews.map((view) => drawAll(view, [{ summary, looks }])))).flat();
  const matters = variance(summary);
  const confirmed = confirmation(summary);
  const sections: Section[] = [
    ...(overview.some(Boolean) ? [{ id: "sweep", heading: "Over the sweep", body: overview }] : []),
    {
      id: "ranking",
      heading: "Ranking",
      body: [
        byGroup(
          ranked,
          ranked.map((group, i) => ranking(summary, group, looks, i < GROUPS_DRAWN)),
        ),
        leftOut("Ranked", ranked.length, groups),
        reading(),
      ],
    },
    ...(confirmed ? [{ id: "confirmation", heading: "Confirmation", body: confirmed }] : []),
    ...(matters ? [{ id: "variance", heading: "Which axis matters", body: matters }] : []),
    { id: "warnings", heading: "Warnings", body: warnings([...summary.warnings, ...ownPolicyWarnings(manifest)]) },
  ];
  for (const { id, heading } of FIGURES) {
    if (summary[id].length > 0) sections.push({ id, heading, body: published(summary[id]) });
  }
  for (const view of figureViews) {
    const charts = await drawAll(
      view,
      [...summary.published, ...summary.expected].map((figure) => ({ figure })),
    );
    if (charts.some(Boolean)) sections.push({ ...view, body: charts });
  }
  for (const view of groupViews) {
    const charts = withinBounds(await drawAll(view, scenes));
    if (charts.some(Boolean))
      sections.push({ ...view, body: [byGroup(drawn, charts), leftOut("Drawn", charts.length, groups)] });
  }
  for (const view of luckViews) {
    const charts = await drawAll(
      view,
      sameLuck(timelines).map((runs) => ({ runs, looks })),
    );
    if (charts.some(Boolean)) sections.push({ ...view, body: charts });
  }
  const failed = failures(records);
  if (failed) sections.push({ id: "failed", heading: "Failed runs", body: failed });
  sections.push({ id: "provenance", heading: "Provenance", body: provenance(manifest, records) });
  return htmlDocument(
    summary.question,
    "Synkti Workbench report",
    [answer(summary), navigation(sections), filter([...looks.keys()], looks), sectionsHtml(sections)],
    "Metrics are defined in docs/METRICS.md of the workbench; the runs behind every number are in runs.ndjson beside this page.",
  );
}

/** The order of the study, which is that of the records: a policy keeps its colour however it ranks. */
function policyOrder(summary: Summary, records: readonly RunRecord[]): readonly string[] {
  const ranked = summary.groups.flatMap(({ policies }) => policies.map(({ policyId }) => policyId)).sort();
  return [...new Set([...records.map(({ spec }) => spec.policyId), ...ranked])];
}

const sameLuck = (runs: readonly TracedRun[]): readonly (readonly TracedRun[])[] => [
  ...Map.groupBy(runs, ({ trace, unit, replicate, axes }) => JSON.stringify([trace, unit, replicate, axes])).values(),
];

const drawAll = <Scene>(view: View<Scene>, scenes: readonly Scene[]): Promise<readonly (Html | undefined)[]> =>
  Promise.all(
    scenes.map((scene, i) => {
      const chart = view.draw(scene);
      return chart && chartHtml(`${view.id}-${i + 1}`, chart);
    }),
  );

/** Without a sweep the body alone, else each under its coordinates. */
function byGroup(groups: readonly SummaryGroup[], bodies: readonly (Html | undefined)[]): Content {
  if (groups.length === 1) return bodies;
  return groups.map(
    ({ axes }, i) =>
      bodies[i] &&
      html`<details class="group"${(i === 0 || groups.length <= GROUPS_OPEN) && html` open`}><summary>${groupName(axes)}</summary>${bodies[i]}</details>`,
  );
}

/** The first charts, one at least, as far as they are not too much text. */
function withinBounds(charts: readonly (Html | undefined)[]): readonly (Html | undefined)[] {
  let characters = 0;
  const over = charts.findIndex((chart, i) => {
    characters += chart?.markup.length ?? 0;
    return i > 0 && characters > VIEW_CHARACTERS;
  });
  return over < 0 ? charts : charts.slice(0, over);
}

const leftOut = (what: string, shown: number, groups: readonly SummaryGroup[]): Content =>
  groups.length > shown &&
  html`<p class="note">${what} are the first ${shown} of ${groups.length} points of the sweep: more would make this page slow. Over the sweep stand all of them, summary.csv beside this page has every number, and <code>npm run report -- FOLDER --at path=value</code> draws some points alone.</p>`;

const warnings = (warnings: readonly string[]): Content =>
  warnings.length > 0
    ? html`<ul class="warnings">${warnings.map((warning) => html`<li>${warning}</li>`)}</ul>`
    : html`<p>None: nothing about the method asks for caution beyond what the captions say.</p>`;
