import { canonicalJson, digestOf } from "./digest.ts";
import { metricNamed } from "./metrics.ts";
import { pointName } from "./point-name.ts";
import type { RunRecord } from "./record.ts";
import type { Change, ChangeVerdict, Difference, ResultsComparison } from "./results-comparison.ts";
import { leavesOf, settingsOf } from "./settings.ts";
import { meanEstimate } from "./statistics/estimate.ts";
import { holm } from "./statistics/holm.ts";
import { paired } from "./statistics/paired.ts";
import { createResamples, type Resamples } from "./statistics/resamples.ts";
import { signFlip } from "./statistics/sign-flip.ts";
import { unitsOf } from "./statistics/units.ts";
import { createResamplesOfTwo, type ResamplesOfTwo, unpaired } from "./statistics/unpaired.ts";
import type { Summary } from "./summary.ts";

/** What a results folder holds. */
export interface Results {
  readonly name: string;
  readonly summary: Summary;
  readonly records: readonly RunRecord[];
  readonly manifest: Readonly<Record<string, unknown>>;
}

/** What can happen by chance once in twenty studies in which nothing was changed. */
const ALPHA = 0.05;

/**
 * Compares two results, of two studies or of two versions of one. Policies are compared under the same name and at the same point
 * of the sweep: on pairs of units where both met the same luck (market, stretch, seeds), which cancels it; else mean against mean.
 */
export function compareResults(before: Results, after: Results): ResultsComparison {
  const { primaryMetric } = before.summary;
  const warnings = oneSided(before, after);
  if (after.summary.primaryMetric !== primaryMetric) {
    warnings.push(
      `the answers rest on different metrics, ${primaryMetric} and ${after.summary.primaryMetric}; the first is compared`,
    );
  }
  const resamples = { together: createResamples("changes"), apart: createResamplesOfTwo("changes") };
  const matched = pairsOf(before.records, after.records);
  const ranked = (metric: string) => metric === primaryMetric || metricNamed(metric)?.better !== undefined;
  const drafts = matched.flatMap((pair) => draftsOf(pair).filter(({ metric }) => ranked(metric)));
  const [primary, others] = [true, false].map((isPrimary) =>
    drafts.filter(({ metric }) => (metric === primaryMetric) === isPrimary),
  ) as [Draft[], Draft[]];
  const changes = [
    ...judged(primary, 1 - ALPHA / Math.max(1, primary.length), resamples),
    ...judged(others, 1 - ALPHA, resamples),
  ];
  if (matched.length === 0) warnings.push("no policy is in both at one point of the sweep: nothing can be compared");
  const loose = changes.filter(({ how, metric }) => how === "unpaired" && metric === primaryMetric).length;
  if (loose > 0) {
    warnings.push(
      `${loose} of ${primary.length} comparisons are of means over different luck (other markets, stretches or seeds): only large effects show; run both on the same traces`,
    );
  }
  return {
    before: before.name,
    after: after.name,
    question: after.summary.question,
    primaryMetric,
    settings: differences(settingsOf(before.manifest), settingsOf(after.manifest)),
    provenance: differences(leavesOf(codeOf(before)), leavesOf(codeOf(after))),
    runs: sharedRuns(before.records, after.records),
    changes,
    warnings,
  };
}

/** A policy at a point of the sweep that both results have. */
interface MatchedPair {
  readonly axes: RunRecord["spec"]["axes"];
  readonly policyId: string;
  readonly before: readonly RunRecord[];
  readonly after: readonly RunRecord[];
}

function pairsOf(before: readonly RunRecord[], after: readonly RunRecord[]): MatchedPair[] {
  const later = Map.groupBy(after, policyPlace);
  return [...Map.groupBy(before, policyPlace)].flatMap(([place, records]) => {
    const { axes, policyId } = records[0]!.spec;
    const others = later.get(place);
    return others === undefined ? [] : [{ axes, policyId, before: records, after: others }];
  });
}

const policyPlace = ({ spec }: RunRecord): string => canonicalJson([spec.axes, spec.policyId]);

/** The values of one metric, a unit each. */
interface Draft extends Pick<Change, "axes" | "policyId" | "metric" | "how"> {
  readonly before: Float64Array;
  readonly after: Float64Array;
}

function draftsOf({ axes, policyId, before, after }: MatchedPair): Draft[] {
  const [first, second] = [sideOf(before), sideOf(after)];
  const common = [...first.units.keys()].filter(
    (unit) => second.units.has(unit) && first.lucks.get(unit) === second.lucks.get(unit),
  );
  const how = common.length > 0 ? "paired" : "unpaired";
  const valuesOf = ({ units }: Side, metric: string, of: Iterable<string>) =>
    [...of].map((unit) => units.get(unit)![metric]);
  const metrics = [...new Set([...first.units.values()].flatMap((unit) => Object.keys(unit)))];
  return metrics.flatMap((metric) => {
    const a = valuesOf(first, metric, how === "paired" ? common : first.units.keys());
    const b = valuesOf(second, metric, how === "paired" ? common : second.units.keys());
    const whole = how === "paired" ? a.map((_, i) => i).filter((i) => a[i] !== undefined && b[i] !== undefined) : [];
    const kept = (values: (number | undefined)[]) =>
      Float64Array.from(
        how === "paired" ? whole.map((i) => values[i]!) : values.filter((value) => value !== undefined),
      );
    const draft = { axes, policyId, metric, how, before: kept(a), after: kept(b) } as const;
    return draft.before.length === 0 || draft.after.length === 0 ? [] : [draft];
  });
}

