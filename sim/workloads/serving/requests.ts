import type { Seconds } from "../../../policies/contract/units.ts";

const FIRST = 64;
const NONE = -1;

/** In the column of places in a heap: it waits, or its prompt is being read. */
export const WAITING = -1;
export const READING = -2;

/** Who comes before and after whom in the lists of one kind: a request is in at most one of them. */
class Links {
  before = new Int32Array(FIRST);
  after = new Int32Array(FIRST);

  grow(length: number): void {
    this.before = grown(this.before, new Int32Array(length));
    this.after = grown(this.after, new Int32Array(length));
  }
}

/**
 * Requests in flight, one a slot, in columns: memory follows what is in flight, not what has been. A slot is one try of a request:
 * about 80 bytes, with its place in a replica's heap.
 */
export class Requests {
  promptTokens = new Uint32Array(FIRST);
  outputTokens = new Uint32Array(FIRST);
  /** When it first arrived, whatever has become of earlier tries. */
  arrivalS = new Float64Array(FIRST);
  /** When this try was sent. */
  sentS = new Float64Array(FIRST);
  firstTokenS = new Float64Array(FIRST);
  /** Number in order of arrival: what its luck is keyed by. */
  id = new Int32Array(FIRST);
  /** Tries before this one. */
  retries = new Int32Array(FIRST);
  /** The instance that it was sent to; -1 while it waits for one. */
  on = new Int32Array(FIRST);
  /** Tokens that it had been given when it was last preempted, or moved here; 0 if it never was. */
  given = new Uint32Array(FIRST);
  /** Where it is among those of its replica that decode; WAITING, or READING. */
  heapAt = new Int32Array(FIRST);
  /** Of the queue it waits in, and of all tries in order of sending. */
  readonly queued = new Links();
  readonly sent = new Links();
  readonly #free: number[] = [];
  #used = 0;

  get inFlight(): number {
    return this.#used - this.#free.length;
  }

  add(id: number, promptTokens: number, outputTokens: number, arrivalS: Seconds, retries = 0): number {
    const slot = this.#free.pop() ?? this.#used++;
    if (slot === this.id.length) this.#grow();
    this.id[slot] = id;
    this.promptTokens[slot] = promptTokens;
    this.outputTokens[slot] = outputTokens;
    this.arrivalS[slot] = arrivalS;
    this.retries[slot] = retries;
    this.on[slot] = NONE;
    this.given[slot] = 0;
    this.heapAt[slot] = WAITING;
    return slot;
  }

  /** Its slot may be another request's from now on. */
  remove(slot: number): void {
    this.#free.push(slot);
  }

  #grow(): void {
    const length = Math.ceil(1.5 * this.id.length); // by half: what is not yet used counts too
    this.promptTokens = grown(this.promptTokens, new Uint32Array(length));
    this.outputTokens = grown(this.outputTokens, new Uint32Array(length));
    this.arrivalS = grown(this.arrivalS, new Float64Array(length));
    this.sentS = grown(this.sentS, new Float64Array(length));
    this.firstTokenS = grown(this.firstTokenS, new Float64Array(length));
    this.id = grown(this.id, new Int32Array(length));
    this.retries = grown(this.retries, new Int32Array(length));
    this.on = grown(this.on, new Int32Array(length));
    this.given = grown(this.given, new Uint32Array(length));
    this.heapAt = grown(this.heapAt, new Int32Array(length));
    this.queued.grow(length);
    this.sent.grow(length);
  }
}

/** First in, first out, and any one may leave from where it is: O(1) each. */
export class SlotQueue {
  readonly #links: Links;
  /** The oldest and the newest; -1 when there is none. */
  first = NONE;
  last = NONE;
  length = 0;

  constructor(links: Links) {
    this.#links = links;
  }

  push(slot: number): void {
    const { before, after } = this.#links;
    before[slot] = this.last;
    after[slot] = NONE;
    if (this.last === NONE) this.first = slot;
    else after[this.last] = slot;
    this.last = slot;
    this.length++;
  }

  /** Before all others. */
  unshift(slot: number): void {
    const { before, after } = this.#links;
    before[slot] = NONE;
    after[slot] = this.first;
    if (this.first === NONE) this.last = slot;
    else before[this.first] = slot;
    this.first = slot;
    this.length++;
  }

  *[Symbol.iterator](): Generator<number> {
    for (let slot = this.first; slot !== NONE; slot = this.#links.after[slot]!) yield slot;
  }

  delete(slot: number): void {
    const { before, after } = this.#links;
    const [left, right] = [before[slot]!, after[slot]!];
    if (left === NONE) this.first = right;
    else after[left] = right;
    if (right === NONE) this.last = left;
    else before[right] = left;
    this.length--;
  }
}

/** The larger array, with what the smaller one held. */
export function grown<Column extends Int32Array | Uint32Array | Float64Array>(column: Column, larger: Column): Column {
  larger.set(column);
  return larger;
}
