import { grown, type Requests } from "./requests.ts";

/** Those that decode, the one that ends first at the top, ties by the order in which they arrived: O(log n) each. */
export class DecodingHeap {
  readonly #requests: Requests;
  #endStep = new Float64Array(32);
  #slot = new Int32Array(32);
  length = 0;

  constructor(requests: Requests) {
    this.#requests = requests;
  }

  /** The one that ends first, and when; of none, nonsense. */
  get first(): number {
    return this.#slot[0]!;
  }
  get firstEnd(): number {
    return this.#endStep[0]!;
  }

  endOf(request: number): number {
    return this.#endStep[this.#requests.heapAt[request]!]!;
  }

  push(endStep: number, request: number): void {
    if (this.length === this.#slot.length) this.#grow();
    this.#rise(this.length++, endStep, request);
  }

  delete(request: number): void {
    const at = this.#requests.heapAt[request]!;
    const last = --this.length;
    if (at === last) return;
    const [endStep, slot] = [this.#endStep[last]!, this.#slot[last]!];
    if (at > 0 && !this.#before((at - 1) >> 1, endStep, slot)) this.#rise(at, endStep, slot);
    else this.#sink(at, endStep, slot);
  }

  // ── parts ──────────────────────────────────────────────────────────────────────────

  #rise(from: number, endStep: number, slot: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.#before(parent, endStep, slot)) break;
      this.#put(at, this.#endStep[parent]!, this.#slot[parent]!);
      at = parent;
    }
    this.#put(at, endStep, slot);
  }

  #sink(from: number, endStep: number, slot: number): void {
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.length) break;
      if (child + 1 < this.length && this.#before(child + 1, this.#endStep[child]!, this.#slot[child]!)) child++;
      if (!this.#before(child, endStep, slot)) break;
      this.#put(at, this.#endStep[child]!, this.#slot[child]!);
      at = child;
    }
    this.#put(at, endStep, slot);
  }

  #before(at: number, endStep: number, slot: number): boolean {
    const end = this.#endStep[at]!;
    const { id } = this.#requests;
    return end < endStep || (end === endStep && id[this.#slot[at]!]! < id[slot]!);
  }

  #put(at: number, endStep: number, slot: number): void {
    this.#endStep[at] = endStep;
    this.#slot[at] = slot;
    this.#requests.heapAt[slot] = at;
  }

  #grow(): void {
    const length = 2 * this.#slot.length;
    this.#endStep = grown(this.#endStep, new Float64Array(length));
    this.#slot = grown(this.#slot, new Int32Array(length));
  }
}
