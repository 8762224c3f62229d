import { metricNamed } from "./metrics.ts";
import type { RunRecord } from "./record.ts";
import { answerSentence } from "./statistics/answer.ts";
import { meanEstimate, ratioEstimate, UNITS_MIN } from "./statistics/estimate.ts";
import { holm } from "./statistics/holm.ts";
import { type BillOfUnit, meanSplit, splitSaving } from "./statistics/saving-split.ts";
import { signFlip } from "./statistics/sign-flip.ts";
import { warningsOf } from "./statistics/warnings.ts";
import type { Comparison, Estimate, PolicySummary, SavingSplit, Summary, SummaryGroup } from "./summary.ts";

/** The part of a study that its statistics need. */
export interface Question {
  readonly question: string;
  readonly baseline: string;
  readonly primary: { readonly metric: string; readonly comparisons: readonly (readonly [string, string])[] };
}

/** unit -> metric -> mean over the unit's replicates. A unit with a failed cell is not in it. */
type Units = ReadonlyMap<string, Readonly<Record<string, number>>>;

/**
 * What the records of a study say. Replicates are averaged inside their unit of inference first; policies are compared on
 * pairs of units. The primary comparisons get simultaneous intervals (Bonferroni: valid however they depend on one another)
 * and Holm's p; everything else is marked exploratory. Same records, same bytes.
 */
export function summarise(records: readonly RunRecord[], { question, baseline, primary }: Question): Summary {
  const groups = new Map<string, RunRecord[]>();
  for (const record of records) {
    const key = JSON.stringify(record.spec.axes);
    groups.set(key, [...(groups.get(key) ?? []), record]);
  }
  const better = metricNamed(primary.metric)?.better ?? "lower";
  const warnings: string[] = [];
  const failed = records.filter((record) => !record.ok).length;
  if (failed > 0) {
    warnings.push(
      `${failed} of ${records.length} cells failed; their units are left out of every pair they would be in. Mend what the table of failed cells names, and run again: only they are computed`,
    );
  }
  const summaries = [...groups.values()].map((group) =>
    summariseGroup(group, { question, baseline, primary }, better, warnings),
  );
  return {
    question,
    baseline,
    primaryMetric: primary.metric,
    better,
    groups: summaries,
    warnings: [...new Set(warnings)],
    cells: { ok: records.length - failed, failed },
  };
}

function summariseGroup(
  records: readonly RunRecord[],
  { baseline, primary }: Question,
  better: "lower" | "higher",
  warnings: string[],
): SummaryGroup {
  const axes = records[0]!.spec.axes;
  const where = Object.keys(axes).length === 0 ? "" : `${JSON.stringify(axes)} `;
  const policyIds = [...new Set(records.map((record) => record.spec.policyId))];
  const units = new Map(policyIds.map((id) => [id, unitsOf(records.filter((record) => record.spec.policyId === id))]));
  const policies = policyIds.map((policyId): PolicySummary => summarisePolicy(policyId, units.get(policyId)!, where));
  const sign = better === "lower" ? 1 : -1;
  const rank = ({ metrics }: PolicySummary) => sign * (metrics[primary.metric]?.mean ?? sign * Infinity);
  policies.sort((a, b) => rank(a) - rank(b) || (a.policyId < b.policyId ? -1 : 1));

  const level = 1 - 0.05 / Math.max(1, primary.comparisons.length);
  const compared = (metric: string, policyId: string, against: string, role: Comparison["role"]) =>
    compare(metric, policyId, against, role, units, role === "primary" ? level : 0.95, where);
  const first = primary.comparisons.flatMap(([policyId, against]) =>
    compared(primary.metric, policyId, against, "primary"),
  );
  const adjusted = holm(first.flatMap(({ p }) => (p === null ? [] : [p])));
  let next = 0;
  const primaries = first.map((each) => ({ ...each, pHolm: each.p === null ? null : adjusted[next++]! }));
  const rest = policies
    .filter(({ policyId }) => policyId !== baseline)
    .flatMap(({ policyId }) =>
      [...new Set([primary.metric, "costUsd", "completedShare"])].flatMap((metric) => {
        const done = primaries.some(
          (each) => each.metric === metric && each.policyId === policyId && each.against === baseline,
        );
        return done ? [] : compared(metric, policyId, baseline, "exploratory");
      }),
    );
  const comparisons = [...primaries, ...rest];
  const count = Math.max(0, ...[...units.values()].map((each) => each.size));
  const replicates = new Set(records.map((record) => record.spec.replicate)).size;
  warnings.push(...warningsOf(primaries, units, count, where));
  return {
    axes,
    units: count,
    replicates,
    policies,
    comparisons,
    answer: answerSentence(policies, comparisons, baseline, primary.metric, count),
  };
}

