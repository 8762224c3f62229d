import { createRandom } from "../../policies/contract/random.ts";

/** All 2^n flips up to here; drawn ones beyond. */
const EXACT_MAX = 12;
const DRAWS = 9999;
/** Signs that one draw gives. */
const SIGNS = 30;
/** So many signs are looked up at once; a table of all their sums fits the nearest cache. */
const TOGETHER = 5;

export interface SignFlip {
  /** Two-sided: sums at least as far from 0. */
  readonly p: number;
  /** One-sided: sums at most, and at least, as great. */
  readonly less: number;
  readonly greater: number;
  /** The least two-sided p that differences of these sizes can give, whatever their signs; pairs without one count for nothing. */
  readonly smallest: number;
}

/**
 * Sign-flip permutation test of paired differences: how often a sum as extreme comes about when each pair's sign is a coin.
 * Exact for n <= 12; beyond, 9,999 drawn flips and the one that happened, so never 0.
 *
 * @param exactMax counts all 2^n flips up to this n, at most 30
 * @example signFlip(Float64Array.of(1, 2, 3), "s").p // 2 of 8 flips, all or none: 0.25
 */
export function signFlip(differences: Float64Array, seed: string, exactMax = EXACT_MAX): SignFlip {
  const n = differences.length;
  const observed = differences.reduce((sum, each) => sum + each, 0);
  // What is as extreme in exact arithmetic must not fail to be for a rounding.
  const slack = 1e-12 * differences.reduce((sum, each) => sum + Math.abs(each), 0);
  const exact = n <= exactMax;
  const flips = exact ? 2 ** n : DRAWS;
  const random = createRandom(seed);
  const stream = random.stream("sign-flip");
  const sums = sumsOf(differences);
  let [both, less, greater] = [0, 0, 0];
  for (let flip = 0; flip < flips; flip++) {
    let sum = 0;
    let signs = flip;
    for (let i = 0; i < n; i += TOGETHER) {
      if (!exact && i % SIGNS === 0) signs = random.at(stream, flip, i) * 2 ** SIGNS;
      sum += sums[(i / TOGETHER) * 2 ** TOGETHER + (signs & (2 ** TOGETHER - 1))]!;
      signs >>= TOGETHER;
    }
    if (Math.abs(sum) >= Math.abs(observed) - slack) both++;
    if (sum <= observed + slack) less++;
    if (sum >= observed - slack) greater++;
  }
  const counted = differences.filter((each) => each !== 0).length;
  const smallest = Math.min(1, 2 / 2 ** counted);
  if (exact) return { p: both / flips, less: less / flips, greater: greater / flips, smallest };
  const share = (count: number) => (count + 1) / (DRAWS + 1);
  return { p: share(both), less: share(less), greater: share(greater), smallest: Math.max(smallest, share(0)) };
}

/** Of each TOGETHER differences in turn, their sum under all their signs: [group * 2^TOGETHER + signs], a set bit for minus. */
function sumsOf(differences: Float64Array): Float64Array {
  const width = 2 ** TOGETHER;
  const sums = new Float64Array(Math.ceil(differences.length / TOGETHER) * width);
  for (let at = 0; at < sums.length; at++) {
    const from = Math.floor(at / width) * TOGETHER;
    for (let bit = 0; bit < TOGETHER && from + bit < differences.length; bit++) {
      const each = differences[from + bit]!;
      sums[at]! += (at >> bit) & 1 ? -each : each;
    }
  }
  return sums;
}
