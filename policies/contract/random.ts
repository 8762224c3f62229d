import seedrandom from "seedrandom";

/**
 * Keyed draws: a draw is a function of what it is about, never of how many draws came before, so nothing that a policy does
 * can shift another draw. Key by exogenous things only: at(boot, market, timeBucket), at(hazard, market, slotRank, k).
 */
export interface Random {
  /** A handle on the stream of that name; the same name gives the same stream. */
  stream(name: string): number;
  /** Draw (i, j, k) of a stream, uniform in [0, 1), 53 bits. The indices are whole numbers; their low 32 bits count. */
  at(stream: number, i: number, j?: number, k?: number): number;
}

/**
 * The luck of one run. seedrandom (alea) turns the text and a stream's name into 64 bits; draw (i, j, k) is a counter hash of
 * those bits and the indices: one 32-bit word a round, mixed by xor-shift and multiplication (constants of the lowbias32
 * family, C. Wellons, "Prospecting for hash functions", 2018), two lanes for 53 bits.
 *
 * @example
 * const random = createRandom("study/replicate-1");
 * random.at(random.stream("boot"), 3, 17) // 0.4993996244750658, wherever and whenever it is asked
 */
export function createRandom(seedText: string): Random {
  const names: string[] = [];
  // Typed, because numbers beyond 31 bits in a captured variable would be boxed.
  let seeds = new Int32Array(48); // [stream * 3 + 0..2] two lanes; 1 once they are there
  const seed = (stream: number): void => {
    const source = seedrandom.alea(`${seedText.length}:${seedText}/${names[stream]!}`);
    seeds[3 * stream] = source.int32();
    seeds[3 * stream + 1] = source.int32();
    seeds[3 * stream + 2] = 1;
  };
  return {
    stream(name) {
      const known = names.indexOf(name);
      if (known >= 0) return known;
      const handle = names.push(name) - 1;
      if (3 * names.length > seeds.length) {
        const grown = new Int32Array(2 * seeds.length);
        grown.set(seeds);
        seeds = grown;
      }
      return handle;
    },
    at(stream, i, j = 0, k = 0) {
      if (seeds[3 * stream + 2] === 0) seed(stream); // not before: a run names streams that it never draws from
      const high = mix(mix(mix(seeds[3 * stream]! ^ i) + j) ^ k);
      const low = mix(mix(mix(seeds[3 * stream + 1]! + k) ^ j) + i);
      return ((high >>> 5) * 67108864 + (low >>> 6)) / 9007199254740992;
    },
  };
}

function mix(word: number): number {
  let x = word | 0;
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
  return x ^ (x >>> 15);
}
