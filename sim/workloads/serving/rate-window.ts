import { REQUEST_RATE_WINDOW_S } from "../../../policies/contract/facts.ts";
import type { PerSecond, Seconds } from "../../../policies/contract/units.ts";

const RING = 64; // seconds, a power of two above the window

/** How many requests a second were sent over the last whole seconds: counts by the second, so that one costs O(1). */
export class RateWindow {
  readonly #counts = new Int32Array(RING);
  /** The one that is being counted. */
  #second = 0;
  /** Of the window's whole seconds before it. */
  #sum = 0;

  count(nowS: Seconds): void {
    this.#goTo(Math.floor(nowS));
    this.#counts[this.#second % RING]!++;
  }

  perS(nowS: Seconds): PerSecond {
    this.#goTo(Math.floor(nowS));
    return this.#sum / REQUEST_RATE_WINDOW_S;
  }

  #goTo(second: number): void {
    if (second - this.#second > RING) {
      this.#counts.fill(0);
      this.#sum = 0;
      this.#second = second;
    }
    for (; this.#second < second; this.#second++) {
      this.#sum +=
        this.#counts[this.#second % RING]! - this.#counts[(this.#second + RING - REQUEST_RATE_WINDOW_S) % RING]!;
      this.#counts[(this.#second + 1) % RING] = 0;
    }
  }
}
