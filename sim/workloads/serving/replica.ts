import type { Seconds } from "../../../policies/contract/units.ts";
import { grown, type Requests, SlotQueue } from "./requests.ts";
import { prefillPs, type StepTimes, stepsPs, stepsUntil } from "./step-times.ts";

/** What a replica can take. */
export interface ReplicaLimits {
  /** Tokens that its cache holds, of prompts and answers together. */
  readonly cacheTokens: number;
  readonly batchMax: number;
  /** Tokens of prompts that one step reads; a longer prompt is read alone. Absent: all that come in. vLLM: max_num_batched_tokens. */
  readonly promptTokensMax?: number;
}

/** Told as it happens, in order of time. The request is still in its slot. */
export interface ReplicaHooks {
  finished(request: number, timeS: Seconds): void;
  /** It is admitted. @returns how many tokens at the beginning of its prompt need not be read, since the replica holds them */
  admitted(request: number): number;
  /** It was given up while it ran, and now its step has ended: what it had been given is wasted. */
  dropped(request: number, tokens: number): void;
}

const PS = 1e-12;

/**
 * One replica with continuous batching: at every step each running request gains a token, and what waits is admitted, first come
 * first served, while the cache has room for its prompt and its answer. Assumes that the length of the answer is known for the
 * room it takes, so nothing is ever preempted for lack of cache; and that a prompt is read in one step, beside a token for each
 * running request, and never in parts.
 *
 * All running requests gain tokens at one rate, so a **virtual token clock** counts the steps: a request ends when the clock
 * reaches its own count, and between two changes of the batch any number of steps is one sum. A request costs O(log running),
 * however long its answer. Times are exactly those of the step-by-step loop (a test), since a stretch is summed in whole
 * picoseconds.
 */
export class Replica {
  readonly #times: StepTimes;
  readonly #limits: ReplicaLimits;
  readonly #requests: Requests;
  readonly #hooks: ReplicaHooks;
  readonly #countedFromS: Seconds;
  readonly #waiting: SlotQueue;
  // The running ones: a heap by the step in which each ends, ties by admission.
  #endStep = new Float64Array(32);
  #order = new Float64Array(32);
  #slot = new Int32Array(32);
  #running = 0;
  #admitted = 0;
  /** Tokens reserved: prompts and whole answers of the running. */
  #reserved = 0;
  /** Tokens in the caches at the start of the stretch. */
  #context = 0;
  /** Steps done at the start of the stretch: the virtual token clock. */
  #clock = 0;
  #stretchS: Seconds = 0;
  #stretchSteps = 0;
  /** Of the prompts read in the stretch's only step; 0 for a stretch of decoding alone. */
  #prefillPs = 0;
  /** Admitted at the start of the stretch, whose only step reads their prompts: its end is their first token. */
  readonly #fresh: number[] = [];
  /** Given up while they ran: they leave with the step under way. */
  readonly #leaving: number[] = [];
  /** Tokens that requests have been given here. */
  tokensGenerated = 0;
  /** Seconds in which a step was under way, from countedFromS on. */
  busyS: Seconds = 0;

  constructor(times: StepTimes, limits: ReplicaLimits, requests: Requests, hooks: ReplicaHooks, countedFromS = 0) {
    this.#times = times;
    this.#limits = limits;
    this.#requests = requests;
    this.#hooks = hooks;
    this.#countedFromS = countedFromS;
    this.#waiting = new SlotQueue(requests.queued);
  }

