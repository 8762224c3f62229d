import { createRandom } from "../../policies/contract/random.ts";

/**
 * Which of n units each bootstrap resample draws, with replacement: [resample * n + place]. At least `count` of them; a
 * greater count begins with the same ones.
 */
export type Resamples = (n: number, count: number) => Uint32Array;

/** Kept in memory: 64 MiB, and the last. What is dropped is drawn again. */
const PICKS_MAX = 2 ** 24;

/**
 * Draws the resamples of every n once. All estimates of a summary share them: that is what resamples numerator and
 * denominator, and all comparisons, jointly; it makes an interval depend on nothing but its own values, so that adding a
 * policy moves no other policy's interval; and it saves most of the time, which is drawing.
 *
 * @example createResamples("summary")(20, 2000).length // 40,000, and the same ones for the same seed
 */
export function createResamples(seed: string): Resamples {
  const random = createRandom(seed);
  const stream = random.stream("bootstrap");
  /** The last used last. */
  const drawn = new Map<number, Uint32Array>();
  let kept = 0;
  return (n, count) => {
    const known = drawn.get(n);
    drawn.delete(n);
    if (known !== undefined && known.length >= n * count) {
      drawn.set(n, known);
      return known;
    }
    kept -= known?.length ?? 0;
    const picks = new Uint32Array(n * count);
    for (let r = 0, at = 0; r < count; r++) {
      for (let place = 0; place < n; place++) picks[at++] = random.at(stream, r, place) * n;
    }
    drawn.set(n, picks);
    kept += picks.length;
    for (const [other, { length }] of drawn) {
      if (kept <= PICKS_MAX || other === n) break;
      drawn.delete(other);
      kept -= length;
    }
    return picks;
  };
}
