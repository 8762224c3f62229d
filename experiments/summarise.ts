import { metricNamed } from "./metrics.ts";
import { pointName } from "./point-name.ts";
import { judged } from "./published/judge.ts";
import type { Expected, Published } from "./published/published-schema.ts";
import type { SweepPoint } from "./published/quantity.ts";
import type { RunRecord } from "./record.ts";
import { answerSentence } from "./statistics/answer.ts";
import { clairvoyantsOf, regretsOf, surelyBelow } from "./statistics/bounds.ts";
import { type Compared, compare, type Pair } from "./statistics/compare.ts";
import { meanEstimate, UNITS_MIN } from "./statistics/estimate.ts";
import { holm } from "./statistics/holm.ts";
import { keptApart } from "./statistics/kept-apart.ts";
import { createResamples, type Resamples } from "./statistics/resamples.ts";
import { savingOf } from "./statistics/saving-split.ts";
import { sweepAnswers } from "./statistics/sweep-answer.ts";
import { traceValuesOf } from "./statistics/trace-values.ts";
import { type Units, unitsOf } from "./statistics/units.ts";
import { sweepShares } from "./statistics/variance-shares.ts";
import { warningsOf } from "./statistics/warnings.ts";
import type { PolicySummary, Summary, SummaryGroup } from "./summary.ts";

/** The part of a study that its statistics need. */
export interface Question {
  readonly question: string;
  readonly baseline: string;
  readonly primary: { readonly metric: string; readonly comparisons: readonly (readonly [string, string])[] };
  readonly confirmShare?: number;
  readonly published?: readonly Published[];
  readonly expected?: readonly Expected[];
}

/** Chances that a study has had. */
export interface Looks {
  /** Of `replicates: auto`: at which the study ended. */
  readonly look?: Summary["look"];
  /** At the units that `confirmShare` keeps apart. */
  readonly confirmLooks?: number;
}

/**
 * What the records of a study say. Replicates are averaged inside their unit of inference first; policies are compared on
 * pairs of units. The primary comparisons get simultaneous intervals (Bonferroni: valid however they depend on one another)
 * and Holm's p; everything else is marked exploratory. Same records in any order, same bytes (groups in the order met).
 *
 * @param looks that were taken: each may spend its part of the 5 % only.
 * @throws StatisticsError for a metric that is no finite number.
 */
export function summarise(
  records: readonly RunRecord[],
  { question, baseline, primary, published = [], expected = [], confirmShare = 0 }: Question,
  { look = null, confirmLooks = 1 }: Looks = {},
): Summary {
  const better = metricNamed(primary.metric)?.better ?? "lower";
  const warnings = new Warnings();
  const failed = records.filter((record) => !record.ok).length;
  if (failed > 0) {
    warnings.add(
      `${failed} of ${records.length} cells failed; their units are left out of every pair they would be in. Mend what the table of failed cells names, and run again: only they are computed`,
    );
  }
  const resamples = createResamples("summary");
  const { explore, confirm } = keptApart(records, confirmShare);
  const points = pointsOf(explore);
  const kept = pointsOf(confirm);
  const groups = points.map((point): SummaryGroup => {
    const group = summarisePoint(point, { question, baseline, primary }, look?.of ?? 1, better, resamples, warnings);
    const apart = kept.find(({ axes }) => pointName(axes) === pointName(point.axes));
    if (apart === undefined) return group;
    const units = unitCount(apart.units);
    if (units < UNITS_MIN) {
      warnings.add(
        `${units} unit(s) are kept apart to confirm, too few for an interval; use more units, or a larger confirmShare`,
        pointName(point.axes),
      );
    }
    const compared = primariesOf(primary, apart.units, confirmLooks, resamples);
    return {
      ...group,
      confirm: { units, looks: confirmLooks, comparisons: compared.map(({ comparison }) => comparison) },
    };
  });
  const judging = { baseline, points, replicates: Math.max(...points.map(({ replicates }) => replicates)), resamples };
  return {
    question,
    baseline,
    primaryMetric: primary.metric,
    better,
    groups,
    look,
    sweepAnswers: sweepAnswers(groups),
    variance: sweepShares({ groups, baseline, primaryMetric: primary.metric }),
    published: judged(published, judging),
    expected: judged(expected, judging),
    warnings: warnings.texts,
    cells: { ok: records.length - failed, failed },
  };
}

/** Each said once, with where in the sweep it holds. */
class Warnings {
  readonly #points = new Map<string, string[]>();

  add(text: string, point = ""): void {
    this.#points.set(text, [...(this.#points.get(text) ?? []), point]);
  }

  get texts(): string[] {
    return [...this.#points].map(([text, points]) => {
      const [first] = points;
      if (first === "") return text;
      return points.length === 1
        ? `${first}: ${text}`
        : `${text} (at ${points.length} points of the sweep: ${points.join("; ")})`;
    });
  }
}

interface Point extends SweepPoint {
  readonly replicates: number;
  readonly records: readonly RunRecord[];
}

const pointsOf = (records: readonly RunRecord[]): Point[] =>
  [...Map.groupBy(records, ({ spec }) => JSON.stringify(spec.axes)).values()].map(pointOf);

