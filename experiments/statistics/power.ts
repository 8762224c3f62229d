import { inverseNormal } from "../../policies/contract/distribution.ts";

/** Chance of finding a difference that is there, that `detectableDifference` is for. */
export const POWER = 0.8;

/**
 * The least true difference that n paired units find with a chance of 80 %, at the level of the comparison: what a study of this
 * size can tell, whatever it found. For differences near normal, or n large.
 * Source: the t test's usual formula, Cohen, "Statistical Power Analysis for the Behavioral Sciences", 1988, 2.4.
 *
 * @param sd sample standard deviation of the paired differences. @param n at least 2.
 * @example detectableDifference(1, 30, 0.95) // (2.0452 + 0.8542) / sqrt(30) = 0.529
 */
export const detectableDifference = (sd: number, n: number, level: number): number =>
  ((tQuantile((1 + level) / 2, n - 1) + tQuantile(POWER, n - 1)) * sd) / Math.sqrt(n);

/**
 * Quantile of Student's t, to three digits from 5 degrees of freedom on.
 * Source: Abramowitz and Stegun, "Handbook of Mathematical Functions", 1964, 26.7.5.
 * @example tQuantile(0.975, 29) // 2.0452
 */
export function tQuantile(share: number, degrees: number): number {
  const z = inverseNormal(share);
  const [z3, z5, z7, z9] = [z ** 3, z ** 5, z ** 7, z ** 9];
  return (
    z +
    (z3 + z) / 4 / degrees +
    (5 * z5 + 16 * z3 + 3 * z) / 96 / degrees ** 2 +
    (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / 384 / degrees ** 3 +
    (79 * z9 + 776 * z7 + 1482 * z5 - 1920 * z3 - 945 * z) / 92_160 / degrees ** 4
  );
}

/**
 * Share of successes with its 95 % interval, which keeps within 0 and 1 and has width when all succeed.
 * Source: Wilson, Journal of the American Statistical Association 22, 1927.
 * @param successes of n; half of one counts for a tie.
 * @example wilson(6, 8) // { share: 0.75, low: 0.409, high: 0.929 }
 */
export function wilson(
  successes: number,
  n: number,
): { readonly share: number; readonly low: number; readonly high: number } {
  const z = inverseNormal(0.975);
  const share = successes / n;
  const middle = (share + z ** 2 / (2 * n)) / (1 + z ** 2 / n);
  const half = (z / (1 + z ** 2 / n)) * Math.sqrt((share * (1 - share)) / n + z ** 2 / (4 * n ** 2));
  return { share, low: Math.max(0, middle - half), high: Math.min(1, middle + half) };
}
