import type { Seconds } from "../../../policies/contract/units.ts";
import { LatencyHistogram } from "../../latency-histogram.ts";
import type { RequestParams } from "../serving-params.ts";

/** Why a request was never answered. */
export type FailedBy = "lost" | "timedOut" | "tooLong";

/** What became of the requests that arrived in one part of the run. */
class Tally {
  arrived = 0;
  completed = 0;
  readonly failed = { lost: 0, timedOut: 0, tooLong: 0 };
  /** Tries that ended without an answer, by what ended them. */
  readonly broken = { lost: 0, timedOut: 0 };
  preempted = 0;
  served = 0;
  /** Admissions to a replica that held the beginning of the prompt, and to one that did not. */
  readonly prefixes = { held: 0, read: 0 };
  tokensReturned = 0;
  tokensWasted = 0;
  /** Those that went on elsewhere, those that began again there, and what the former waited for and read. */
  moved = 0;
  restarted = 0;
  pausedS = 0;
  tokensRecomputed = 0;

  get decided(): number {
    return this.completed + this.failed.lost + this.failed.timedOut + this.failed.tooLong;
  }
}

/** The metrics of requests. Those that arrive in the warm-up are in none, but in the accounts that must close. */
export class RequestAccounts {
  readonly measuredFromS: Seconds;
  readonly #horizonS: Seconds;
  readonly #slo: Required<NonNullable<RequestParams["slo"]>> | undefined;
  readonly #warmUp = new Tally();
  readonly #measured = new Tally();
  readonly #ttft = new LatencyHistogram();
  readonly #tpot = new LatencyHistogram();
  /** Of those answered by their first try, and of the others. */
  readonly #latency = new LatencyHistogram();
  readonly #retried = new LatencyHistogram();
  /** Of replicas, by what came along. */
  readonly #moves = { whole: 0, partly: 0, failed: 0 };
  #tokensOpen = 0;
  #open = 0;
  /** Requests that have arrived and whose end is not known, integrated over the measured time with arrivals. */
  #inFlight = 0;
  #inFlightAtLast = 0;
  #inFlightS = 0;
  #countedS: Seconds;

  constructor(slo: RequestParams["slo"], measuredFromS: Seconds, horizonS: Seconds) {
    this.#slo = slo && { ttftS: Infinity, tpotS: Infinity, latencyS: Infinity, ...slo };
    this.measuredFromS = measuredFromS;
    this.#horizonS = horizonS;
    this.#countedS = measuredFromS;
  }

  arrived(nowS: Seconds): void {
    this.#count(1, nowS);
    this.#inFlightAtLast = this.#inFlight;
    this.#of(nowS).arrived++;
  }

