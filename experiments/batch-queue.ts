/** Batches large enough that a message between threads is small against them; groups are split only beyond `most`. */
const BATCH_MS = { least: 20, most: 250 };

/**
 * Items in order, handed out in batches of about equal work as it is learned how long each kind takes; of a kind never seen, one
 * at a time.
 */
export class BatchQueue {
  readonly #items: readonly { readonly group: string; readonly kind: string }[];
  readonly #threads: number;
  readonly #meanMs = new Map<string, number>();
  readonly #again: (readonly number[])[] = [];
  #at = 0;

  constructor(items: readonly { readonly group: string; readonly kind: string }[], threads: number) {
    this.#items = items;
    this.#threads = threads;
  }

  /** Positions of the next items; undefined when all are handed out. */
  next(): readonly number[] | undefined {
    const again = this.#again.shift();
    if (again !== undefined) return again;
    const start = this.#at;
    const left = this.#items.length - start;
    if (left === 0) return undefined;
    // The last batches are small, so that no thread waits long for another.
    const countMax = Math.ceil(left / (2 * this.#threads));
    let ms = 0;
    while (this.#at < start + countMax) {
      const { group, kind } = this.#items[this.#at]!;
      const isSameGroup = this.#at > start && group === this.#items[this.#at - 1]!.group;
      const itemMs = this.#meanMs.get(kind);
      if (this.#at > start && (itemMs === undefined || ms + itemMs > BATCH_MS.most)) break;
      if (ms >= BATCH_MS.least && !isSameGroup) break;
      this.#at++;
      if (itemMs === undefined) break;
      ms += itemMs;
    }
    return Array.from({ length: this.#at - start }, (_, i) => start + i);
  }

  learn(position: number, wallMs: number): void {
    const { kind } = this.#items[position]!;
    const known = this.#meanMs.get(kind);
    this.#meanMs.set(kind, known === undefined ? wallMs : 0.8 * known + 0.2 * wallMs);
  }

  /** To be handed out anew, before all others. */
  putBack(positions: readonly number[]): void {
    if (positions.length > 0) this.#again.push(positions);
  }
}
