import type { Seconds } from "../policies/contract/units.ts";

/** Largest relative error of a quantile: half a bucket over its lower end. */
export const HISTOGRAM_ERROR = 2 ** -10; // 0.098 %

/** Each doubling is cut into 512 buckets of equal width. */
const BITS = 9;
/** From 2^-20 s, a microsecond, to 2^26 s, two years; what is shorter lies in the first bucket. */
const LEAST = (1023 - 20) << BITS;
const BUCKETS = 46 << BITS;
const HIGH = new Int32Array(Float64Array.of(1).buffer)[1] === 0 ? 0 : 1; // where a number's upper half is

/**
 * Durations by buckets of equal relative width: quantiles within 0.1 %, in memory that does not grow (94 KiB), and two of them add
 * up to the one that had seen all. A bucket is the exponent and the leading digits of the number as the machine holds it, so that
 * no logarithm is taken. Means are exact.
 * Source: the buckets of HdrHistogram (G. Tene), with floating point for its integers.
 */
export class LatencyHistogram {
  count = 0;
  #sumS = 0;
  readonly #counts = new Uint32Array(BUCKETS);
  readonly #number = new Float64Array(1);
  readonly #halves = new Int32Array(this.#number.buffer);

  /** @throws Error for what is no duration */
  add(durationS: Seconds): void {
    if (!(durationS >= 0)) throw new Error(`${durationS} s is no duration`);
    this.#number[0] = durationS;
    const bucket = (this.#halves[HIGH]! >>> (20 - BITS)) - LEAST;
    if (bucket >= BUCKETS) throw new Error(`${durationS} s is beyond what the histogram holds`);
    this.#counts[bucket > 0 ? bucket : 0]!++;
    this.count++;
    this.#sumS += durationS;
  }

  /** Takes up all that another has seen. */
  merge(other: LatencyHistogram): void {
    for (let bucket = 0; bucket < BUCKETS; bucket++) this.#counts[bucket]! += other.#counts[bucket]!;
    this.count += other.count;
    this.#sumS += other.#sumS;
  }

  get meanS(): Seconds {
    return this.#sumS / this.count;
  }

  /** The ceil(q n)-th smallest, as the middle of its bucket; of nothing there is none. @example of 1, 2, 3 s: quantileS(0.5) // 2.0020 */
  quantileS(q: number): Seconds {
    let left = Math.max(1, Math.ceil(q * this.count));
    let bucket = -1;
    while (left > 0) left -= this.#counts[++bucket]!;
    this.#halves[HIGH] = ((bucket + LEAST) << (20 - BITS)) | (1 << (19 - BITS));
    this.#halves[1 - HIGH] = 0;
    return this.#number[0]!;
  }
}