  /** All tokens are there. What of an earlier try the client has seen is thrown away, so its first token is this try's. */
  completed(arrivalS: Seconds, firstTokenS: Seconds, nowS: Seconds, tokens: number, retries: number): void {
    this.#count(-1, nowS);
    const tally = this.#of(arrivalS);
    tally.completed++;
    tally.tokensReturned += tokens;
    if (tally === this.#warmUp) return;
    const ttftS = firstTokenS - arrivalS;
    const tpotS = tokens > 1 ? (nowS - firstTokenS) / (tokens - 1) : 0;
    const latencyS = nowS - arrivalS;
    this.#ttft.add(ttftS);
    if (tokens > 1) this.#tpot.add(tpotS);
    if (retries === 0) this.#latency.add(latencyS);
    else this.#retried.add(latencyS);
    const slo = this.#slo;
    if (slo !== undefined && ttftS <= slo.ttftS && tpotS <= slo.tpotS && latencyS <= slo.latencyS) tally.served++;
  }

  failed(arrivalS: Seconds, by: FailedBy, nowS: Seconds): void {
    this.#count(-1, nowS);
    this.#of(arrivalS).failed[by]++;
  }

  /** A try of it came to nothing. */
  broken(arrivalS: Seconds, by: "lost" | "timedOut"): void {
    this.#of(arrivalS).broken[by]++;
  }

  /** It lost its place in a cache that was full, and will be read anew. */
  preempted(arrivalS: Seconds): void {
    this.#of(arrivalS).preempted++;
  }

  prefix(arrivalS: Seconds, isHeld: boolean): void {
    this.#of(arrivalS).prefixes[isHeld ? "held" : "read"]++;
  }

  wasted(arrivalS: Seconds, tokens: number): void {
    this.#of(arrivalS).tokensWasted += tokens;
  }

  /** It runs again elsewhere after a pause, where so many of its tokens had to be read. */
  goesOn(arrivalS: Seconds, pausedS: Seconds, tokensRead: number): void {
    const tally = this.#of(arrivalS);
    tally.moved++;
    tally.pausedS += pausedS;
    tally.tokensRecomputed += tokensRead;
  }

  /** It is sent elsewhere, where it begins again. */
  restarted(arrivalS: Seconds, tokens: number): void {
    const tally = this.#of(arrivalS);
    tally.restarted++;
    tally.tokensWasted += tokens;
  }

  /** The replica is gone: so many of its requests had their caches come along, so many had not. */
  moveEnded(
    { moved, left, share }: { readonly moved: number; readonly left: number; readonly share: number },
    nowS: Seconds,
  ): void {
    if (nowS < this.measuredFromS || moved + left === 0) return;
    if (left === 0 && share === 1) this.#moves.whole++;
    else this.#moves[moved === 0 ? "failed" : "partly"]++;
  }

  /** The run ends: so many requests are under way, and have been given so many tokens. */
  close(requests: number, tokens: number): void {
    this.#open = requests;
    this.#tokensOpen = tokens;
    this.#count(0, this.#horizonS);
  }

  outcome(): Record<string, number> {
    const { arrived, completed, failed, broken, served, tokensReturned, tokensWasted, decided } = this.#measured;
    const { held, read } = this.#measured.prefixes;
    const { moved, restarted, pausedS, tokensRecomputed } = this.#measured;
    const { whole, partly, failed: movesFailed } = this.#moves;
    const measuredS = this.#horizonS - this.measuredFromS;
    const all = new LatencyHistogram();
    all.merge(this.#latency);
    all.merge(this.#retried);
    const metrics: Record<string, number> = {
      requestsArrived: arrived,
      requestsCompleted: completed,
      requestsLost: failed.lost,
      requestsTimedOut: failed.timedOut,
      requestsTooLong: failed.tooLong,
      requestsOpen: arrived - decided,
      triesLost: broken.lost,
      triesTimedOut: broken.timedOut,
      preemptions: this.#measured.preempted,
      tokensReturned,
      tokensWasted,
      moves: whole + partly + movesFailed,
      movesWhole: whole,
      movesPartly: partly,
      movesFailed,
      requestsMoved: moved,
      requestsRestarted: restarted,
      tokensRecomputed,
      requestsInFlightMean: this.#inFlightS / measuredS,
      requestsInFlightEnd: this.#inFlightAtLast,
      ...quantilesOf("ttft", this.#ttft),
      ...quantilesOf("tpot", this.#tpot),
      ...quantilesOf("latency", all),
      ...quantilesOf("retriedLatency", this.#retried),
    };
    if (arrived > 0) metrics.requestsCompletedShare = completed / arrived;
    if (tokensReturned + tokensWasted > 0) metrics.wastedTokenShare = tokensWasted / (tokensReturned + tokensWasted);
    if (held + read > 0) metrics.prefixHitShare = held / (held + read);
    if (moved > 0) metrics.movePauseMeanS = pausedS / moved;
    if (this.#slo !== undefined) {
      metrics.goodputPerS = served / measuredS;
      if (arrived > 0) metrics.sloShare = served / arrived;
    }
    return metrics;
  }

  /** @param arrived, tokensGenerated counted by others. Throws if a request or a token has got lost, or become two. */
  check(arrived: number, tokensGenerated: number): void {
    const [warmUp, measured] = [this.#warmUp, this.#measured];
    const decided = warmUp.decided + measured.decided;
    if (warmUp.arrived + measured.arrived !== arrived || decided + this.#open !== arrived) {
      throw new Error(
        `${arrived} requests arrived, but the end of ${decided} is known and ${this.#open} are under way`,
      );
    }
    const returned = warmUp.tokensReturned + measured.tokensReturned;
    const wasted = warmUp.tokensWasted + measured.tokensWasted;
    if (returned + wasted + this.#tokensOpen !== tokensGenerated) {
      throw new Error(
        `${tokensGenerated} tokens were generated, but ${returned} returned, ${wasted} wasted and ${this.#tokensOpen} are under way`,
      );
    }
  }

  #of(arrivalS: Seconds): Tally {
    return arrivalS < this.measuredFromS ? this.#warmUp : this.#measured;
  }

  #count(change: number, nowS: Seconds): void {
    const toS = Math.min(nowS, this.#horizonS);
    if (toS > this.#countedS) {
      this.#inFlightS += this.#inFlight * (toS - this.#countedS);
      this.#countedS = toS;
    }
    this.#inFlight += change;
  }
}

/** Mean and quantiles of durations; nothing of none. */
function quantilesOf(name: string, seen: LatencyHistogram): Record<string, number> {
  if (seen.count === 0) return {};
  return {
    [`${name}MeanS`]: seen.meanS,
    [`${name}P50S`]: seen.quantileS(0.5),
    [`${name}P90S`]: seen.quantileS(0.9),
    [`${name}P95S`]: seen.quantileS(0.95),
    [`${name}P99S`]: seen.quantileS(0.99),
  };
}
