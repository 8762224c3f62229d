import { HOUR_S, type Seconds } from "../contract/units.ts";

// How long spot in a zone will last, from what was seen of it there. Plain JSON, kept in a policy's memory.

/** What was seen of a zone. A run is an instance of the job's, or a virtual one that goes on from a probe or from an instance left. */
export type Runs = {
  /** Those that ended: from, to, and 1 where the provider ended it; 0 where nobody knows how long it would have lasted. */
  past: [fromS: Seconds, toS: Seconds, failed: 0 | 1][];
  /** Since when the present one has been up. */
  sinceS: Seconds | null;
  /** How far its hazard has been counted. */
  countedS: Seconds;
  /** Refusals and ends since hazard was last counted. */
  failures: number;
  /** Ask by ask, newest last: expected and seen failures. */
  recent: [expected: number, seen: number][];
};

export const newRuns = (): Runs => ({ past: [], sinceS: null, countedS: 0, failures: 0, recent: [] });

/** A run begins; one that was still open is forgotten. */
export function begin(runs: Runs, nowS: Seconds): void {
  runs.sinceS = nowS;
  runs.countedS = nowS;
}

export function end(runs: Runs, nowS: Seconds, failed: 0 | 1): void {
  if (runs.sinceS !== null) runs.past.push([runs.sinceS, nowS, failed]);
  runs.sinceS = null;
  runs.failures += failed;
}

/** Nelson-Aalen: at each lifetime that ended in a failure, failures per run that lasted as long; then a tail, per hour. */
interface Hazard {
  readonly steps: readonly { readonly atH: number; readonly hazard: number }[];
  readonly tail: number;
}

/** Where no run has failed yet. */
const TAIL_MIN = 1e-8;

/** @param nowS the present run counts as one whose end is not known, where given. */
function hazardOf({ past, sinceS }: Runs, nowS?: Seconds): Hazard {
  const runs = past.map(([fromS, toS, failed]) => ({ h: (toS - fromS) / HOUR_S, failed }));
  if (nowS !== undefined && sinceS !== null && nowS > sinceS) runs.push({ h: (nowS - sinceS) / HOUR_S, failed: 0 });
  const ends = [...new Set(runs.flatMap(({ h, failed }) => (failed === 1 ? [h] : [])))].sort((a, b) => a - b);
  const steps = ends.map((atH) => ({
    atH,
    hazard: runs.filter(({ h, failed }) => failed === 1 && h === atH).length / runs.filter(({ h }) => h >= atH).length,
  }));
  return { steps, tail: Math.max(TAIL_MIN, steps.at(-1)?.hazard ?? 0) };
}

/** Up to an age; between steps it grows with the tail. */
function cumulative({ steps, tail }: Hazard, ageH: number): number {
  const passed = steps.filter(({ atH }) => atH < ageH);
  return passed.reduce((sum, { hazard }) => sum + hazard, 0) + (ageH - (passed.at(-1)?.atH ?? 0)) * tail;
}

/** Expected failures that are kept; older ones say little of now. */
const EXPECTED_MAX = 8;

/**
 * Counts what was expected and what was seen since the last time.
 * @param countsOpen the present run is among those that hazard is estimated from.
 */
export function count(runs: Runs, nowS: Seconds, everyS: Seconds, countsOpen: boolean): void {
  const { sinceS, failures } = runs;
  const hazard = hazardOf(runs, countsOpen ? nowS : undefined);
  let expected = 0;
  if (sinceS !== null) {
    const [fromH, toH] = [(runs.countedS - sinceS) / HOUR_S, (nowS - sinceS) / HOUR_S];
    expected = Math.max(0, cumulative(hazard, toH) - cumulative(hazard, fromH));
    if (expected === 0 && fromH >= (hazard.steps.at(-1)?.atH ?? 0)) expected = hazard.tail * (toH - fromH);
  }
  if (expected === 0 && failures > 0) expected = (hazard.tail * everyS) / HOUR_S;
  runs.countedS = nowS;
  runs.failures = 0;
  if (expected === 0) return;
  const { recent } = runs;
  recent.push([expected, failures]);
  let total = recent.reduce((sum, [each]) => sum + each, 0);
  while (total - recent[0]![0] >= EXPECTED_MAX) total -= recent.shift()![0];
}

/**
 * How many times as often as expected it fails of late: the densest stretch up to now with at most one expected failure. At least 1, and
 * 1 until one failure has been expected in all.
 */
export function volatility({ recent }: Runs): number {
  if (recent.reduce((sum, [expected]) => sum + expected, 0) < 1) return 1;
  let [expected, seen, densest] = [0, 0, 1];
  for (let i = recent.length - 1; i >= 0; i--) {
    expected += recent[i]![0];
    seen += recent[i]![1];
    // The newest alone may be more than one.
    if (expected > 1 + 1e-9 && i < recent.length - 1) break;
    densest = Math.max(densest, seen / expected);
  }
  return densest;
}

/**
 * Hours that a run of that age is expected to last yet: survival after each step of the hazard, times volatility; after the last step as
 * if asked once every `everyS`.
 */
export function expectedH(
  runs: Runs,
  ageS: Seconds,
  { nowS, everyS, countsOpen }: { readonly nowS: Seconds; readonly everyS: Seconds; readonly countsOpen: boolean },
): number {
  const { steps, tail } = hazardOf(runs, countsOpen ? nowS : undefined);
  const times = volatility(runs);
  let [hours, survival, ageH] = [0, 1, ageS / HOUR_S];
  for (const { atH, hazard } of steps) {
    if (atH <= ageH + 1e-12) continue;
    hours += survival * (atH - ageH);
    survival *= decay(times * hazard);
    ageH = atH;
  }
  return hours + (survival * (everyS / HOUR_S)) / (1 - decay(times * tail));
}

/** exp(-x) for x >= 0, by arithmetic alone: every build decides the same to the last bit. */
function decay(x: number): number {
  let halvings = 0;
  let small = x;
  for (; small > 0.5; small /= 2) halvings++;
  let [term, sum] = [1, 1];
  for (let k = 1; k <= 14; k++) {
    term *= -small / k;
    sum += term;
  }
  for (; halvings > 0; halvings--) sum *= sum;
  return sum;
}

/** Share of the last `windowS` in which a run was up. */
export function availability({ past, sinceS }: Runs, nowS: Seconds, windowS: Seconds): number {
  const fromS = Math.max(0, nowS - windowS);
  if (nowS <= fromS) return 0;
  const stretches = [
    ...past.map(([from, to]) => [from, to] as const),
    ...(sinceS === null ? [] : [[sinceS, nowS] as const]),
  ];
  const upS = stretches.reduce((sum, [from, to]) => sum + Math.max(0, to - Math.max(from, fromS)), 0);
  return Math.min(1, upS / (nowS - fromS));
}
