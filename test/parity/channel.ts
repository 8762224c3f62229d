/**
 * A stream that a test feeds: what is pushed comes out in order, one reader at a time, until its signal aborts. The next reader is told
 * everything from the beginning: what the one before took and never wrote down would be lost otherwise.
 */
export class Channel<T> {
  readonly #items: T[] = [];
  #wake: (() => void) | undefined;

  push(item: T): void {
    this.#items.push(item);
    this.#wake?.();
  }

  async *read(signal: AbortSignal): AsyncGenerator<T> {
    signal.addEventListener("abort", () => this.#wake?.());
    for (let next = 0; !signal.aborted; ) {
      if (next < this.#items.length) yield this.#items[next++]!;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