type Side = ReturnType<typeof sideOf>;
const sideOf = (records: readonly RunRecord[]) => ({
  units: unitsOf(records, new Set(records.map(({ spec }) => spec.replicate)).size),
  lucks: lucksOf(records),
});

/** unit -> what its runs met, whatever the policy and the settings: the market, the stretch of it, the seeds. */
function lucksOf(records: readonly RunRecord[]): Map<string, string> {
  return new Map(
    [...Map.groupBy(records, ({ spec }) => spec.unit)].map(([unit, cells]) => [
      unit,
      canonicalJson(cells.map(({ spec: { traceDigest, fromS, seed } }) => [traceDigest, fromS, seed].join(" ")).sort()),
    ]),
  );
}

interface ChangeResamples {
  readonly together: Resamples;
  readonly apart: ResamplesOfTwo;
}

function judged(drafts: readonly Draft[], level: number, resamples: ChangeResamples): Change[] {
  const tested = drafts.map((draft) => ({ draft, ...testOf(draft, level, resamples) }));
  const ps = tested.flatMap(({ p }) => (p === null ? [] : [p]));
  const adjusted = holm(ps);
  let at = 0;
  return tested.map(({ draft: { before, after, ...draft }, difference, p, same }): Change => {
    const pHolm = p === null ? null : adjusted[at++]!;
    const [meanBefore, meanAfter] = [meanOf(before), meanOf(after)];
    return { ...draft, meanBefore, meanAfter, difference, p, pHolm, verdict: same ? "same" : verdictOf(pHolm) };
  });
}

function testOf({ how, before, after }: Draft, level: number, resamples: ChangeResamples) {
  if (how === "unpaired") return { ...unpaired(before, after, level, resamples.apart), same: false };
  const { differences: each } = paired(after, before);
  const difference = meanEstimate(each, resamples.together, level);
  const p = difference.kind === "range" ? null : signFlip(each, "sign-flip").p;
  return { difference, p, same: each.every((value) => value === 0) };
}

function verdictOf(pHolm: number | null): ChangeVerdict {
  if (pHolm === null) return "cannot be told";
  return pHolm < ALPHA ? "more than luck" : "may be luck";
}

const meanOf = (values: Float64Array): number => values.reduce((sum, each) => sum + each, 0) / values.length;

function sharedRuns(before: readonly RunRecord[], after: readonly RunRecord[]): ResultsComparison["runs"] {
  const place = ({ spec: { axes, policyId, trace, unit, replicate } }: RunRecord) =>
    canonicalJson([axes, policyId, trace, unit, replicate]);
  const known = new Map(before.map((record) => [place(record), record]));
  let [shared, identical] = [0, 0];
  for (const record of after) {
    const earlier = known.get(place(record));
    if (earlier === undefined) continue;
    shared++;
    if (record.ok && earlier.ok && record.fingerprint === earlier.fingerprint) identical++;
  }
  return { shared, identical };
}

/** Policies and points of the sweep that only one of the two has, and failed runs. */
function oneSided(before: Results, after: Results): string[] {
  const all = { policy: ({ spec }: RunRecord) => spec.policyId, point: ({ spec }: RunRecord) => pointName(spec.axes) };
  const warnings: string[] = [];
  for (const [what, nameOf] of Object.entries(all)) {
    const [a, b] = [before, after].map(({ records }) => new Set(records.map(nameOf))) as [Set<string>, Set<string>];
    for (const [here, there, name] of [
      [a, b, before.name],
      [b, a, after.name],
    ] as const) {
      const only = [...here].filter((each) => !there.has(each));
      if (only.length > 0) warnings.push(`only ${name} has the ${what} ${only.map((each) => `"${each}"`).join(", ")}`);
    }
  }
  for (const { name, records } of [before, after]) {
    const failed = records.filter(({ ok }) => !ok).length;
    if (failed > 0) warnings.push(`${failed} of ${records.length} runs of ${name} failed; their units are left out`);
  }
  return warnings;
}

const codeOf = ({ records, manifest: { workbench, node, commit, dirty, codeDigests } }: Results): unknown => ({
  workbench,
  node,
  commit,
  "uncommitted changes": dirty,
  code: codeDigests,
  traces: Object.fromEntries(
    [...Map.groupBy(records, ({ spec }) => spec.trace)].map(([trace, of]) => [
      trace,
      digestOf([...new Set(of.map(({ spec }) => spec.traceDigest))].sort()).slice(0, 12),
    ]),
  ),
});

const differences = (before: ReadonlyMap<string, unknown>, after: ReadonlyMap<string, unknown>): Difference[] =>
  [...new Set([...before.keys(), ...after.keys()])]
    .filter((what) => before.get(what) !== after.get(what))
    .map((what) => ({ what, before: before.get(what), after: after.get(what) }));
