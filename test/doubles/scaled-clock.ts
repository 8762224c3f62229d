import type { WallClock } from "../../orchestrator/ports.ts";
import { SystemClock } from "../../orchestrator/system-clock.ts";

/** Real time, so many times as fast: for what goes over a socket, where nobody can say when all has been delivered. */
export class ScaledClock implements WallClock {
  readonly #real = new SystemClock();
  readonly #startMs = Date.now();
  readonly #speed: number;

  constructor(speed: number) {
    this.#speed = speed;
  }

  nowS(): number {
    return this.#real.nowS() * this.#speed;
  }

  wallMs(): number {
    return this.#startMs + this.nowS() * 1000;
  }

  sleepUntil(timeS: number, signal: AbortSignal): Promise<void> {
    return this.#real.sleepUntil(timeS / this.#speed, signal);
  }
}
