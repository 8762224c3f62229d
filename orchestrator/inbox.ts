/**
 * Where everything that lands waits for the loop: callbacks put something in and do nothing else, so that the state changes in
 * one place only and never while a decision is carried out.
 */
export class Inbox {
  readonly #items: (() => void)[] = [];
  #awaited: AbortController | undefined;

  get isEmpty(): boolean {
    return this.#items.length === 0;
  }

  /** @param take what the loop does with it, when its time has come */
  put(take: () => void): void {
    this.#items.push(take);
    this.#awaited?.abort();
  }

  /** Takes all that is in, in order of landing. */
  takeAll(): void {
    for (let i = 0; i < this.#items.length; i++) this.#items[i]!();
    this.#items.length = 0;
  }

  /** A signal that aborts with the next thing to land; at once if there is something in. */
  arrival(): AbortSignal {
    this.#awaited = new AbortController();
    if (!this.isEmpty) this.#awaited.abort();
    return this.#awaited.signal;
  }
}
