import type { Seconds } from "../../policies/contract/units.ts";
import type { Clock } from "../ports.ts";
import { TokenBucket } from "./token-bucket.ts";
import { codeOf, type Verdict, verdictOf } from "./verdict.ts";

/** launch: adds cost. write: other changes. safety: ends cost or traffic, and has the reserve of the buckets. */
export type CallKind = "read" | "launch" | "write" | "safety";

/** What is called, and how long it may take in all; attemptS: and one attempt, where 10 s are not enough. */
export interface Call {
  readonly name: string;
  readonly kind: CallKind;
  readonly withinS: Seconds;
  readonly attemptS?: Seconds;
}

/** One attempt on the wire, for metrics and logs. Holds nothing that was sent. */
export interface Attempt {
  readonly call: string;
  readonly attempt: number;
  /** "ok", or the error code. */
  readonly code: string;
  readonly tookS: Seconds;
}

/** A call that ended without what was asked for. */
export class CallFailure extends Error {
  override readonly name = "CallFailure";
  readonly call: string;
  readonly code: string;
  readonly verdict: Verdict;

  constructor(call: string, code: string, verdict: Verdict, cause?: unknown) {
    const said = cause instanceof Error ? `: ${cause.message}` : "";
    super(`${call}: ${code}${said}`, { cause });
    this.call = call;
    this.code = code;
    this.verdict = verdict;
  }
}

/** One attempt may take so long; then it is unknown, and the same request goes out again. */
const ATTEMPT_S = 10;
/** Between attempts: uniform in [0, 0.5 x 2^n), at most so long. "Full jitter": AWS Architecture Blog, 2015. */
const PAUSE_S_FIRST = 0.5;
const PAUSE_S_MAX = 20;

/**
 * The one owner of deadlines, retries and rates of all calls to AWS: the SDK's own are turned off, so that no attempt is hidden. All
 * our calls may be repeated: they change nothing, name what they end, or carry a token.
 *
 * Limits: those that Karpenter's fake of EC2 assumes (kwok/ec2/ratelimiting.go), per account and region; a fifth of the writes is kept
 * for safety.
 */
export class Calls {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #onAttempt: (attempt: Attempt) => void;
  readonly #mayChangeUntilS: () => Seconds;
  readonly #reads = new TokenBucket({ perS: 20, burst: 100, reserve: 10 });
  readonly #writes = new TokenBucket({ perS: 5, burst: 50, reserve: 10 });
  readonly #launches = new TokenBucket({ perS: 2, burst: 5 });

  /**
   * @param options random: uniform in [0, 1), for the jitter. mayChangeUntilS: until when this process may change anything; no attempt
   * to is begun that could last longer.
   */
  constructor(
    clock: Clock,
    options: {
      readonly random: () => number;
      readonly onAttempt?: (attempt: Attempt) => void;
      readonly mayChangeUntilS?: () => Seconds;
    },
  ) {
    this.#clock = clock;
    this.#random = options.random;
    this.#onAttempt = options.onAttempt ?? (() => {});
    this.#mayChangeUntilS = options.mayChangeUntilS ?? (() => Infinity);
  }

  /**
   * Sends until there is an answer, or the deadline has come.
   *
   * @param send one attempt; what it sends must be the same each time
   * @throws CallFailure: at once for what no repetition changes; "unknown", "throttled" or "absent" at the deadline. The signal's
   * reason once it aborts.
   */
  async call<T>(
    { name, kind, withinS, attemptS = ATTEMPT_S }: Call,
    signal: AbortSignal,
    send: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const clock = this.#clock;
    const deadlineS = clock.nowS() + withinS;
    let last: CallFailure | undefined;
    for (let attempt = 1; ; attempt++) {
      const pauseS = attempt === 1 ? 0 : this.#pauseS(attempt);
      if (!(await this.#mayGo(kind, clock.nowS() + pauseS, deadlineS, signal))) {
        throw last ?? new CallFailure(name, "RateLimited", { is: "throttled" });
      }
      const sentS = clock.nowS();
      const note = (code: string) => this.#onAttempt({ call: name, attempt, code, tookS: clock.nowS() - sentS });
      const limitS = Math.min(attemptS, deadlineS - sentS);
      if (kind !== "read" && sentS + limitS > this.#mayChangeUntilS()) {
        note("NoLease");
        last ??= new CallFailure(name, "NoLease", { is: "throttled" });
        continue;
      }
      try {
        const answer = await this.#within(limitS, signal, send);
        note("ok");
        return answer;
      } catch (error) {
        signal.throwIfAborted();
        const failure = new CallFailure(name, codeOf(error), verdictOf(error), error);
        note(failure.code);
        if (!isWorthRepeating(failure.verdict)) throw failure;
        last = failure;
      }
    }
  }

  /** Until it succeeds: for calls that must not be given up. Refusals of any kind are told to the attempts' observer only. */
  async insist<T>(call: Call, signal: AbortSignal, send: (signal: AbortSignal) => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await this.call(call, signal, send);
      } catch (error) {
        if (!(error instanceof CallFailure) || error.verdict.is === "absent" || error.verdict.is === "wrong")
          throw error;
        await this.#clock.sleepUntil(this.#clock.nowS() + PAUSE_S_MAX, signal);
        signal.throwIfAborted();
      }
    }
  }

  #pauseS(attempt: number): Seconds {
    return this.#random() * Math.min(PAUSE_S_MAX, PAUSE_S_FIRST * 2 ** (attempt - 1));
  }

  /** Waits for the time and for its turn, and takes it; false when that would be past the deadline. */
  async #mayGo(kind: CallKind, fromS: Seconds, deadlineS: Seconds, signal: AbortSignal): Promise<boolean> {
    const clock = this.#clock;
    const safety = kind === "safety";
    const buckets =
      kind === "read" ? [this.#reads] : kind === "launch" ? [this.#launches, this.#writes] : [this.#writes];
    let goS = fromS;
    for (;;) {
      if (goS >= deadlineS) return false;
      if (goS > clock.nowS()) await clock.sleepUntil(goS, signal);
      signal.throwIfAborted();
      const nowS = clock.nowS();
      goS = Math.max(...buckets.map((bucket) => bucket.readyS(nowS, safety)));
      if (goS > nowS) continue;
      for (const bucket of buckets) bucket.take();
      return true;
    }
  }

  async #within<T>(seconds: Seconds, signal: AbortSignal, send: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const attempt = new AbortController();
    const end = () => attempt.abort(OVER);
    signal.addEventListener("abort", end);
    // A client that does not heed its signal is left behind all the same.
    const over = this.#clock.sleepUntil(this.#clock.nowS() + seconds, attempt.signal).then(() => OVER);
    try {
      const answer = await Promise.race([send(attempt.signal), over]);
      if (answer === OVER) throw new TimeoutError(`no answer within ${seconds} s`);
      return answer as T;
    } finally {
      end();
      signal.removeEventListener("abort", end);
    }
  }
}

/** Why an attempt's signal aborts. */
const OVER = Symbol("the attempt is over");

class TimeoutError extends Error {
  override readonly name = "TimeoutError";
}

const isWorthRepeating = ({ is }: Verdict): boolean => is === "throttled" || is === "unknown" || is === "absent";
