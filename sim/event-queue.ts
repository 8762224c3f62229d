/** Rank and sequence number share one float: rank x 2^40 + seq is exact below 2^53. */
const RANK = 2 ** 40;
/** Events a bucket holds on the average when they are spread anew. */
const EVENTS_A_BUCKET = 4;
/** So many are put in order by shifting; beyond, the heap is cheaper. */
const SHIFTED_MAX = 24;
const NONE = -1;

/**
 * Events in their total order (timeS, rank, seq); seq is the order of insertion, so ties come out as they went in.
 *
 * Most of what waits is far away, and need not be in order yet. So time is cut into buckets of equal width, unordered lists, and
 * one more for all that lies beyond them. Only the bucket whose time has come is put in order: the *run*. What is pushed into a
 * time already opened goes to a heap, *soon*; the next event is the first of run or heap. When all buckets have been opened, what
 * lies beyond is spread over new ones, as wide as it needs; so is all that waits, once it is twice as much.
 * A bucket is a monotone function of time, so whatever rounding does, none holds an event that belongs before another's.
 * Push and pop cost O(1) where times are spread, O(log n) where they crowd. Nothing is allocated but to grow by doubling.
 * Source: buckets over a heap, as in the calendar queue (R. Brown, CACM 31(10), 1988) and the ladder queue (Tang, Goh, Thng, ACM
 * TOMACS 15(3), 2005).
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
  length = 0;
  #pushed = 0;
  #next = NONE; // slot of the next event: the first of run or heap
  #nextS = Infinity;
  // An event lies in its slot and stays there; lists hold slots.
  #order = new Float64Array(2 * 256); // [2 * slot] timeS, [2 * slot + 1] rank x 2^40 + seq
  #payload = new Int32Array(4 * 256); // [4 * slot + 0..3] kind, a, b, seq
  #link = new Int32Array(256); // [slot] the next of its list
  #used = 0;
  #free = NONE; // a list
  #run = new Int32Array(64); // slots in order
  #runAt = 0;
  #runEnd = 0;
  #soon = new Int32Array(64); // slots, a 4-ary heap
  #soonSize = 0;
  // Bucket i holds times of i <= (timeS - startS) x perS < i + 1; the last one what is not before its own.
  #first = new Int32Array(64).fill(NONE); // [bucket] slot, NONE: empty
  #last = new Int32Array(64);
  #startS = 0;
  #perS = 1;
  #opened = 0; // buckets before it are empty
  #beyond = 0; // the last one
  #roomFor = 0;

  /** Time of the next event; Infinity when there is none. */
  get nextS(): number {
    return this.#nextS;
  }

  /** Whether the next event is of that time and of a lower rank. */
  isDue(timeS: number, beforeRank: number): boolean {
    return this.#nextS === timeS && this.#order[2 * this.#next + 1]! < beforeRank * RANK;
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
    const seq = this.#pushed++;
    const slot = this.#slot();
    const order = this.#order;
    order[2 * slot] = timeS;
    order[2 * slot + 1] = rank * RANK + seq;
    const payload = this.#payload;
    payload[4 * slot] = kind;
    payload[4 * slot + 1] = a;
    payload[4 * slot + 2] = b;
    payload[4 * slot + 3] = seq;
    if (++this.length > this.#roomFor) {
      this.#append(this.#beyond, slot);
      this.#spread();
      this.#open();
      return seq | 0;
    }
    const at = (timeS - this.#startS) * this.#perS;
    if (at >= this.#opened) {
      this.#append(at < this.#beyond ? at | 0 : this.#beyond, slot);
      if (this.#next === NONE) this.#open();
    } else {
      this.#rise(slot);
      if (this.#next === NONE || precedes(order, slot, this.#next)) {
        this.#next = slot;
        this.#nextS = timeS;
      }
    }
    return seq | 0;
  }

  /** Moves the next event into the fields; false, and nothing moved, when there is none. */
  pop(): boolean {
    const slot = this.#next;
    if (slot === NONE) return false;
    if (this.#soonSize > 0 && this.#soon[0] === slot) this.#sink();
    else this.#runAt++;
    const payload = this.#payload;
    this.timeS = this.#nextS;
    this.kind = payload[4 * slot]!;
    this.a = payload[4 * slot + 1]!;
    this.b = payload[4 * slot + 2]!;
    this.seq = payload[4 * slot + 3]!;
    this.#link[slot] = this.#free;
    this.#free = slot;
    this.length--;
    this.#open();
    return true;
  }

  /** Finds the next event; where run and heap are empty, in the next bucket that is not. */
  #open(): void {
    while (this.#runAt === this.#runEnd && this.#soonSize === 0) {
      if (this.length === 0) {
        this.#next = NONE;
        this.#nextS = Infinity;
        return;
      }
      if (this.#opened === this.#beyond) this.#spread();
      this.#arrange(this.#opened++);
    }
    let next = this.#run[this.#runAt]!;
    if (this.#soonSize > 0) {
      const soon = this.#soon[0]!;
      if (this.#runAt === this.#runEnd || precedes(this.#order, soon, next)) next = soon;
    }
    this.#next = next;
    this.#nextS = this.#order[2 * next]!;
  }

  /** Makes a bucket the run. It is in order already where its times are all the same; what would be shifted far goes to the heap. */
  #arrange(bucket: number): void {
    const order = this.#order;
    const link = this.#link;
    let run = this.#run;
    let end = 0;
    for (let slot = this.#first[bucket]!; slot !== NONE; slot = link[slot]!) {
      if (end + 1 === run.length) run = this.#run = enlarged(run);
      let at = end;
      if (at > 0 && precedes(order, slot, run[at - 1]!)) {
        if (end > SHIFTED_MAX) {
          this.#rise(slot);
          continue;
        }
        do run[at] = run[--at]!;
        while (at > 0 && precedes(order, slot, run[at - 1]!));
      }
      run[at] = slot;
      end++;
    }
    this.#first[bucket] = NONE;
    this.#runAt = 0;
    this.#runEnd = end;
  }

  /** Spreads all that waits over new buckets; the first of them holds the next event. */
  #spread(): void {
    const order = this.#order;
    const link = this.#link;
    while (this.#soonSize > 0) this.#append(this.#beyond, this.#soon[--this.#soonSize]!);
    while (this.#runAt < this.#runEnd) this.#append(this.#beyond, this.#run[this.#runAt++]!);
    for (let bucket = this.#opened; bucket < this.#beyond; bucket++) {
      let next = NONE;
      for (let slot = this.#first[bucket]!; slot !== NONE; slot = next) {
        next = link[slot]!;
        this.#append(this.#beyond, slot);
      }
    }
    const all = this.#first[this.#beyond]!;
    let leastS = Infinity;
    let mostS = 0;
    for (let slot = all; slot !== NONE; slot = link[slot]!) {
      const timeS = order[2 * slot]!;
      if (timeS < leastS) leastS = timeS;
      if (timeS > mostS) mostS = timeS;
    }
    this.#beyond = Math.ceil(this.length / EVENTS_A_BUCKET);
    if (this.#first.length <= this.#beyond) {
      this.#first = new Int32Array(2 * this.#beyond);
      this.#last = new Int32Array(2 * this.#beyond);
    }
    this.#first.fill(NONE, 0, this.#beyond + 1);
    this.#opened = 0;
    this.#roomFor = 2 * EVENTS_A_BUCKET * this.#beyond;
    this.#startS = leastS;
    // Half a bucket to spare, so that the latest is in the last whatever rounding does; finite where all times are the same.
    this.#perS = Math.min((this.#beyond - 0.5) / (mostS - leastS), Number.MAX_VALUE);
    let next = NONE;
    for (let slot = all; slot !== NONE; slot = next) {
      next = link[slot]!;
      this.#append(((order[2 * slot]! - leastS) * this.#perS) | 0, slot);
    }
  }

  #append(bucket: number, slot: number): void {
    this.#link[slot] = NONE;
    if (this.#first[bucket] === NONE) this.#first[bucket] = slot;
    else this.#link[this.#last[bucket]!] = slot;
    this.#last[bucket] = slot;
  }

  /** Puts an event into the heap. */
  #rise(slot: number): void {
    if (this.#soonSize === this.#soon.length) this.#soon = enlarged(this.#soon);
    const order = this.#order;
    const soon = this.#soon;
    let at = this.#soonSize++;
    while (at > 0) {
      const parent = (at - 1) >> 2;
      if (!precedes(order, slot, soon[parent]!)) break;
      soon[at] = soon[parent]!;
      at = parent;
    }
    soon[at] = slot;
  }

  /** Takes the first event out of the heap. */
  #sink(): void {
    const order = this.#order;
    const soon = this.#soon;
    const size = --this.#soonSize;
    const slot = soon[size]!;
    let at = 0;
    for (;;) {
      const child = 4 * at + 1;
      if (child >= size) break;
      let least = child;
      const end = Math.min(child + 4, size);
      for (let other = child + 1; other < end; other++) {
        if (precedes(order, soon[other]!, soon[least]!)) least = other;
      }
      if (precedes(order, slot, soon[least]!)) break;
      soon[at] = soon[least]!;
      at = least;
    }
    soon[at] = slot;
  }

  /** A free one. */
  #slot(): number {
    const slot = this.#free;
    if (slot !== NONE) {
      this.#free = this.#link[slot]!;
      return slot;
    }
    if (this.#used === this.#link.length) {
      this.#order = enlarged(this.#order);
      this.#payload = enlarged(this.#payload);
      this.#link = enlarged(this.#link);
    }
    return this.#used++;
  }
}

/** Whether the event in slot i comes before the one in slot j. */
function precedes(order: Float64Array, i: number, j: number): boolean {
  const iS = order[2 * i]!;
  const jS = order[2 * j]!;
  return iS < jS || (iS === jS && order[2 * i + 1]! < order[2 * j + 1]!);
}

function enlarged<Column extends Float64Array | Int32Array>(column: Column): Column {
  const larger = new (column.constructor as new (length: number) => Column)(2 * column.length);
  larger.set(column);
  return larger;
}
