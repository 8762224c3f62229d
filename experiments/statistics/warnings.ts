import type { Estimate } from "../summary.ts";
import type { Compared, Pair } from "./compare.ts";
import { UNITS_MIN } from "./estimate.ts";
import type { Metrics, Units } from "./units.ts";

/** Above this skewness of the differences, and below so many units, bootstrap-t covers less than it says (docs/METRICS.md). */
const SKEWNESS_MAX = 2;
const SKEWED_UNITS_MIN = 50;
/** Resamples of n units miss k given ones with chance e^-k: with so few, too many of them show no spread at all. */
const UNLIKE_MIN = 4;

/** One point of the sweep, as its warnings need it. */
export interface Judged {
  readonly metric: string;
  /** The comparisons that the study names, and those of them that could be made. */
  readonly named: readonly Pair[];
  readonly primaries: readonly Compared[];
  readonly units: ReadonlyMap<string, Units>;
  /** Units that at least one policy finished. */
  readonly whole: number;
}

/** What a sceptic would say of the method, each with its remedy. */
export function warningsOf({ metric, named, primaries, units, whole }: Judged): string[] {
  const said: string[] = [];
  if (whole < UNITS_MIN) {
    said.push(
      `${whole} unit(s) of inference: too few for an interval or a p value, ranges are shown. This trace cannot answer; use a longer trace, shorter windows or more seeds (at least ${UNITS_MIN})`,
    );
  }
  for (const [policyId, finished] of units) {
    if (finished.size < whole) {
      said.push(
        `${policyId} finished ${finished.size} of the ${whole} units that others did: its means are over those, and it is ranked below the others whatever they are; mend its failed or missing cells`,
      );
    }
    const without = [...finished.values()].filter((each) => each[metric] === undefined).length;
    if (without > 0) {
      said.push(
        `${policyId} has no ${metric} in ${without} of its ${finished.size} units, which are left out of its mean and pairs; use a primary metric that every run has`,
      );
    }
  }
  for (const [policyId, finished] of units) {
    const count = (holds: (unit: Metrics) => boolean) => [...finished.values()].filter(holds).length;
    const growing = count(queueGrew);
    if (growing > 0) {
      said.push(
        `${policyId} was asked for more than it could answer in ${growing} of ${finished.size} units: its queue grew to the end, so its latencies say how long the window was; give it more replicas, fewer requests, or clients that give up`,
      );
    }
    const never = count(({ availableShare }) => availableShare === 0);
    if (never > 0) {
      said.push(
        `${policyId} never had all replicas ready in ${never} of ${finished.size} units: no market of its grants so many, or none in time; ask for fewer, or give it other markets`,
      );
    }
  }
  for (const { policyId, against } of named) {
    const made = primaries.some(({ comparison }) => comparison.policyId === policyId && comparison.against === against);
    if (!made) {
      said.push(
        `${policyId} against ${against}: no unit in which both have ${metric}, so the comparison could not be made; mend the failed cells or the name`,
      );
    }
  }
  for (const compared of primaries) {
    const { policyId, against } = compared.comparison;
    said.push(
      ...doubtsOf(compared, whole, primaries.length).map((doubt) => `${policyId} against ${against}: ${doubt}`),
    );
  }
  return said;
}

/** When the last request came far more were in flight than on average, and no small part of all. */
const queueGrew = ({ requestsArrived = 0, requestsInFlightEnd = 0, requestsInFlightMean = 0 }: Metrics): boolean =>
  requestsInFlightEnd > 1.5 * requestsInFlightMean &&
  requestsInFlightEnd > 0.01 * requestsArrived &&
  requestsArrived > 100;

function doubtsOf({ comparison, paired }: Compared, whole: number, primaries: number): string[] {
  const { n, difference, pSmallest } = comparison;
  const { skewness, unlike } = paired;
  const doubts: string[] = [];
  if (n < UNITS_MIN) {
    // With few units altogether this has been said once.
    return whole < UNITS_MIN ? [] : [`only ${n} pair(s) are left, too few for an interval; mend the failed cells`];
  }
  if (n < whole)
    doubts.push(`${whole - n} of ${whole} units are left out, since only one of the two has a value there`);
  if (unlike === 0) {
    return [
      ...doubts,
      difference.mean === 0
        ? `the two came to the same in each of ${n} units, so nothing tells them apart; expected where they have nothing to choose from`
        : `all ${n} differences are equal, so the interval has no width; check that the units differ at all`,
    ];
  }
  if (difference.low <= 0 && difference.high >= 0) {
    doubts.push(
      `the interval of the difference holds 0: these ${n} units do not tell which is better; ${unlike < UNLIKE_MIN ? "add units" : enough(difference)}`,
    );
  }
  if (unlike < UNLIKE_MIN) {
    doubts.push(
      `${n - unlike} of ${n} differences are equal, so the interval rests on ${unlike} unit(s) and may cover less than it says; use units in which more happens`,
    );
  } else if (n < SKEWED_UNITS_MIN && Math.abs(skewness ?? 0) > SKEWNESS_MAX) {
    doubts.push(
      `the differences are skewed (${skewness!.toFixed(1)}), their interval may cover less than it says; use ${SKEWED_UNITS_MIN} units or more`,
    );
  }
  if (pSmallest !== null && pSmallest * primaries > 0.05) {
    doubts.push(
      `no p below ${pSmallest} is possible with these pairs${primaries > 1 ? `, which Holm multiplies by up to ${primaries}` : ""}; add units`,
    );
  }
  return doubts;
}

/** How many units would do: the half-width that now reaches 0 shrinks with the square root of n. */
function enough({ mean, low, high, n }: Estimate): string {
  const halfWidth = mean > 0 ? mean - low : high - mean;
  const units = Math.ceil(n * (halfWidth / mean) ** 2) + 1;
  return units <= 100 * n
    ? `if the difference is what it looks like, some ${units} would`
    : "if there is a difference, it takes more than 100 times as many";
}
