import type { Seconds } from "../../../policies/contract/units.ts";
import { DecodingHeap } from "./decoding-heap.ts";
import { blocksOf, KvBlocks } from "./kv-blocks.ts";
import { READING, type Requests, SlotQueue, WAITING } from "./requests.ts";
import { prefillPs, type StepTimes, stepsPs, stepsUntil } from "./step-times.ts";

/** What a replica can take. */
export interface ReplicaLimits {
  /** Tokens that its cache holds, of prompts and answers together, in blocks of 16. */
  readonly cacheTokens: number;
  readonly batchMax: number;
  /** Tokens of prompts that one step reads; a longer prompt is read in parts. Absent: all that come in. vLLM: max_num_batched_tokens. */
  readonly promptTokensMax?: number;
}

/** Told as it happens, in order of time. The request is still in its slot. */
export interface ReplicaHooks {
  finished(request: number, timeS: Seconds): void;
  /** It is admitted. @returns how many tokens, of what is to be read and from its beginning, need not be, since the replica holds them */
  admitted(request: number, timeS: Seconds): number;
  /** The cache is full, so it waits again, with the tokens that it has been given, and will be read anew. */
  preempted(request: number): void;
  /** It was taken out while it ran, and now its step has ended: it has been given so many tokens, here and elsewhere. */
  dropped(request: number, tokens: number, timeS: Seconds): void;
}

const PS = 1e-12;
/** Sums of picoseconds are whole numbers below 2^53; from here on they begin anew. */
const SUM_MAX_PS = 2 ** 52;
/** Share of the cache that an admission leaves free for those that run. Source: vLLM and Vidur (MLSys 2024): watermark, 1 %. */
const WATERMARK = 0.01;

/**
 * One replica with continuous batching, as vLLM has it: at every step each running request gains a token, and beside them up to so
 * many tokens of prompts are read, a long prompt in parts. What waits is admitted, first come first served, while the cache has
 * blocks for the whole prompt and 1 % besides. Answers take blocks as they grow; where none is left the youngest is preempted: it
 * waits again before all others, and what it had is read anew. So nothing knows how long an answer will be.
 *
 * All who decode gain tokens at one rate, so a **virtual token clock** counts the steps: a request ends when the clock reaches its
 * own count, and between two changes of the batch any number of steps is one sum, as is a long prompt that takes whole steps. A
 * request costs O(log running), however long its answer. Times are exactly those of the step-by-step loop (a test), since they are
 * sums of whole picoseconds from when the replica was last idle.
 * Source: Kwon et al., "PagedAttention", SOSP 2023, section 4; Agrawal et al., "Sarathi-Serve", OSDI 2024, section 4, chunked prefill.
 */
