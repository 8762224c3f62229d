/** Ranks and sequence numbers share one float: rank x 2^40 + seq is exact below 2^53. */
const RANK = 2 ** 40;

/**
 * Events in their total order (timeS, rank, seq); seq is the order of insertion, so ties come out as they went in.
 *
 * A 4-ary heap on typed arrays: half the levels of a binary one, and four children lie in two cache lines. Time and
 * (rank, seq) stand side by side, the rest of an event stays in its slot while 20 bytes of it move. No allocation but for
 * growth by doubling.
 *
 * An event is cancelled by its owner, who remembers the seq it waits for and ignores any other: `push` returns it.
 *
 * @example queue.push(10, 0, kind, a, b); queue.pop(); queue.timeS // 10
 */
export class EventQueue {
  /** The event popped last. */
  timeS = 0;
  rank = 0;
  kind = 0;
  a = 0;
  b = 0;
  seq = -1;
  #length = 0;
  #pushed = 0;
  #order = new Float64Array(2 * 256); // [2 * position] timeS, [2 * position + 1] rank x 2^40 + seq
  #slots = new Int32Array(256); // [position] where the event's payload is; beyond length: free slots
  #payload = new Int32Array(3 * 256); // [3 * slot + 0..2] kind, a, b

  constructor() {
    freeSlots(this.#slots, 0);
  }

  get length(): number {
    return this.#length;
  }

  /** Time of the next event; Infinity when there is none. */
  peekTimeS(): number {
    return this.#length > 0 ? this.#order[0]! : Infinity;
  }

  /** Rank of the next event; Infinity when there is none. */
  peekRank(): number {
    return this.#length > 0 ? Math.floor(this.#order[1]! / RANK) : Infinity;
  }

  /** @returns the event's seq. Throws on a time that is no number or lies before the event popped last. */
  push(timeS: number, rank: number, kind: number, a: number, b: number): number {
    if (!(timeS >= this.timeS)) throw new Error(`an event at ${timeS} s cannot follow one at ${this.timeS} s`);
    if (this.#length === this.#slots.length) this.#grow();
    const seq = this.#pushed++;
    const key = rank * RANK + seq;
    const order = this.#order;
    const slots = this.#slots;
    let at = this.#length++;
    const slot = slots[at]!;
    const payload = this.#payload;
    payload[3 * slot] = kind;
    payload[3 * slot + 1] = a;
    payload[3 * slot + 2] = b;
    while (at > 0) {
      const parent = (at - 1) >> 2;
      const parentS = order[2 * parent]!;
      const parentKey = order[2 * parent + 1]!;
      if (parentS < timeS || (parentS === timeS && parentKey < key)) break;
      order[2 * at] = parentS;
      order[2 * at + 1] = parentKey;
      slots[at] = slots[parent]!;
      at = parent;
    }
    order[2 * at] = timeS;
    order[2 * at + 1] = key;
    slots[at] = slot;
    return seq;
  }

  /** Moves the next event into the fields; false, and nothing moved, when there is none. */
  pop(): boolean {
    if (this.#length === 0) return false;
    const order = this.#order;
    const slots = this.#slots;
    const payload = this.#payload;
    const slot = slots[0]!;
    const key = order[1]!;
    this.timeS = order[0]!;
    this.rank = Math.floor(key / RANK);
    this.seq = key - this.rank * RANK;
    this.kind = payload[3 * slot]!;
    this.a = payload[3 * slot + 1]!;
    this.b = payload[3 * slot + 2]!;
    const last = --this.#length;
    const lastS = order[2 * last]!;
    const lastKey = order[2 * last + 1]!;
    const lastSlot = slots[last]!;
    let at = 0;
    for (;;) {
      const first = 4 * at + 1;
      if (first >= last) break;
      let least = first;
      let leastS = order[2 * first]!;
      let leastKey = order[2 * first + 1]!;
      const end = Math.min(first + 4, last);
      for (let child = first + 1; child < end; child++) {
        const childS = order[2 * child]!;
        if (childS > leastS) continue;
        const childKey = order[2 * child + 1]!;
        if (childS === leastS && childKey > leastKey) continue;
        least = child;
        leastS = childS;
        leastKey = childKey;
      }
      if (lastS < leastS || (lastS === leastS && lastKey < leastKey)) break;
      order[2 * at] = leastS;
      order[2 * at + 1] = leastKey;
      slots[at] = slots[least]!;
      at = least;
    }
    order[2 * at] = lastS;
    order[2 * at + 1] = lastKey;
    slots[at] = lastSlot;
    slots[last] = slot;
    return true;
  }

  #grow(): void {
    const size = this.#slots.length;
    const order = new Float64Array(4 * size);
    const slots = new Int32Array(2 * size);
    const payload = new Int32Array(6 * size);
    order.set(this.#order);
    slots.set(this.#slots);
    payload.set(this.#payload);
    freeSlots(slots, size);
    this.#order = order;
    this.#slots = slots;
    this.#payload = payload;
  }
}

function freeSlots(slots: Int32Array, from: number): void {
  for (let slot = from; slot < slots.length; slot++) slots[slot] = slot;
}
