import type { Comparison, PolicySummary, Summary, SummaryGroup } from "../../experiments/summary.ts";
import { changeCell, differenceScales, orDash } from "../comparison-table.ts";
import { estimateCell, onPrimaryMetric, spreadName } from "../estimates.ts";
import { type Content, type Html, html, name } from "../html.ts";
import { measure } from "../measures.ts";
import { counted, percentChange, pValue, type Scale, scaleFor } from "../numbers.ts";
import { type Looks, sampleOf } from "../palette.ts";
import { type Table, tableHtml } from "../table.ts";

/** Shown beside the primary metric where the records have them: what it costs, and the service one gets. */
const HEADLINE_METRICS = [
  "costUsd",
  "deadlineMetShare",
  "completedShare",
  "availableShare",
  "completionP95H",
  "reclaims",
];
/** What says less than another that is there: a job that is done after its deadline is of no use. */
const LESS_THAN: Readonly<Record<string, string>> = { completedShare: "deadlineMetShare" };

/**
 * One point of the sweep: policies, best first, with their difference from the baseline; every other metric folded away, where
 * there is room for them.
 */
export const ranking = (summary: Summary, group: SummaryGroup, looks: Looks, allMetrics: boolean): Html => html`
${tableHtml(rankedTable(summary, group, looks))}
<p class="note">${notes(summary, group)}</p>
${allMetrics && html`<details><summary>All metrics of this table's policies</summary>${tableHtml(metricsTable(group))}</details>`}`;

function rankedTable(summary: Summary, group: SummaryGroup, looks: Looks): Table {
  const { baseline, primaryMetric } = summary;
  const comparisons = onPrimaryMetric(group, primaryMetric).filter(({ against }) => against === baseline);
  const against = new Map(comparisons.map((comparison) => [comparison.policyId, comparison]));
  const difference = differenceScales(comparisons).get(primaryMetric) ?? scaleFor(measure(primaryMetric).unit, []);
  const isThere = (metric = "") => group.policies.some(({ metrics }) => metrics[metric]);
  const metrics = [primaryMetric, ...HEADLINE_METRICS.filter((metric) => metric !== primaryMetric)]
    .filter((metric) => isThere(metric) && !isThere(LESS_THAN[metric]))
    .map((metric) => ({ metric, scale: metricScale(group.policies, metric) }));
  const column = ({ metric, scale }: (typeof metrics)[number]) => ({
    title: measure(metric).title,
    unit: scale.unit,
    numeric: true,
  });
  const value = (policy: PolicySummary, { metric, scale }: (typeof metrics)[number]): Content => {
    const estimate = policy.metrics[metric];
    return estimate ? estimateCell(estimate, scale) : orDash(null, String);
  };
  return {
    caption: `Policies by ${measure(primaryMetric).title}, best first: means over ${counted(group.units, "unit")}`,
    columns: [
      { title: "policy" },
      ...metrics.slice(0, 1).map(column),
      { title: "difference", unit: difference.unit, numeric: true },
      { title: "change", numeric: true },
      { title: "p", numeric: true },
      ...metrics.slice(1).map(column),
    ],
    rows: group.policies.map((policy, rank) => {
      const comparison = against.get(policy.policyId);
      return [
        html`<span class="policy"><span class="rank">${policy.clairvoyant ? "" : rank + 1}</span><i class="${`sample ${sampleOf(policy.policyId, looks)}`}"></i>${name(policy.policyId)}${missing(policy, primaryMetric, group.units)}${policy.clairvoyant ? html`<span class="spread">knows the future</span>` : ""}</span>`,
        ...metrics.slice(0, 1).map((metric) => value(policy, metric)),
        ...comparisonCells(comparison, difference, policy.policyId === baseline),
        ...metrics.slice(1).map((metric) => value(policy, metric)),
      ];
    }),
    policies: group.policies.map(({ policyId }) => policyId),
  };
}

/** A mean over fewer units than others had is over other units, perhaps easier ones. */
function missing({ metrics }: PolicySummary, primaryMetric: string, units: number): Content {
  const n = metrics[primaryMetric]?.n ?? 0;
  return n < units && html`<span class="spread missing">only ${n} of ${counted(units, "unit")}</span>`;
}

function comparisonCells(comparison: Comparison | undefined, scale: Scale, isBaseline: boolean): readonly Content[] {
  if (comparison === undefined) {
    return [
      isBaseline ? html`<span class="none">baseline</span>` : orDash(null, String),
      orDash(null, String),
      orDash(null, String),
    ];
  }
  const { difference, ratio, role, p, pHolm } = comparison;
  return [
    estimateCell(difference, scale, "signed"),
    orDash(ratio, changeCell),
    html`${orDash(pHolm ?? p, pValue)}<span class="spread">${role === "primary" ? (pHolm === null ? "primary" : "primary, Holm") : "exploratory"}</span>`,
  ];
}

function notes(summary: Summary, group: SummaryGroup): string {
  const comparisons = onPrimaryMetric(group, summary.primaryMetric);
  const estimates = comparisons.map(({ difference }) => difference);
  // 1 where no unit differs: that says nothing of how many there are.
  const smallest = comparisons.flatMap(({ pSmallest }) => (pSmallest === null || pSmallest === 1 ? [] : pSmallest));
  return [
    `Under each mean: ${spreadName(estimates)}. Differences are policy minus ${summary.baseline}, paired by unit; change is the ratio of sums minus 1.`,
    comparisons.some(({ role }) => role === "primary") &&
      "Primary comparisons were named beforehand: their intervals hold together, their p is Holm's. All else is exploratory and not adjusted.",
    group.policies.some(({ metrics }) => (metrics[summary.primaryMetric]?.n ?? 0) < group.units) &&
      "A policy that did not finish every unit that others did is ranked below them, whatever its mean: it is one over other units.",
    group.policies.some(({ clairvoyant }) => clairvoyant) &&
      "Who knows the future cannot be run and has no rank; it shows what was left to win.",
    ...group.policies.flatMap(({ policyId, regrets = [] }) =>
      regrets.map(({ bound, share }) => `${policyId} costs ${percentChange(1 + share.mean)} against ${bound}.`),
    ),
    smallest.length > 0 && `The smallest p that this many units can give is ${pValue(Math.max(...smallest))}.`,
  ]
    .filter(Boolean)
    .join(" ");
}

function metricsTable({ policies, units }: SummaryGroup): Table {
  const metrics = [...new Set(policies.flatMap(({ metrics }) => Object.keys(metrics)))];
  return {
    caption: `Every metric, means over ${counted(units, "unit")}; exploratory`,
    columns: [
      { title: "metric" },
      { title: "unit" },
      ...policies.map(({ policyId }) => ({ title: policyId, numeric: true, policy: policyId })),
    ],
    rows: metrics.map((metric) => {
      const scale = metricScale(policies, metric);
      return [
        measure(metric).title,
        scale.unit,
        ...policies.map((policy) => {
          const estimate = policy.metrics[metric];
          return estimate ? estimateCell(estimate, scale) : orDash(null, String);
        }),
      ];
    }),
  };
}

const metricScale = (policies: readonly PolicySummary[], metric: string): Scale =>
  scaleFor(
    measure(metric).unit,
    policies.flatMap(({ metrics }) => {
      const estimate = metrics[metric];
      return estimate ? [estimate.mean, estimate.low, estimate.high] : [];
    }),
  );
