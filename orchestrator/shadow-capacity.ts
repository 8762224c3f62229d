import type { LaunchExpectation } from "../policies/contract/fleet.ts";
import type { Seconds } from "../policies/contract/units.ts";
import { Feed } from "./feed.ts";
import type { Capacity, Clock, InstanceReport, LaunchOutcome, LaunchRequest, Standby } from "./ports.ts";

/**
 * Capacity of a loop that only watches: no request leaves this process. Assumes that every launch is granted and takes as long as is
 * expected, and that nothing is taken back: in shadow nobody is asked, so nobody refuses.
 */
export class ShadowCapacity implements Capacity, Standby {
  readonly #clock: Clock;
  readonly #expected: LaunchExpectation;
  readonly #granted = new Map<string, string>();
  /** Rises with each start and end: what was on its way in an earlier life is not said in a later one. */
  readonly #lives = new Map<string, number>();
  readonly #reports = new Feed<InstanceReport>();

  constructor(clock: Clock, expected: LaunchExpectation) {
    this.#clock = clock;
    this.#expected = expected;
  }

  async launch({ clientToken }: LaunchRequest, signal: AbortSignal): Promise<LaunchOutcome> {
    const before = this.#granted.get(clientToken);
    if (before !== undefined) return { ok: true, providerId: before };
    const providerId = `shadow-${this.#granted.size}`;
    this.#granted.set(clientToken, providerId);
    return this.#started(providerId, this.#expected.warmS, signal);
  }

  start(providerId: string, signal: AbortSignal): Promise<LaunchOutcome> {
    return this.#started(providerId, this.#expected.warmAgainS, signal);
  }

  async #started(providerId: string, warmS: Seconds, signal: AbortSignal): Promise<LaunchOutcome> {
    const life = (this.#lives.get(providerId) ?? 0) + 1;
    this.#lives.set(providerId, life);
    const become = async (status: "warming" | "ready", afterS: Seconds): Promise<void> => {
      await this.#in(afterS, signal);
      if (!signal.aborted && this.#lives.get(providerId) === life) this.#reports.put({ providerId, status });
    };
    await this.#in(this.#expected.answerS, signal);
    become("warming", this.#expected.bootS).then(() => become("ready", warmS));
    return { ok: true, providerId };
  }

  async stop(providerId: string): Promise<"done"> {
    this.#lives.set(providerId, (this.#lives.get(providerId) ?? 0) + 1);
    return "done";
  }

  terminate(providerId: string): Promise<"done"> {
    return this.stop(providerId);
  }

  instances(signal: AbortSignal): AsyncIterable<InstanceReport> {
    return this.#reports.read(signal);
  }

  #in(seconds: Seconds, signal: AbortSignal): Promise<void> {
    return this.#clock.sleepUntil(this.#clock.nowS() + seconds, signal);
  }
}
