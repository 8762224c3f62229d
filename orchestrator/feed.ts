/** A stream that is fed by whoever knows something, for one reader; what nobody has read yet waits. Ends with the reader's signal. */
export class Feed<T> {
  readonly #items: T[] = [];
  #wake: () => void = () => {};

  put(item: T): void {
    this.#items.push(item);
    this.#wake();
  }

  async *read(signal: AbortSignal): AsyncGenerator<T> {
    signal.addEventListener("abort", () => this.#wake());
    while (!signal.aborted) {
      if (this.#items.length > 0) yield this.#items.shift()!;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
