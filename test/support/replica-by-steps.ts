import type { ReplicaLimits } from "../../sim/workloads/serving/replica.ts";
import type { StepTimes } from "../../sim/workloads/serving/step-times.ts";

/** A try of a request. */
export interface SteppedTry {
  readonly prompt: number;
  readonly output: number;
  /** Tokens that it has been given. */
  done: number;
  /** Of `toRead`, how many are in the cache. */
  read: number;
  toRead: number;
  firstTokenS: number;
  /** Its client has turned away. */
  isGone: boolean;
}

export const steppedTry = (prompt: number, output: number): SteppedTry => ({
  prompt,
  output,
  done: 0,
  read: 0,
  toRead: prompt,
  firstTokenS: -1,
  isGone: false,
});

const BLOCK = 16;
const blocks = (tokens: number) => Math.floor((tokens + BLOCK - 1) / BLOCK);
const PS_PER_S = 1e-12;

/**
 * The oracle of a replica: one step after the other, all requests counted anew in each, time in whole picoseconds as big integers.
 * It has no clock of tokens, no heap, no phases of blocks and no stretches.
 */
export class ReplicaBySteps<Try extends SteppedTry> {
  waiting: Try[] = [];
  /** In order of admission. */
  running: Try[] = [];
  stepEndS = Infinity;
  tokensGenerated = 0;
  preemptions = 0;
  partsRead = 0;
  readonly #times: StepTimes;
  readonly #limits: ReplicaLimits;
  #chunks = new Map<Try, number>();
  #originS = 0;
  #ps = 0n;

  constructor(times: StepTimes, limits: ReplicaLimits) {
    this.#times = times;
    this.#limits = limits;
  }

  /** Who finds it idle starts it; others of that instant come in with the next step. */
  enqueue(each: Try, nowS: number): void {
    this.waiting.push(each);
    if (this.running.length > 0) return;
    this.#originS = nowS;
    this.#ps = 0n;
    this.#plan();
  }

  /** The client of a waiting one turns away at once, that of a running one with its step. */
  cancel(each: Try): boolean {
    each.isGone = true;
    const waited = this.waiting.includes(each);
    this.waiting = this.waiting.filter((other) => other !== each);
    return waited;
  }

  /** Ends the step under way and plans the next. */
  step(): { readonly finished: readonly Try[]; readonly gone: readonly Try[] } {
    const nowS = this.stepEndS;
    for (const each of this.running) {
      if (each.read === each.toRead) {
        each.done++;
        this.tokensGenerated++;
        continue;
      }
      const part = this.#chunks.get(each) ?? 0;
      each.read += part;
      if (each.read < each.toRead) {
        if (part > 0) this.partsRead++;
        continue;
      }
      each.done++;
      this.tokensGenerated++;
      if (each.firstTokenS < 0) each.firstTokenS = nowS;
    }
    const gone = this.running.filter(({ isGone }) => isGone);
    const finished = this.running.filter(({ isGone, done, output }) => !isGone && done === output);
    this.running = this.running.filter(({ isGone, done, output }) => !isGone && done < output);
    this.#plan();
    return { finished, gone };
  }

  #plan(): void {
    const { cacheTokens, batchMax, promptTokensMax = Infinity } = this.#limits;
    const total = Math.floor(cacheTokens / BLOCK);
    const held = () =>
      this.running.reduce(
        (sum, { prompt, done, read, toRead }) => sum + blocks(read === toRead ? prompt + done : toRead),
        0,
      );
    while (held() > total) {
      const youngest = this.running.pop()!;
      youngest.toRead = youngest.prompt + youngest.done;
      youngest.read = 0;
      this.waiting.unshift(youngest);
      this.preemptions++;
    }
    this.#chunks = new Map();
    let budget = promptTokensMax;
    const takePart = (each: Try) => {
      const part = Math.min(budget, each.toRead - each.read);
      this.#chunks.set(each, part);
      budget -= part;
    };
    for (const each of this.running) if (each.read < each.toRead) takePart(each);
    while (this.waiting.length > 0 && budget > 0 && this.running.length < batchMax) {
      const next = this.waiting[0]!;
      const reserve = this.running.length === 0 ? 0 : Math.floor(total / 100);
      if (held() + blocks(next.toRead) + reserve > total) break;
      this.waiting.shift();
      this.running.push(next);
      takePart(next);
    }
    if (this.running.length === 0) {
      this.stepEndS = Infinity;
      return;
    }
    // Those whose cache came along from elsewhere have nothing to read.
    const decoding = this.running.filter(({ read, toRead }) => read === toRead);
    const { fixedPs, perContextTokenPs, perPromptTokenPs, perPromptTokenSquaredPs } = this.#times;
    this.#ps += BigInt(fixedPs[decoding.length]!);
    for (const { prompt, done } of decoding) this.#ps += BigInt(perContextTokenPs) * BigInt(prompt + done);
    for (const [{ read }, part] of this.#chunks) {
      this.#ps += BigInt(perPromptTokenPs) * BigInt(part);
      this.#ps += BigInt(perPromptTokenSquaredPs) * (BigInt(read + part) ** 2n - BigInt(read) ** 2n);
    }
    this.stepEndS = this.#originS + Number(this.#ps) * PS_PER_S;
  }
}
