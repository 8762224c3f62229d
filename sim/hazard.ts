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
  readonly #clocks: { k: Int32Array; nextS: Float64Array }[] = []; // [i] then [j]; k = 0: not wound up yet

  constructor(random: Random, stream: string, perHour: number) {
    this.#random = random;
    this.#stream = random.stream(stream);
    this.#meanS = perHour > 0 ? HOUR_S / perHour : Infinity;
  }

  /** First ring of clock (i, j) after timeS; Infinity at rate 0. Times asked of one clock must not fall. */
  nextAfterS(i: number, j: number, timeS: Seconds): Seconds {
    if (this.#meanS === Infinity) return Infinity;
    this.#clocks[i] ??= { k: new Int32Array(8), nextS: new Float64Array(8) };
    const clocks = this.#clocks[i]!;
    if (j >= clocks.k.length) grow(clocks, j);
    let nextS = clocks.nextS[j]!;
    let k = clocks.k[j]!;
    while (k === 0 || nextS <= timeS) {
      nextS += -Math.log(1 - this.#random.at(this.#stream, i, j, k)) * this.#meanS;
      k++;
    }
    clocks.nextS[j] = nextS;
    clocks.k[j] = k;
    return nextS;
  }
}

function grow(clocks: { k: Int32Array; nextS: Float64Array }, j: number): void {
  const size = Math.max(2 * clocks.k.length, j + 1);
  const k = new Int32Array(size);
  const nextS = new Float64Array(size);
  k.set(clocks.k);
  nextS.set(clocks.nextS);
  clocks.k = k;
  clocks.nextS = nextS;
}