  /** Running and waiting. */
  get load(): number {
    return this.#running + this.#waiting.length;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** When something next changes by itself: a prompt has been read, or a request ends. Infinity when it is idle. */
  get nextS(): Seconds {
    return this.#running === 0 ? Infinity : this.#stepEndS(this.#stretchSteps);
  }

  /** Whether the request fits when it is alone; if not it must not come here. */
  holds(request: number): boolean {
    return this.#tokensOf(request) <= this.#limits.cacheTokens;
  }

  enqueue(request: number, nowS: Seconds): void {
    if (!this.holds(request)) {
      throw new Error(
        `a request of ${this.#tokensOf(request)} tokens does not fit a cache of ${this.#limits.cacheTokens}`,
      );
    }
    this.#waiting.push(request);
    if (this.#running === 0) this.#begin(nowS);
    else this.#letIn(nowS);
  }

  /** Carries out all that changes up to and including timeS. Arrivals of an instant are to be enqueued before. */
  advance(timeS: Seconds): void {
    for (let nextS = this.nextS; nextS <= timeS; nextS = this.nextS) this.#boundary(nextS);
  }

  /** The client gives it up. @returns whether it has left: one that runs does so with its step, and is then `dropped`. */
  cancel(request: number, nowS: Seconds): boolean {
    if (this.#requests.heapAt[request]! < 0) {
      this.#waiting.delete(request);
      this.#letIn(nowS); // who stood behind it may fit where it did not
      return true;
    }
    this.#leaving.push(request);
    this.#cutAt(nowS);
    return false;
  }

  /**
   * Loses what runs and waits, in order of admission, those that were leaving among them.
   * @param lost told of each, and of the tokens that it had been given, which are wasted
   */
  stop(nowS: Seconds, lost: (request: number, tokens: number) => void): void {
    this.advance(nowS);
    const count = this.#running;
    const running = Array.from({ length: count }, (_, i) => i).sort((a, b) => this.#order[a]! - this.#order[b]!);
    const done = count > 0 ? this.#stepsBy(nowS) : 0;
    if (count > 0) this.#count(done, nowS);
    this.#running = 0;
    this.#leaving.length = this.#fresh.length = 0;
    this.#reserved = this.#context = 0;
    for (const i of running) lost(this.#slot[i]!, this.#tokensOfHeap(i, done));
    for (let request = this.#waiting.first; request >= 0; request = this.#waiting.first) {
      this.#waiting.delete(request);
      lost(request, 0);
    }
  }

  // ── parts ──────────────────────────────────────────────────────────────────────────

  #tokensOf(request: number): number {
    return this.#requests.promptTokens[request]! + this.#requests.outputTokens[request]!;
  }

  /** Given to the request at a place of the heap, once the stretch has done so many steps. */
  #tokensOfHeap(at: number, steps: number): number {
    return this.#clock + steps - (this.#endStep[at]! - this.#requests.outputTokens[this.#slot[at]!]!);
  }

  #fits(request: number): boolean {
    return (
      this.#running < this.#limits.batchMax && this.#reserved + this.#tokensOf(request) <= this.#limits.cacheTokens
    );
  }

  /** Time at which the stretch has done so many steps. */
  #stepEndS(steps: number): Seconds {
    const decoding = this.#running - this.#fresh.length;
    return this.#stretchS + (this.#prefillPs + stepsPs(this.#times, decoding, this.#context, steps)) * PS;
  }

  /** Whoever waits first comes in with the next step, if it fits. */
  #letIn(nowS: Seconds): void {
    if (this.#waiting.length > 0 && this.#fits(this.#waiting.first)) this.#cutAt(nowS);
  }

