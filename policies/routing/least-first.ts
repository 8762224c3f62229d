import type { InstanceId } from "../contract/units.ts";

/** Targets by a number each, the least first, ties to the lower id. A change costs O(log n), and nothing but growth allocates. */
export class LeastFirst {
  readonly #heap: InstanceId[] = [];
  #at = new Int32Array(64); // [target] place in the heap + 1; 0: not there
  #key = new Float64Array(64); // [target]

  get least(): InstanceId | undefined {
    return this.#heap[0];
  }

  get length(): number {
    return this.#heap.length;
  }

  set(target: InstanceId, key: number): void {
    if (target >= this.#at.length) this.#grow(target);
    const place = this.#at[target]! - 1;
    if (place < 0) {
      this.#key[target] = key;
      this.#rise(this.#heap.length, target);
      return;
    }
    const before = this.#key[target]!;
    this.#key[target] = key;
    if (key < before) this.#rise(place, target);
    else this.#sink(place, target);
  }

  delete(target: InstanceId): void {
    const place = target < this.#at.length ? this.#at[target]! - 1 : -1;
    if (place < 0) return;
    this.#at[target] = 0;
    const last = this.#heap.pop()!;
    if (last === target) return;
    this.#rise(place, last);
    this.#sink(this.#at[last]! - 1, last);
  }

  #rise(from: number, target: InstanceId): void {
    const heap = this.#heap;
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.precedes(target, heap[parent]!)) break;
      this.#put(at, heap[parent]!);
      at = parent;
    }
    this.#put(at, target);
  }

  #sink(from: number, target: InstanceId): void {
    const heap = this.#heap;
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && this.precedes(heap[child + 1]!, heap[child]!)) child++;
      if (this.precedes(target, heap[child]!)) break;
      this.#put(at, heap[child]!);
      at = child;
    }
    this.#put(at, target);
  }

  /** Whether the one comes before the other; both are there. */
  precedes(a: InstanceId, b: InstanceId): boolean {
    const [keyA, keyB] = [this.#key[a]!, this.#key[b]!];
    return keyA < keyB || (keyA === keyB && a < b);
  }

  #put(at: number, target: InstanceId): void {
    this.#heap[at] = target;
    this.#at[target] = at + 1;
  }

  #grow(target: InstanceId): void {
    let { length } = this.#at;
    while (length <= target) length *= 2;
    const [at, key] = [new Int32Array(length), new Float64Array(length)];
    at.set(this.#at);
    key.set(this.#key);
    this.#at = at;
    this.#key = key;
  }
}
