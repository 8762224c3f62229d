import type { PerSecond, Seconds } from "../../policies/contract/units.ts";

/**
 * How many calls may go out: `perS` a second in the long run, `burst` at once. The last `reserve` of them are kept for calls that make
 * things safe (terminate, deregister), so that no storm of others holds these up.
 * @example new TokenBucket({ perS: 2, burst: 1 }).readyS(0) // 0; after a take(0) it is 0.5
 */
export class TokenBucket {
  readonly #perS: PerSecond;
  readonly #burst: number;
  readonly #reserve: number;
  #tokens: number;
  #atS = 0;

  constructor(limit: { readonly perS: PerSecond; readonly burst: number; readonly reserve?: number }) {
    this.#perS = limit.perS;
    this.#burst = limit.burst;
    this.#reserve = limit.reserve ?? 0;
    this.#tokens = limit.burst;
  }

  /** When one may be taken, if nobody else takes one before: now, or a time ahead. */
  readyS(nowS: Seconds, safety = false): Seconds {
    this.#tokens = Math.min(this.#burst, this.#tokens + (nowS - this.#atS) * this.#perS);
    this.#atS = nowS;
    const lacking = (safety ? 0 : this.#reserve) + 1 - this.#tokens;
    // What is lacking by rounding alone is not waited for: that wait could be too short for a clock to move.
    return lacking <= 1e-9 ? nowS : nowS + lacking / this.#perS;
  }

  /** Only when ready. */
  take(): void {
    this.#tokens--;
  }
}
