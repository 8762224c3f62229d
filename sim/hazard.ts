import type { Random } from "../policies/contract/random.ts";
import type { Seconds } from "../policies/contract/units.ts";
import { HOUR_S } from "../policies/contract/units.ts";

/**
 * Clocks that ring at a rate whether or not anybody holds what they belong to: one for each (market, slot rank), zone or
 * region. Ring k of a clock is a keyed draw, so every policy meets the same rings.
 */
export class HazardClocks {
  readonly #random: Random;
  readonly #stream: number;
  readonly #meanS: Seconds;
  readonly #rings: { k: number; nextS: Seconds }[][] = [];

  constructor(random: Random, stream: string, perHour: number) {
    this.#random = random;
    this.#stream = random.stream(stream);
    this.#meanS = perHour > 0 ? HOUR_S / perHour : Infinity;
  }

  /** First ring of clock (i, j) after timeS; Infinity at rate 0. Times asked of one clock must not fall. */
  nextAfterS(i: number, j: number, timeS: Seconds): Seconds {
    if (this.#meanS === Infinity) return Infinity;
    this.#rings[i] ??= [];
    const row = this.#rings[i]!;
    row[j] ??= { k: -1, nextS: 0 };
    const clock = row[j]!;
    while (clock.k < 0 || clock.nextS <= timeS) {
      clock.k++;
      clock.nextS += -Math.log(1 - this.#random.at(this.#stream, i, j, clock.k)) * this.#meanS;
    }
    return clock.nextS;
  }
}
