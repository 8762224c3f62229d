import { createRandom } from "../../policies/contract/random.ts";
import { quantile } from "../../sim/quantile.ts";

export interface Interval {
  readonly low: number;
  readonly high: number;
}

export interface BootstrapOptions {
  /** Names the resamples: same text, same interval. */
  readonly seed: string;
  /** 0.95, or more where several intervals must hold together. */
  readonly level: number;
}

/** Enough that the ends of a 95 % interval move by a few per cent of its width between seeds. */
const RESAMPLES = 2000;

/**
 * Bootstrap-t interval of a mean: how far, in its own standard errors, the mean of a resample lies from the mean of the
 * sample. Near its nominal coverage from n = 20 on, and above BCa throughout (docs/METRICS.md has the measured table).
 * Source: Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, 12.5.
 *
 * @param values at least 2, finite. @returns the value itself, twice, when all are equal.
 */
export function meanInterval(values: Float64Array, options: BootstrapOptions): Interval {
  return ratioInterval(values, new Float64Array(values.length).fill(1), options);
}

/**
 * Bootstrap-t interval of a ratio of sums, the pairs resampled together, its standard error linearised: the deviation of
 * over - ratio x under, over the mean of `under`.
 */
export function ratioInterval(over: Float64Array, under: Float64Array, { seed, level }: BootstrapOptions): Interval {
  const n = over.length;
  const random = createRandom(seed);
  const stream = random.stream("bootstrap");
  const estimate = ratioWithError(over, under);
  if (estimate.error === 0) return { low: estimate.ratio, high: estimate.ratio };
  const t = new Float64Array(RESAMPLES);
  const a = new Float64Array(n);
  const b = new Float64Array(n);
  let used = 0;
  for (let r = 0; r < RESAMPLES; r++) {
    for (let i = 0; i < n; i++) {
      const pick = Math.floor(random.at(stream, r, i) * n);
      a[i] = over[pick]!;
      b[i] = under[pick]!;
    }
    const again = ratioWithError(a, b);
    // A resample of one value over and over has no standard error of its own and says nothing about the spread.
    if (again.error > 0) t[used++] = (again.ratio - estimate.ratio) / again.error;
  }
  const sorted = t.subarray(0, used).sort();
  if (used === 0) return { low: -Infinity, high: Infinity };
  const tail = (1 - level) / 2;
  return {
    low: estimate.ratio - quantile(sorted, 1 - tail) * estimate.error,
    high: estimate.ratio - quantile(sorted, tail) * estimate.error,
  };
}

function ratioWithError(over: Float64Array, under: Float64Array): { ratio: number; error: number } {
  const n = over.length;
  let sumOver = 0;
  let sumUnder = 0;
  for (let i = 0; i < n; i++) {
    sumOver += over[i]!;
    sumUnder += under[i]!;
  }
  const ratio = sumOver / sumUnder;
  let squares = 0;
  for (let i = 0; i < n; i++) squares += (over[i]! - ratio * under[i]!) ** 2;
  // What rounding leaves of equal values is no spread.
  const scale = Math.abs(sumOver) / n;
  const deviation = Math.sqrt(squares / (n - 1));
  if (deviation <= 1e-12 * scale) return { ratio, error: 0 };
  return { ratio, error: deviation / Math.sqrt(n) / Math.abs(sumUnder / n) };
}
