/** Gives out the lowest free rank, so that the k-th instance held at a time lives in slot k whoever it is. */
export class SlotRanks {
  readonly #freed: number[] = [];
  #next = 0;

  take(): number {
    const freed = this.#freed;
    if (freed.length === 0) return this.#next++;
    const lowest = freed[0]!;
    const last = freed.pop()!;
    if (freed.length > 0) {
      let i = 0;
      for (;;) {
        let child = 2 * i + 1;
        if (child >= freed.length) break;
        if (child + 1 < freed.length && freed[child + 1]! < freed[child]!) child++;
        if (freed[child]! >= last) break;
        freed[i] = freed[child]!;
        i = child;
      }
      freed[i] = last;
    }
    return lowest;
  }

  give(rank: number): void {
    const freed = this.#freed;
    let i = freed.length;
    freed.push(rank);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (freed[parent]! <= rank) break;
      freed[i] = freed[parent]!;
      i = parent;
    }
    freed[i] = rank;
  }
}