export class Replica {
  readonly #times: StepTimes;
  readonly #limits: ReplicaLimits;
  readonly #requests: Requests;
  readonly #hooks: ReplicaHooks;
  readonly #countedFromS: Seconds;
  readonly #waiting: SlotQueue;
  /** In order of admission, those that are read among them. */
  readonly #running: SlotQueue;
  readonly #decoding: DecodingHeap;
  readonly #blocks: KvBlocks;
  readonly #watermark: number;
  /** Of those that decode: tokens in the caches at the start of the stretch. */
  #context = 0;
  /** Steps done at the start of the stretch: the virtual token clock. */
  #clock = 0;
  /** Busy since, and up to the start of the stretch. */
  #originS: Seconds = 0;
  #sincePs = 0;
  #stretchS: Seconds = 0;
  /** The stretch's steps: how many, how long the first is, and how much longer each is than the one before. */
  #steps = 0;
  #firstPs = 0;
  #growthPs = 0;
  /** The stretch's only step reads these to the end: its end is their next token. */
  readonly #fresh: number[] = [];
  /** Read in part, the youngest of all; -1 when there is none. Tokens that are read of it, and how many more with each step. */
  #partial = -1;
  #read = 0;
  #readPerStep = 0;
  /** Taken out while they ran: they leave with the step under way. */
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
    this.#running = new SlotQueue(requests.queued);
    this.#decoding = new DecodingHeap(requests);
    this.#blocks = new KvBlocks(limits.cacheTokens);
    this.#watermark = Math.floor(WATERMARK * this.#blocks.total);
  }

  /** Running and waiting. */
  get load(): number {
    return this.#running.length + this.#waiting.length;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** When something next changes by itself: a prompt has been read, a request ends, the cache is full. Infinity when it is idle. */
  get nextS(): Seconds {
    return this.#running.length === 0 ? Infinity : this.#stepEndS(this.#steps);
  }

  /** Whether the request fits when it is alone; if not it must not come here. Its last token is given, and never held. */
  holds(request: number): boolean {
    return blocksOf(this.#tokensOf(request) - 1) <= this.#blocks.total;
  }

  enqueue(request: number, nowS: Seconds): void {
    if (!this.holds(request)) {
      throw new Error(
        `a request of ${this.#tokensOf(request)} tokens does not fit a cache of ${this.#limits.cacheTokens}`,
      );
    }
    this.#waiting.push(request);
    if (this.#running.length === 0) this.#start(nowS);
    else this.#letIn(nowS);
  }

  /** Carries out all that changes up to and including timeS. Arrivals of an instant are to be enqueued before. */
  advance(timeS: Seconds): void {
    for (let nextS = this.nextS; nextS <= timeS; nextS = this.nextS) this.#boundary(nextS);
  }

  /** Takes it out. @returns whether it has left: one that runs does so with its step, and is then `dropped`. */
  cancel(request: number, nowS: Seconds): boolean {
    if (this.#requests.heapAt[request] === WAITING) {
      this.#waiting.delete(request);
      this.#letIn(nowS); // who stood behind it may fit where it did not
      return true;
    }
    this.#leaving.push(request);
    this.#cutAt(nowS);
    return false;
  }

  /** Tokens in the caches of those that run, and of prompts that are being read. */
  cachedTokens(nowS: Seconds): number {
    if (this.#running.length === 0) return 0;
    const steps = this.#stepsBy(nowS);
    let tokens = this.#context + steps * this.#decoding.length;
    if (this.#partial >= 0) tokens += this.#read + steps * this.#readPerStep;
    for (const request of this.#fresh) tokens += this.#toRead(request);
    return tokens;
  }

  /** The one that runs with the smallest cache, and is not leaving; -1 for none. O(running). */
  get smallest(): number {
    let [best, fewest] = [-1, Infinity];
    for (const request of this.#running) {
      const tokens = this.#requests.promptTokens[request]! + this.#given(request);
      if (tokens >= fewest || this.#leaving.includes(request)) continue;
      [best, fewest] = [request, tokens];
    }
    return best;
  }

  /**
   * Loses what runs and waits, in order of admission, those that were leaving among them.
   * @param lost told of each, and of the tokens that it had been given, which are wasted
   */
  stop(nowS: Seconds, lost: (request: number, tokens: number) => void): void {
    this.advance(nowS);
    const steps = this.#running.length > 0 ? this.#stepsBy(nowS) : 0;
    this.#count(steps, nowS);
    this.#clock += steps;
    this.#leaving.length = this.#fresh.length = 0;
    for (const queue of [this.#running, this.#waiting]) {
      for (let request = queue.first; request >= 0; request = queue.first) {
        queue.delete(request);
        lost(request, this.#given(request));
      }
    }
  }

  // ── parts ──────────────────────────────────────────────────────────────────────────

  #tokensOf(request: number): number {
    return this.#requests.promptTokens[request]! + this.#requests.outputTokens[request]!;
  }

  /** What has to be read before it decodes: its prompt, and what it was given before it was preempted or came here. */
  #toRead(request: number): number {
    return this.#requests.promptTokens[request]! + this.#requests.given[request]!;
  }

  /** Tokens that it has been given, at the clock. */
  #given(request: number): number {
    const { heapAt, given, outputTokens } = this.#requests;
    if (heapAt[request]! < 0) return given[request]!;
    return outputTokens[request]! - (this.#decoding.endOf(request) - this.#clock);
  }

  #fits(request: number): boolean {
    const { held, total } = this.#blocks;
    const free = total - held - (this.#running.length > 0 ? this.#watermark : 0);
    return this.#running.length < this.#limits.batchMax && blocksOf(this.#toRead(request)) <= free;
  }

  /** Time at which the stretch has done so many steps. */
  #stepEndS(steps: number): Seconds {
    return this.#originS + (this.#sincePs + stepsPs(this.#firstPs, this.#growthPs, steps)) * PS;
  }

  /** Whoever waits first comes in with the next step, if it fits; one that reads leaves no room for it. */
  #letIn(nowS: Seconds): void {
    if (this.#readPerStep === 0 && this.#waiting.length > 0 && this.#fits(this.#waiting.first)) this.#cutAt(nowS);
  }

  /** The stretch ends with the step under way at nowS. */
  #cutAt(nowS: Seconds): void {
    if (this.#steps > 1) this.#steps = Math.min(this.#steps, this.#stepsUntilS(nowS));
  }

  /** The least number of steps, at least one, that end at nowS or later. */
  #stepsUntilS(nowS: Seconds): number {
    const ps = Math.max(1, (nowS - this.#originS) / PS - this.#sincePs);
    let steps = stepsUntil(this.#firstPs, this.#growthPs, ps);
    // Seconds hold fewer digits than picoseconds: the clock that others see decides.
    while (steps > 1 && this.#stepEndS(steps - 1) >= nowS) steps--;
    while (this.#stepEndS(steps) < nowS) steps++;
    return steps;
  }

  /** Whole steps done by nowS, which lies inside the stretch. */
  #stepsBy(nowS: Seconds): number {
    const steps = this.#stepsUntilS(nowS);
    return this.#stepEndS(steps) === nowS ? steps : steps - 1;
  }

  /** Accounts for so many steps of the stretch. */
  #count(steps: number, nowS: Seconds): void {
    this.tokensGenerated += steps * this.#decoding.length;
    if (nowS > this.#countedFromS && this.#running.length > 0) {
      this.busyS += nowS - Math.max(this.#stretchS, this.#countedFromS);
    }
  }

  /** The end of a stretch: who is done leaves, and the next begins. */
  #boundary(nowS: Seconds): void {
    const steps = this.#steps;
    this.#count(steps, nowS);
    this.#sincePs += stepsPs(this.#firstPs, this.#growthPs, steps);
    if (this.#sincePs > SUM_MAX_PS) [this.#originS, this.#sincePs] = [nowS, 0];
    this.#blocks.advance(this.#clock, steps, this.#decoding.length);
    this.#context += steps * this.#decoding.length;
    this.#clock += steps;
    this.#read += steps * this.#readPerStep;
    for (const request of this.#fresh) this.#decodes(request, nowS);
    this.#fresh.length = 0;
    if (this.#leaving.length > 0) this.#drop(nowS);
    while (this.#decoding.length > 0 && this.#decoding.firstEnd <= this.#clock) {
      const request = this.#decoding.first;
      this.#leave(request);
      this.#hooks.finished(request, nowS);
    }
    this.#begin(nowS);
  }

  /** It has been read, and so been given a token: it decodes from now on. */
  #decodes(request: number, nowS: Seconds): void {
    const { given, firstTokenS } = this.#requests;
    if (given[request] === 0) firstTokenS[request] = nowS;
    this.tokensGenerated++;
    this.#blocks.held -= blocksOf(this.#toRead(request));
    this.#join(request, 1);
  }

  /** It decodes from now on, with so many tokens beyond what was read of it. */
  #join(request: number, more: number): void {
    const { given, outputTokens } = this.#requests;
    const tokens = this.#toRead(request) + more;
    this.#context += tokens;
    this.#blocks.join(this.#clock, tokens);
    this.#decoding.push(this.#clock + outputTokens[request]! - given[request]! - more, request);
  }

  #drop(nowS: Seconds): void {
    for (const request of this.#leaving) this.#hooks.dropped(request, this.#leave(request), nowS);
    this.#leaving.length = 0;
  }

  /** It leaves the batch, and its blocks. @returns tokens that it has been given */
  #leave(request: number): number {
    const given = this.#given(request);
    const { heapAt, promptTokens } = this.#requests;
    if (heapAt[request] === READING) {
      this.#blocks.held -= blocksOf(this.#toRead(request));
      this.#partial = -1;
    } else {
      const tokens = promptTokens[request]! + given;
      this.#blocks.leave(this.#clock, tokens);
      this.#context -= tokens;
      this.#decoding.delete(request);
    }
    this.#running.delete(request);
    heapAt[request] = WAITING;
    return given;
  }

  #start(nowS: Seconds): void {
    this.#originS = nowS;
    this.#sincePs = 0;
    this.#begin(nowS);
  }

  /**
   * A stretch begins. Where prompts are read to their end it is one step; where one takes whole steps for itself, those; else as long
   * as nobody ends and there are blocks.
   */
  #begin(nowS: Seconds): void {
    this.#stretchS = nowS;
    while (this.#blocks.held > this.#blocks.total) this.#preempt();
    const most = this.#limits.promptTokensMax ?? Infinity;
    const left = this.#partial < 0 ? 0 : this.#toRead(this.#partial) - this.#read;
    this.#firstPs = this.#growthPs = 0;
    if (left > most) this.#readOn(most, Math.ceil(left / most) - 1);
    else this.#readIn(most, nowS);
    const decoding = this.#decoding.length;
    this.#firstPs += this.#times.fixedPs[decoding]! + this.#times.perContextTokenPs * this.#context;
    this.#growthPs += this.#times.perContextTokenPs * decoding;
    if (this.#steps > 1 && decoding > 0) {
      const steps = Math.min(this.#steps, this.#decoding.firstEnd - this.#clock);
      this.#steps = this.#blocks.stepsWithRoom(this.#clock, steps, decoding);
    }
  }

  /** The youngest goes back to the head of the queue. The oldest never does, since it fits alone: so all come to their end. */
  #preempt(): void {
    const request = this.#running.last;
    this.#requests.given[request] = this.#leave(request);
    this.#waiting.unshift(request);
    this.#hooks.preempted(request);
  }

  /** So many steps, each full of the one long prompt. */
  #readOn(perStep: number, steps: number): void {
    const { perPromptTokenSquaredPs } = this.#times;
    this.#readPerStep = perStep;
    this.#steps = steps;
    // It attends to what was read before: step by step (2 read + perStep) x perStep pairs, each 2 perStep^2 more.
    this.#firstPs += prefillPs(this.#times, perStep, (2 * this.#read + perStep) * perStep);
    this.#growthPs += perPromptTokenSquaredPs * 2 * perStep * perStep;
  }

  /**
   * One step, if there is anything to read: the rest of a prompt, and those who come in beside it. One whose cache has come along from
   * elsewhere has nothing to read, and decodes at once.
   */
  #readIn(most: number, nowS: Seconds): void {
    let tokens = 0;
    let squares = 0;
    this.#readPerStep = 0;
    if (this.#partial >= 0) {
      const whole = this.#toRead(this.#partial);
      tokens = whole - this.#read;
      squares = whole * whole - this.#read * this.#read;
      this.#fresh.push(this.#partial);
      this.#partial = -1;
    }
    for (let request = this.#waiting.first; request >= 0 && tokens < most; request = this.#waiting.first) {
      if (!this.#fits(request)) break;
      this.#waiting.delete(request);
      this.#running.push(request);
      this.#requests.heapAt[request] = READING;
      const held = this.#hooks.admitted(request, nowS);
      const whole = this.#toRead(request);
      if (held === whole && this.#requests.given[request]! > 0) {
        this.#join(request, 0);
        continue;
      }
      this.#blocks.held += blocksOf(whole);
      const to = Math.min(whole, held + most - tokens);
      tokens += to - held;
      squares += to * to - held * held; // what is read attends to what is held
      if (to === whole) {
        this.#fresh.push(request);
      } else {
        this.#partial = request;
        this.#read = held;
        this.#readPerStep = to - held;
      }
    }
    this.#steps = this.#fresh.length > 0 || this.#partial >= 0 ? 1 : Infinity;
    this.#firstPs += prefillPs(this.#times, tokens, squares);
  }
}
