/** Tokens of one block of the cache. Source: Kwon et al., "PagedAttention", SOSP 2023, section 7: the default of vLLM. */
export const BLOCK_TOKENS = 16;

/** @example blocksOf(17) // 2 */
export const blocksOf = (tokens: number): number => Math.ceil(tokens / BLOCK_TOKENS);

/**
 * The blocks of a replica's cache. Who decodes grows by a token a step and so takes a block every 16 steps; in which of 16 never
 * changes, so that counts of 16 kinds say how many blocks any number of steps takes, in O(16).
 */
export class KvBlocks {
  readonly total: number;
  /** For the step that begins at the clock. */
  held = 0;
  /** [step mod 16] how many of those that decode need another block for a step of that number. */
  readonly #growing = new Int32Array(BLOCK_TOKENS);

  constructor(cacheTokens: number) {
    this.total = Math.floor(cacheTokens / BLOCK_TOKENS);
  }

  /** Someone decodes from the step of this number on, with so many tokens in the cache then. */
  join(step: number, tokens: number): void {
    this.held += blocksOf(tokens);
    this.#growing[kindOf(step, tokens)]!++;
  }

  /** One who decodes, and would have so many tokens in the cache at the step of this number, leaves. */
  leave(step: number, tokens: number): void {
    this.held -= blocksOf(tokens);
    this.#growing[kindOf(step, tokens)]!--;
  }

  /** So many steps are done, the first of which had the number `step`, with so many who decode. */
  advance(step: number, steps: number, decoding: number): void {
    const rounds = Math.floor(steps / BLOCK_TOKENS);
    this.held += rounds * decoding;
    for (let i = rounds * BLOCK_TOKENS + 1; i <= steps; i++) this.held += this.#growing[kind(step + i)]!;
  }

  /** How many steps from that number on there is room for, up to `most`; the step itself has room. */
  stepsWithRoom(step: number, most: number, decoding: number): number {
    const free = this.total - this.held;
    if (free >= decoding * Math.ceil(most / BLOCK_TOKENS)) return most;
    const rounds = Math.floor(free / decoding);
    let left = free - rounds * decoding;
    for (let steps = rounds * BLOCK_TOKENS + 1; steps < most; steps++) {
      left -= this.#growing[kind(step + steps)]!;
      if (left < 0) return steps;
    }
    return most;
  }
}

const kind = (step: number): number => step & (BLOCK_TOKENS - 1);

/** The first token of a block needs it: with so many tokens at a step, that is the step at which they are 1 mod 16. */
const kindOf = (step: number, tokens: number): number => kind(step + 1 - tokens);