  /** The stretch ends with the step under way at nowS; one that reads prompts is a single step. */
  #cutAt(nowS: Seconds): void {
    if (this.#fresh.length > 0) return;
    const steps = this.#stepsUntilS(nowS);
    if (steps < this.#stretchSteps) this.#stretchSteps = steps;
  }

  /** The least number of steps, at least one, that end at nowS or later. */
  #stepsUntilS(nowS: Seconds): number {
    const ps = Math.max(1, (nowS - this.#stretchS) / PS);
    let steps = stepsUntil(this.#times, this.#running, this.#context, ps);
    // Seconds hold fewer digits than picoseconds: the clock that others see decides.
    while (steps > 1 && this.#stepEndS(steps - 1) >= nowS) steps--;
    while (this.#stepEndS(steps) < nowS) steps++;
    return steps;
  }

  /** Whole steps done by nowS, which lies inside the stretch. */
  #stepsBy(nowS: Seconds): number {
    if (this.#fresh.length > 0) return 0;
    const steps = this.#stepsUntilS(nowS);
    return this.#stepEndS(steps) === nowS ? steps : steps - 1;
  }

  /** Accounts for so many steps, which end the stretch. */
  #count(steps: number, nowS: Seconds): void {
    this.tokensGenerated += steps * this.#running;
    if (nowS > this.#countedFromS) this.busyS += nowS - Math.max(this.#stretchS, this.#countedFromS);
  }

  /** The end of a stretch: who is done leaves, and the next begins. */
  #boundary(nowS: Seconds): void {
    const steps = this.#stretchSteps;
    const fresh = this.#fresh;
    this.#count(steps, nowS);
    this.#clock += steps;
    this.#context += steps * (this.#running - fresh.length);
    if (fresh.length > 0) {
      const { promptTokens, firstTokenS } = this.#requests;
      for (let i = 0; i < fresh.length; i++) {
        this.#context += promptTokens[fresh[i]!]! + 1;
        firstTokenS[fresh[i]!] = nowS;
      }
      fresh.length = 0;
    }
    if (this.#leaving.length > 0) this.#drop();
    while (this.#running > 0 && this.#endStep[0]! <= this.#clock) this.#finish(nowS);
    this.#begin(nowS);
  }

  /** Who fits comes in, and a stretch begins: one step if prompts are to be read, else until the next request ends. */
  #begin(nowS: Seconds): void {
    this.#stretchS = nowS;
    const { promptTokens } = this.#requests;
    const most = this.#limits.promptTokensMax ?? Infinity;
    let tokens = 0;
    let squares = 0;
    for (let request = this.#waiting.first; request >= 0 && this.#fits(request); request = this.#waiting.first) {
      const prompt = promptTokens[request]!;
      // By the whole prompt: what the replica holds of it is known when it is admitted.
      if (tokens > 0 && tokens + prompt > most) break;
      this.#waiting.delete(request);
      const held = this.#hooks.admitted(request);
      tokens += prompt - held;
      squares += prompt * prompt - held * held; // what is read attends to what is held
      this.#fresh.push(request);
      this.#reserved += this.#tokensOf(request);
      this.#push(this.#clock + this.#requests.outputTokens[request]!, this.#admitted++, request);
    }
    if (this.#running === 0) return;
    this.#prefillPs = prefillPs(this.#times, tokens, squares);
    this.#stretchSteps = this.#fresh.length > 0 ? 1 : this.#endStep[0]! - this.#clock;
  }

  #finish(nowS: Seconds): void {
    const request = this.#slot[0]!;
    this.#leave(request, this.#requests.outputTokens[request]!);
    this.#hooks.finished(request, nowS);
  }

  #drop(): void {
    for (const request of this.#leaving) {
      const tokens = this.#tokensOfHeap(this.#requests.heapAt[request]!, 0);
      this.#leave(request, tokens);
      this.#hooks.dropped(request, tokens);
    }
    this.#leaving.length = 0;
  }

  #leave(request: number, tokens: number): void {
    this.#reserved -= this.#tokensOf(request);
    this.#context -= this.#requests.promptTokens[request]! + tokens;
    this.#remove(this.#requests.heapAt[request]!);
    this.#requests.heapAt[request] = -1;
  }

  #push(endStep: number, order: number, request: number): void {
    if (this.#running === this.#slot.length) this.#grow();
    this.#rise(this.#running++, endStep, order, request);
  }

  #remove(at: number): void {
    const last = --this.#running;
    if (at === last) return;
    const [endStep, order, slot] = [this.#endStep[last]!, this.#order[last]!, this.#slot[last]!];
    if (at > 0 && !this.#before((at - 1) >> 1, endStep, order)) this.#rise(at, endStep, order, slot);
    else this.#sink(at, endStep, order, slot);
  }

  #rise(from: number, endStep: number, order: number, slot: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.#before(parent, endStep, order)) break;
      this.#put(at, this.#endStep[parent]!, this.#order[parent]!, this.#slot[parent]!);
      at = parent;
    }
    this.#put(at, endStep, order, slot);
  }

  #sink(from: number, endStep: number, order: number, slot: number): void {
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.#running) break;
      if (child + 1 < this.#running && this.#before(child + 1, this.#endStep[child]!, this.#order[child]!)) child++;
      if (!this.#before(child, endStep, order)) break;
      this.#put(at, this.#endStep[child]!, this.#order[child]!, this.#slot[child]!);
      at = child;
    }
    this.#put(at, endStep, order, slot);
  }

  #before(at: number, endStep: number, order: number): boolean {
    return this.#endStep[at]! < endStep || (this.#endStep[at]! === endStep && this.#order[at]! < order);
  }

  #put(at: number, endStep: number, order: number, slot: number): void {
    this.#endStep[at] = endStep;
    this.#order[at] = order;
    this.#slot[at] = slot;
    this.#requests.heapAt[slot] = at;
  }

  #grow(): void {
    const length = 2 * this.#slot.length;
    this.#endStep = grown(this.#endStep, new Float64Array(length));
    this.#order = grown(this.#order, new Float64Array(length));
    this.#slot = grown(this.#slot, new Int32Array(length));
  }
}
