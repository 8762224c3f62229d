import { setImmediate } from "node:timers/promises";
import FlatQueue from "flatqueue";
import type { WallClock } from "../../../orchestrator/ports.ts";
import type { Seconds } from "../../../policies/contract/units.ts";

/** More turns without any time are a loop that nothing ends. */
const TURNS_MAX = 2_000;

interface Waiting {
  act: (() => void) | undefined;
}

/**
 * The time of a simulated world. It stands still while anything can go on, and then moves to the next thing that waits. All that is
 * under way between two of them is a promise, so one turn of Node's loop lets all of it happen.
 */
export class VirtualTime {
  nowS: Seconds = 0;
  readonly #queue = new FlatQueue<Waiting>();
  #breaths: Waiting[] = [];

  /** @returns what takes it back */
  at(timeS: Seconds, act: () => void): () => void {
    const waiting: Waiting = { act };
    if (timeS > this.nowS) this.#queue.push(waiting, timeS);
    else this.#breaths.push(waiting);
    return () => {
      waiting.act = undefined;
    };
  }

  /** Until `endS`, or until `afterStep` says that it is enough. What is not ahead waits until all else has happened. */
  async run(endS: Seconds, afterStep: () => boolean): Promise<void> {
    for (let turns = 0; ; turns++) {
      await setImmediate();
      if (turns > TURNS_MAX) throw new Error(`time stands still at ${this.nowS} s: somebody is always awake`);
      if (this.#breaths.length > 0) {
        const breaths = this.#breaths;
        this.#breaths = [];
        for (const { act } of breaths) act?.();
        continue;
      }
      while (this.#queue.length > 0 && this.#queue.peek()!.act === undefined) this.#queue.pop();
      const nextS = this.#queue.peekValue();
      if (nextS === undefined || nextS > endS || afterStep()) return;
      this.nowS = nextS;
      turns = 0;
      while (this.#queue.peekValue() === nextS) this.#queue.pop()!.act?.();
    }
  }
}

/**
 * A process on a host. All that reaches a program reaches it through here, and so does all that it does: it can be killed between any
 * two steps, and what it had under way is then never heard of again; or paused, and hears everything late, as after a SIGSTOP.
 */
export class Process {
  readonly id: number;
  readonly clock: WallClock;
  /** Until when the store says that it may act. */
  leasedUntilS: Seconds = -Infinity;
  #is: "running" | "paused" | "dead" = "running";
  #late: (() => void)[] = [];

  /** @param wallOffsetMs of the host's time of day, which is nobody's else */
  constructor(id: number, time: VirtualTime, wallOffsetMs: () => number) {
    this.id = id;
    const startS = time.nowS;
    this.clock = {
      nowS: () => time.nowS - startS,
      wallMs: () => WALL_MS + time.nowS * 1000 + wallOffsetMs(),
      sleepUntil: (timeS, signal) =>
        new Promise((resolve) => {
          const isAhead = timeS > time.nowS - startS && !signal.aborted;
          const wake = () => {
            if (isAhead) signal.removeEventListener("abort", abort);
            this.deliver(resolve);
          };
          // A little late, as of every clock: sums of times are rounded, and who is woken too early would sleep for nothing.
          const takeBack = time.at(isAhead ? startS + timeS + LATE_S : -Infinity, wake);
          const abort = () => {
            takeBack();
            wake();
          };
          if (isAhead) signal.addEventListener("abort", abort);
        }),
    };
  }

  get isDead(): boolean {
    return this.#is === "dead";
  }

  deliver(act: () => void): void {
    if (this.#is === "running") act();
    else if (this.#is === "paused") this.#late.push(act);
  }

  kill(): void {
    this.#is = "dead";
    this.#late = [];
  }

  pause(): void {
    if (this.#is === "running") this.#is = "paused";
  }

  wake(): void {
    if (this.#is !== "paused") return;
    this.#is = "running";
    for (const act of this.#late.splice(0)) act();
  }
}

const LATE_S: Seconds = 1e-6;

export const WALL_MS = Date.parse("2026-11-23T08:00:00Z");
