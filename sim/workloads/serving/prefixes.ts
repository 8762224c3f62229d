import type { Random } from "../../../policies/contract/random.ts";
import type { RequestParams } from "../serving-params.ts";

type PrefixParams = NonNullable<RequestParams["prefixes"]>;

/**
 * Which beginning the prompt of a request shares with others: the k-th most frequent with a weight of k^-skew, drawn by the
 * request's number, so that each request has the same one in every run.
 * Source: Zipf's law, as in Breslau et al., "Web caching and Zipf-like distributions", INFOCOM 1999.
 */
export function prefixDraws({ count, skew }: PrefixParams, random: Random): (request: number) => number {
  const stream = random.stream("prefix");
  const shares = new Float64Array(count); // [prefix] cumulative
  let sum = 0;
  for (let k = 0; k < count; k++) {
    sum += (k + 1) ** -skew;
    shares[k] = sum;
  }
  return (request) => {
    const at = random.at(stream, request) * sum;
    let [low, high] = [0, count - 1];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (shares[middle]! <= at) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

/** The beginnings whose keys and values a replica holds: so many, and the one least recently used goes. */
export class PrefixCache {
  readonly #room: number;
  readonly #held = new Set<number>();
  readonly #changed: (prefix: number, isHeld: boolean) => void;

  constructor(room: number, changed: (prefix: number, isHeld: boolean) => void) {
    this.#room = room;
    this.#changed = changed;
  }

  /** The last used last. */
  get held(): Iterable<number> {
    return this.#held;
  }

  /** A prompt with this beginning is read. @returns whether it was held; if not, it is from now on */
  use(prefix: number): boolean {
    if (this.#held.delete(prefix)) {
      this.#held.add(prefix);
      return true;
    }
    if (this.#room === 0) return false;
    if (this.#held.size === this.#room) {
      const [oldest] = this.#held;
      this.#held.delete(oldest!);
      this.#changed(oldest!, false);
    }
    this.#held.add(prefix);
    this.#changed(prefix, true);
    return false;
  }
}
