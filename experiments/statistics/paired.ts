import { mean, sampleCorrelation, sampleSkewness, sampleStandardDeviation } from "simple-statistics";
import { StatisticsError } from "./statistics-error.ts";

/** Two policies on the same units: what each unit says of the difference, and what pairing achieved. */
export interface Paired {
  readonly n: number;
  /** candidate - baseline, in the order given. */
  readonly differences: Float64Array;
  readonly meanDifference: number;
  /** Sum of candidate / sum of baseline; null where the baseline sums to 0. */
  readonly ratioOfMeans: number | null;
  /** Sample standard deviation (n - 1) of the differences; null for one pair. */
  readonly sdDifference: number | null;
  /** Of the differences (adjusted Fisher-Pearson); null below 3 pairs or where all are equal. */
  readonly skewness: number | null;
  /** Between candidate and baseline over units; null where either does not vary. */
  readonly correlation: number | null;
  /** Share of pairs in which the candidate is below the baseline, and in which they are equal. */
  readonly shareBelow: number;
  readonly shareEqual: number;
  /** Pairs whose difference is not the most frequent one: what any statement on the spread rests on. */
  readonly unlike: number;
}

/** Two bills that are equal in exact arithmetic may differ by this much of their size, and do not count as different. */
const ROUNDING = 1e-12;

/**
 * Describes paired differences.
 *
 * @throws StatisticsError for no pairs, lists of different length, or a value that is not finite.
 * @example paired([3, 5], [4, 4]) // differences -1 and 1, meanDifference 0, ratioOfMeans 1, correlation null
 */
export function paired(candidate: ArrayLike<number>, baseline: ArrayLike<number>): Paired {
  const n = candidate.length;
  if (n === 0 || n !== baseline.length) {
    throw new StatisticsError(
      `${n} values against ${baseline.length} cannot be paired; give both policies the same units, at least one`,
    );
  }
  const a = finite(candidate, "candidate");
  const b = finite(baseline, "baseline");
  const differences = a.map((value, i) => difference(value, b[i]!));
  const sumOfBaseline = b.reduce((sum, each) => sum + each, 0);
  const varies = (values: readonly number[]) => values.some((value) => difference(value, values[0]!) !== 0);
  const frequencies = Map.groupBy(differences, (each) => each);
  return {
    n,
    differences: Float64Array.from(differences),
    meanDifference: mean(differences),
    ratioOfMeans: sumOfBaseline === 0 ? null : a.reduce((sum, each) => sum + each, 0) / sumOfBaseline,
    sdDifference: n < 2 ? null : sampleStandardDeviation(differences),
    skewness: n < 3 || !varies(differences) ? null : sampleSkewness(differences),
    correlation: n < 3 || !varies(a) || !varies(b) ? null : Math.max(-1, Math.min(1, sampleCorrelation(a, b))),
    shareBelow: differences.filter((each) => each < 0).length / n,
    shareEqual: differences.filter((each) => each === 0).length / n,
    unlike: n - Math.max(...[...frequencies.values()].map((equal) => equal.length)),
  };
}

const difference = (a: number, b: number): number =>
  Math.abs(a - b) <= ROUNDING * Math.max(Math.abs(a), Math.abs(b)) ? 0 : a - b;

function finite(values: ArrayLike<number>, name: string): number[] {
  return Array.from(values, (value, i) => {
    if (Number.isFinite(value)) return value;
    throw new StatisticsError(
      `${name}: value ${i + 1} of ${values.length} is ${value}, expected a finite number; leave that unit out of both`,
    );
  });
}
