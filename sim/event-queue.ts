/** Rank and sequence number share one float: rank x 2^40 + seq is exact below 2^53. */
const RANK = 2 ** 40;

/**
 * Events in their total order (timeS, rank, seq); seq is the order of insertion, so ties come out as they went in.
 *
 * A 4-ary heap on typed arrays. `pop` leaves a hole at the root that the next `push` fills, since most events set off another:
 * one way down the heap instead of a way down and a way up. The least of four children is found without a branch, which no
 * processor could predict. Of an event 20 bytes move; the rest stays in its slot. Nothing is allocated but to grow by doubling.
 *
 * An event is cancelled by its owner, who remembers the seq it waits for (`push` returns it) and ignores any other.
 *
 * @example queue.push(10, 0, kind, a, b); queue.pop(); queue.timeS // 10
 */
export class EventQueue {
  // The event popped last.
  timeS = 0;
  kind = 0;
  a = 0;
  b = 0;
  seq = -1;
  #key = 0; // rank x 2^40 + seq
  #size = 0; // positions in use, the hole's included
  #hole = false; // the root has been popped and not yet replaced
  #pushed = 0;
  #order = new Float64Array(2 * 256); // [2 * position] timeS, [2 * position + 1] rank x 2^40 + seq
  #slots = new Int32Array(256); // [position] where the event's payload is; beyond size: free slots
  #payload = new Int32Array(4 * 256); // [4 * slot + 0..3] kind, a, b, seq

  constructor() {
    numberSlots(this.#slots, 0);
  }

  /** Of the event popped last. */
  get rank(): number {
    return Math.floor(this.#key / RANK);
  }

  get length(): number {
    return this.#hole ? this.#size - 1 : this.#size;
  }

  /** Time of the next event; Infinity when there is none. */
  peekTimeS(): number {
    if (this.#hole) this.#closeHole();
    return this.#size > 0 ? this.#order[0]! : Infinity;
  }

  /** Rank of the next event; Infinity when there is none. */
  peekRank(): number {
    if (this.#hole) this.#closeHole();
    return this.#size > 0 ? Math.floor(this.#order[1]! / RANK) : Infinity;
  }

  /**
   * @param rank a whole number from 0 to 8191. @param kind, a, b whole numbers of 32 bits.
   * @returns the low 32 bits of the event's seq, by which its owner knows it again.
   * Throws on a time that is not finite or lies before the event popped last.
   */
  push(timeS: number, rank: number, kind: number, a: number, b: number): number {
    if (!(timeS >= this.timeS && timeS < Infinity)) {
      throw new Error(`an event of kind ${kind} at ${timeS} s cannot follow one at ${this.timeS} s`);
    }
    if (this.#size === this.#slots.length && !this.#hole) this.#grow();
    const seq = this.#pushed++;
    const slot = this.#slots[this.#hole ? 0 : this.#size]!;
    const payload = this.#payload;
    payload[4 * slot] = kind;
    payload[4 * slot + 1] = a;
    payload[4 * slot + 2] = b;
    payload[4 * slot + 3] = seq;
    if (this.#hole) {
      this.#hole = false;
      this.#sink(timeS, rank * RANK + seq, slot);
    } else {
      this.#rise(this.#size++, timeS, rank * RANK + seq, slot);
    }
    return seq | 0;
  }

  /** Moves the next event into the fields; false, and nothing moved, when there is none. */
  pop(): boolean {
    if (this.#hole) this.#closeHole();
    if (this.#size === 0) return false;
    const payload = this.#payload;
    const slot = this.#slots[0]!;
    this.timeS = this.#order[0]!;
    this.#key = this.#order[1]!;
    this.kind = payload[4 * slot]!;
    this.a = payload[4 * slot + 1]!;
    this.b = payload[4 * slot + 2]!;
    this.seq = payload[4 * slot + 3]!;
    this.#hole = true;
    return true;
  }

  /** Forgets all events and starts at time 0 again, in the memory it has. */
  reset(): void {
    this.timeS = this.#key = this.kind = this.a = this.b = this.#size = this.#pushed = 0;
    this.seq = -1;
    this.#hole = false;
  }

  #closeHole(): void {
    this.#hole = false;
    const slots = this.#slots;
    const freed = slots[0]!;
    const last = --this.#size;
    if (last > 0) this.#sink(this.#order[2 * last]!, this.#order[2 * last + 1]!, slots[last]!);
    slots[last] = freed;
  }

  #rise(from: number, timeS: number, key: number, slot: number): void {
    const order = this.#order;
    const slots = this.#slots;
    let at = from;
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
  }

  /** Puts an event at the root and lets it down to its place. */
  #sink(timeS: number, key: number, slot: number): void {
    const order = this.#order;
    const slots = this.#slots;
    const size = this.#size;
    let at = 0;
    for (;;) {
      const child = 4 * at + 1;
      if (child >= size) break;
      let least = child;
      if (child + 3 < size) {
        const left = child + precedes(order, child + 1, child);
        const right = child + 2 + precedes(order, child + 3, child + 2);
        least = left + ((right - left) & -precedes(order, right, left));
      } else {
        for (let other = child + 1; other < size; other++) if (precedes(order, other, least) === 1) least = other;
      }
      const leastS = order[2 * least]!;
      const leastKey = order[2 * least + 1]!;
      if (timeS < leastS || (timeS === leastS && key < leastKey)) break;
      order[2 * at] = leastS;
      order[2 * at + 1] = leastKey;
      slots[at] = slots[least]!;
      at = least;
    }
    order[2 * at] = timeS;
    order[2 * at + 1] = key;
    slots[at] = slot;
  }

  #grow(): void {
    const size = this.#slots.length;
    const order = new Float64Array(4 * size);
    const slots = new Int32Array(2 * size);
    const payload = new Int32Array(8 * size);
    order.set(this.#order);
    slots.set(this.#slots);
    payload.set(this.#payload);
    numberSlots(slots, size);
    this.#order = order;
    this.#slots = slots;
    this.#payload = payload;
  }
}

/** 1 if the event at position i comes before the one at j, else 0: a number rather than a boolean, so that nothing branches. */
function precedes(order: Float64Array, i: number, j: number): number {
  const iS = order[2 * i]!;
  const jS = order[2 * j]!;
  return +(iS < jS) | (+(iS <= jS) & +(order[2 * i + 1]! < order[2 * j + 1]!));
}

function numberSlots(slots: Int32Array, from: number): void {
  for (let slot = from; slot < slots.length; slot++) slots[slot] = slot;
}
