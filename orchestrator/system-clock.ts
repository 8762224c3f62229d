import { performance } from "node:perf_hooks";
import { setImmediate, setTimeout } from "node:timers/promises";
import type { Seconds } from "../policies/contract/units.ts";
import type { WallClock } from "./ports.ts";

/** A timer of Node holds at most so many milliseconds; longer sleeps are made of several. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** The machine's clocks. Elapsed time is the monotonic one's, whatever happens to the wall clock. */
export class SystemClock implements WallClock {
  readonly #startMs = performance.now();

  nowS(): Seconds {
    return (performance.now() - this.#startMs) / 1000;
  }

  wallMs(): number {
    return Date.now();
  }

  async sleepUntil(timeS: Seconds, signal: AbortSignal): Promise<void> {
    await setImmediate();
    for (let leftMs = this.#leftMs(timeS); leftMs > 0 && !signal.aborted; leftMs = this.#leftMs(timeS)) {
      // An aborted sleep has ended, nothing more.
      await setTimeout(Math.min(Math.ceil(leftMs), TIMER_MS_MAX), undefined, { signal }).catch(() => {});
    }
  }

  #leftMs(timeS: Seconds): number {
    return (timeS - this.nowS()) * 1000;
  }
}