function unitsOf(records: readonly RunRecord[]): Units {
  const byUnit = new Map<string, RunRecord[]>();
  for (const record of records) byUnit.set(record.spec.unit, [...(byUnit.get(record.spec.unit) ?? []), record]);
  const units = new Map<string, Record<string, number>>();
  for (const [unit, replicates] of byUnit) {
    const done = replicates.flatMap((record) => (record.ok ? [record.metrics] : []));
    if (done.length < replicates.length) continue;
    const means: Record<string, number> = {};
    for (const name of Object.keys(done[0]!)) {
      const values = done.flatMap((each) => (each[name] === undefined ? [] : [each[name]]));
      if (values.length === done.length) means[name] = values.reduce((sum, value) => sum + value, 0) / values.length;
    }
    units.set(unit, means);
  }
  return units;
}

function summarisePolicy(policyId: string, units: Units, where: string): PolicySummary {
  const metrics: Record<string, Estimate> = {};
  const names = new Set([...units.values()].flatMap((each) => Object.keys(each)));
  for (const name of names) {
    const values = [...units.values()].flatMap((each) => (each[name] === undefined ? [] : [each[name]]));
    metrics[name] = meanEstimate(Float64Array.from(values), `${where}${policyId}/${name}`);
  }
  return { policyId, metrics };
}

function compare(
  metric: string,
  policyId: string,
  against: string,
  role: Comparison["role"],
  units: ReadonlyMap<string, Units>,
  level: number,
  where: string,
): Comparison[] {
  const [ours, theirs] = [units.get(policyId), units.get(against)];
  if (ours === undefined || theirs === undefined) return [];
  const pairs = [...ours].flatMap(([unit, mine]) => {
    const other = theirs.get(unit);
    const [a, b] = [mine[metric], other?.[metric]];
    return a === undefined || b === undefined ? [] : [{ a, b, mine, other: other! }];
  });
  if (pairs.length === 0) return [];
  const a = Float64Array.from(pairs, (pair) => pair.a);
  const b = Float64Array.from(pairs, (pair) => pair.b);
  const differences = a.map((value, i) => value - b[i]!);
  const seed = `${where}${metric}/${policyId}/${against}`;
  const difference = meanEstimate(differences, `${seed}/difference`, level);
  const test = pairs.length < UNITS_MIN ? undefined : signFlip(differences, `${seed}/sign-flip`);
  return [
    {
      metric,
      policyId,
      against,
      role,
      n: pairs.length,
      difference,
      ratio: ratioEstimate(a, b, `${seed}/ratio`, level) ?? { ...difference, mean: 1, low: 1, high: 1 },
      p: test?.p ?? null,
      pHolm: null,
      pSmallest: test?.smallest ?? null,
      correlation: correlation(a, b),
      split: splitOf(pairs),
    },
  ];
}

function splitOf(
  pairs: readonly {
    readonly mine: Readonly<Record<string, number>>;
    readonly other: Readonly<Record<string, number>>;
  }[],
): SavingSplit | null {
  const bill = (unit: Readonly<Record<string, number>>): BillOfUnit | undefined => {
    const { costUsd, listUsd, chargedHours, freeHours, workHoursDone } = unit;
    if (costUsd === undefined || listUsd === undefined || chargedHours === undefined) return undefined;
    if (freeHours === undefined || workHoursDone === undefined) return undefined;
    return { costUsd, listUsd, billableHours: chargedHours + freeHours, workHoursDone };
  };
  const splits = pairs.flatMap(({ mine, other }) => {
    const [ours, baseline] = [bill(mine), bill(other)];
    return ours === undefined || baseline === undefined ? [] : [splitSaving(ours, baseline)];
  });
  return splits.length === pairs.length ? meanSplit(splits) : null;
}

function correlation(a: Float64Array, b: Float64Array): number | null {
  const n = a.length;
  const mean = (list: Float64Array) => list.reduce((sum, each) => sum + each, 0) / n;
  const [meanA, meanB] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    ab += (a[i]! - meanA) * (b[i]! - meanB);
    aa += (a[i]! - meanA) ** 2;
    bb += (b[i]! - meanB) ** 2;
  }
  return n < 3 || aa === 0 || bb === 0 ? null : ab / Math.sqrt(aa * bb);
}
