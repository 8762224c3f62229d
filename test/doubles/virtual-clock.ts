import { setImmediate } from "node:timers/promises";
import type { WallClock } from "../../orchestrator/ports.ts";
import type { Seconds } from "../../policies/contract/units.ts";

interface Sleeper {
  readonly timeS: Seconds;
  readonly wake: () => void;
}

/** Time that a test moves, for any number of sleepers. The wall clock can be put wrong. */
export class VirtualClock implements WallClock {
  wallOffsetMs = Date.parse("2026-11-23T08:00:00Z");
  #nowS = 0;
  readonly #sleepers = new Set<Sleeper>();

  nowS(): Seconds {
    return this.#nowS;
  }

  wallMs(): number {
    return this.wallOffsetMs + this.#nowS * 1000;
  }

  async sleepUntil(timeS: Seconds, signal: AbortSignal): Promise<void> {
    await setImmediate();
    if (timeS <= this.#nowS || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const wake = () => {
        this.#sleepers.delete(sleeper);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      const sleeper: Sleeper = { timeS, wake };
      this.#sleepers.add(sleeper);
      signal.addEventListener("abort", wake);
    });
  }

  /** Wakes each sleeper at its own time on the way, and lets it do what it then does. */
  async advanceTo(timeS: Seconds): Promise<void> {
    await settled();
    for (;;) {
      const nextS = Math.min(...[...this.#sleepers].map((sleeper) => sleeper.timeS));
      if (nextS > timeS) break;
      this.#nowS = Math.max(this.#nowS, nextS);
      for (const sleeper of [...this.#sleepers]) if (sleeper.timeS <= this.#nowS) sleeper.wake();
      await settled();
    }
    this.#nowS = Math.max(this.#nowS, timeS);
    await settled();
  }

  /** As time goes by itself until the promise is settled: to the next sleeper's time whenever nothing else goes on. */
  async until<T>(promise: Promise<T>): Promise<T> {
    let over = false;
    const end = () => {
      over = true;
    };
    promise.then(end, end);
    await settled();
    while (!over && this.#sleepers.size > 0) {
      await this.advanceTo(Math.min(...[...this.#sleepers].map((sleeper) => sleeper.timeS)));
    }
    return promise;
  }
}

/** Promises in flight, those that hang on each other included, have their turn. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await setImmediate();
}
