import { createRandom } from "../../policies/contract/random.ts";

/** All 2^n flips up to here; drawn ones beyond. */
const EXACT_MAX = 12;
const DRAWS = 9999;

export interface SignFlip {
  readonly p: number;
  /** The least p that so many pairs can give. */
  readonly smallest: number;
}

/**
 * Two-sided sign-flip permutation test of a mean paired difference of 0: how often a mean at least as far from 0 comes about
 * when each pair's sign is a coin. Exact for n <= 12; beyond, 9,999 drawn flips and the one that happened, so never 0.
 *
 * @example signFlip(Float64Array.of(1, 2, 3), "s").p // 2 of 8 flips, all or none: 0.25
 */
export function signFlip(differences: Float64Array, seed: string): SignFlip {
  const n = differences.length;
  const observed = Math.abs(differences.reduce((sum, each) => sum + each, 0));
  // What is as extreme in exact arithmetic must not fail to be for a rounding.
  const reached = observed * (1 - 1e-12);
  let extreme = 0;
  if (n <= EXACT_MAX) {
    const flips = 2 ** n;
    for (let flip = 0; flip < flips; flip++) {
      let sum = 0;
      for (let i = 0; i < n; i++) sum += (flip >> i) & 1 ? -differences[i]! : differences[i]!;
      if (Math.abs(sum) >= reached) extreme++;
    }
    return { p: extreme / flips, smallest: 2 / flips };
  }
  const random = createRandom(seed);
  const stream = random.stream("sign-flip");
  for (let draw = 0; draw < DRAWS; draw++) {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += random.at(stream, draw, i) < 0.5 ? -differences[i]! : differences[i]!;
    if (Math.abs(sum) >= reached) extreme++;
  }
  return { p: (extreme + 1) / (DRAWS + 1), smallest: Math.max(2 / 2 ** n, 1 / (DRAWS + 1)) };
}