/** @param records of one point of the sweep. */
function pointOf(records: readonly RunRecord[]): Point {
  const replicates = new Set(records.map(({ spec }) => spec.replicate)).size;
  const units = new Map(
    [...Map.groupBy(records, ({ spec }) => spec.policyId)]
      .map(([policyId, group]) => [policyId, unitsOf(group, replicates)] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
  return { axes: records[0]!.spec.axes, replicates, units, records };
}

function summarisePoint(
  { axes, replicates, units, records }: Point,
  { baseline, primary }: Question,
  looks: number,
  better: "lower" | "higher",
  resamples: Resamples,
  warnings: Warnings,
): SummaryGroup {
  const whole = unitCount(units);
  const clairvoyants = clairvoyantsOf(records);
  const bounds = surelyBelow(clairvoyants);
  const policies = [...units].map(([policyId, each]): PolicySummary => {
    const summary = summarisePolicy(policyId, each, resamples);
    const bound = clairvoyants.get(policyId);
    if (bound !== undefined) return { ...summary, clairvoyant: { bound } };
    return bounds.length === 0 ? summary : { ...summary, regrets: regretsOf(policyId, bounds, units, resamples) };
  });
  // What did not finish every unit that others did has its mean over other, perhaps easier units: it cannot come out best.
  const unfinished = ({ policyId }: PolicySummary) => (units.get(policyId)!.size < whole ? 1 : 0);
  const sign = better === "lower" ? 1 : -1;
  const rank = ({ metrics }: PolicySummary) => sign * (metrics[primary.metric]?.mean ?? sign * Number.MAX_VALUE);
  const told = ({ clairvoyant }: PolicySummary) => (clairvoyant === undefined ? 0 : 1);
  policies.sort((a, b) => told(a) - told(b) || unfinished(a) - unfinished(b) || rank(a) - rank(b));

  const named = namedPairs(primary);
  const primaries = primariesOf(primary, units, looks, resamples);
  const others = policies
    .filter(({ policyId }) => policyId !== baseline)
    .flatMap(({ policyId }) =>
      [...new Set([primary.metric, "costUsd", "completedShare", "deadlineMetShare", "availableShare"])].map(
        (metric): Pair => ({ metric, policyId, against: baseline, role: "exploratory" }),
      ),
    )
    .filter((pair) => !named.some((each) => isSame(each, pair)))
    .flatMap((pair) => compare(pair, units, 0.95, resamples) ?? []);
  const comparisons = [...primaries, ...others].map(({ comparison }) => comparison);
  const pairs = new Map(comparisons.map((pair) => [JSON.stringify([pair.policyId, pair.against]), pair]));
  for (const text of warningsOf({ metric: primary.metric, named, primaries, units, whole })) {
    warnings.add(text, pointName(axes));
  }
  return {
    axes,
    units: whole,
    replicates,
    policies,
    comparisons,
    savings: [...pairs.values()].flatMap(
      ({ policyId, against }) => savingOf(policyId, against, units, resamples) ?? [],
    ),
    traces: traceValuesOf(records, primary.metric, replicates),
    answer: answerSentence({
      policies: policies.filter((each) => told(each) === 0),
      comparisons,
      baseline,
      metric: primary.metric,
      units: whole,
    }),
  };
}

const namedPairs = ({ metric, comparisons }: Question["primary"]): Pair[] =>
  comparisons.map(([policyId, against]) => ({ metric, policyId, against, role: "primary" }));

/** Intervals that hold together, and at whichever of the looks. */
function primariesOf(
  primary: Question["primary"],
  units: ReadonlyMap<string, Units>,
  looks: number,
  resamples: Resamples,
): Compared[] {
  const named = namedPairs(primary);
  const level = 1 - 0.05 / looks / Math.max(1, named.length);
  return withHolm(
    named.flatMap((pair) => compare(pair, units, level, resamples) ?? []),
    looks,
  );
}

const unitCount = (units: ReadonlyMap<string, Units>): number =>
  new Set([...units.values()].flatMap((each) => [...each.keys()])).size;

function summarisePolicy(policyId: string, units: Units, resamples: Resamples): PolicySummary {
  const names = new Set([...units.values()].flatMap((each) => Object.keys(each)));
  const estimates = [...names].map((name) => {
    const values = [...units.values()].flatMap((each) => (each[name] === undefined ? [] : [each[name]]));
    return [name, meanEstimate(Float64Array.from(values), resamples)] as const;
  });
  return { policyId, metrics: Object.fromEntries(estimates) };
}

/** Each look could have been the one. */
function withHolm(primaries: readonly Compared[], looks: number): Compared[] {
  const tested = primaries.filter(({ comparison }) => comparison.p !== null);
  const adjusted = holm(tested.map(({ comparison }) => comparison.p!));
  return primaries.map((each) => {
    const place = tested.indexOf(each);
    return place < 0
      ? each
      : { ...each, comparison: { ...each.comparison, pHolm: Math.min(1, looks * adjusted[place]!) } };
  });
}

const isSame = (a: Pair, b: Pair): boolean =>
  a.metric === b.metric && a.policyId === b.policyId && a.against === b.against;
