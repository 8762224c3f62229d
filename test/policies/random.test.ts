import { describe, expect, it } from "vitest";
import { createRandom } from "../../policies/contract/random.ts";

// Thresholds are 5 to 6 standard deviations and the keys are fixed: a good hash passes once and then always.

const random = createRandom("study/replicate-1");
const boot = random.stream("boot");
const hazard = random.stream("hazard");

/** The n-th key of a pattern, as the simulator makes them: counters, buckets of time, ids beside ranks. */
type Key = readonly [i: number, j?: number, k?: number];
const patterns: Readonly<Record<string, (n: number) => Key>> = {
  "a counter as i": (n) => [n],
  "a counter as j": (n) => [0, n],
  "a counter as k": (n) => [7, 3, n],
  "a square of i and j": (n) => [n >> 8, n & 255],
  "a cube of i, j and k": (n) => [n >> 11, (n >> 5) & 63, n & 31],
  "equal indices": (n) => [n, n, n],
  "i and j that add up to the same": (n) => [n, 65_536 - n],
  "seconds of a 5-minute grid": (n) => [2, 300 * n],
  "multiples of 65,536": (n) => [n << 16],
  "below zero": (n) => [-n, -1],
};
const draws = (key: (n: number) => Key, count: number, stream = boot) =>
  Float64Array.from({ length: count }, (_, n) => random.at(stream, ...key(n)));

/** Standard deviations between a chi-square statistic over equally likely cells and what chance gives. */
function excess(cells: Iterable<number>, count: number, cellCount: number): number {
  const seen = new Float64Array(cellCount);
  for (const cell of cells) seen[cell]!++;
  const expected = count / cellCount;
  const chiSquare = seen.reduce((sum, each) => sum + (each - expected) ** 2 / expected, 0);
  return Math.abs(chiSquare - (cellCount - 1)) / Math.sqrt(2 * (cellCount - 1));
}

function correlation(x: Float64Array, y: Float64Array): number {
  const mean = (of: Float64Array) => of.reduce((sum, each) => sum + each, 0) / of.length;
  const [meanX, meanY] = [mean(x), mean(y)];
  let xy = 0;
  let xx = 0;
  let yy = 0;
  for (let n = 0; n < x.length; n++) {
    xy += (x[n]! - meanX) * (y[n]! - meanY);
    xx += (x[n]! - meanX) ** 2;
    yy += (y[n]! - meanY) ** 2;
  }
  return xy / Math.sqrt(xx * yy);
}

describe("keyed draws", () => {
  it("are these numbers, on every machine and for ever: a change alters every result there is", () => {
    const { at, stream } = createRandom("study/replicate-1");
    const s = stream("boot");
    expect([at(s, 0), at(s, 1), at(s, 3, 17), at(s, 3, 17, 1), at(s, -1, 2 ** 31, 5), at(stream("hazard"), 0)]).toEqual(
      [
        0.06500944242222795, 0.7228130030290956, 0.4993996244750658, 0.938501609501039, 0.7285376231521408,
        0.4333356410895274,
      ],
    );
  });

  it("depend on seed text, stream name and indices only, not on who asked before", () => {
    const again = createRandom("study/replicate-1");
    const hazardFirst = again.stream("hazard");
    for (let n = 0; n < 40; n++) again.at(again.stream(`other ${n}`), n); // more streams than there was room for
    expect(again.at(again.stream("boot"), 5, 6, 7)).toBe(random.at(boot, 5, 6, 7));
    expect(again.at(hazardFirst, 5, 6, 7)).toBe(random.at(hazard, 5, 6, 7));
    expect(again.stream("hazard")).toBe(hazardFirst);
    expect(random.at(boot, 5)).toBe(random.at(boot, 5, 0, 0));
  });

  it("keep seed and name apart: no text of one can be moved to the other", () => {
    const split = (seed: string, name: string) => {
      const its = createRandom(seed);
      return its.at(its.stream(name), 0);
    };
    const splits = [split("a/b", "c"), split("a", "b/c"), split("a/b/c", ""), split("", "a/b/c"), split("1:a", "b/c")];
    expect(new Set(splits).size).toBe(splits.length);
  });

  describe.each(Object.entries(patterns))("over %s", (_, key) => {
    const count = 1 << 16;
    const own = draws(key, count);

    it("fill [0, 1) evenly, in their first bits and in their last", () => {
      expect(own.every((u) => u >= 0 && u < 1)).toBe(true);
      expect(
        excess(
          own.map((u) => Math.floor(u * 256)),
          count,
          256,
        ),
      ).toBeLessThan(5);
      expect(
        excess(
          own.map((u) => (u * 2 ** 53) % 256),
          count,
          256,
        ),
      ).toBeLessThan(5);
    });

    it("say nothing about the next draw, nor about the same draw of another stream or seed", () => {
      const other = createRandom("study/replicate-2");
      const neighbours = {
        next: draws((n) => key(n + 1), count),
        stream: draws(key, count, hazard),
        seed: Float64Array.from({ length: count }, (_, n) => other.at(other.stream("boot"), ...key(n))),
      };
      for (const theirs of Object.values(neighbours)) {
        expect(Math.abs(correlation(own, theirs))).toBeLessThan(5 / Math.sqrt(count));
        const cells = own.map((u, n) => 32 * Math.floor(32 * u) + Math.floor(32 * theirs[n]!));
        expect(excess(cells, count, 1024)).toBeLessThan(5);
      }
    });
  });

  it("change each of their 53 bits with probability 1/2 when any bit of any index changes", () => {
    const keys = 1000;
    const flips = new Uint32Array(96 * 53); // [changed bit of i, j, k * 53 + bit of the draw]
    for (let n = 0; n < keys; n++) {
      const key = [n, 60 * n, n >> 3] as const;
      const before = random.at(boot, ...key) * 2 ** 53;
      for (let bit = 0; bit < 96; bit++) {
        const [i, j, k] = key.map((each, axis) => (axis === bit >> 5 ? each ^ (1 << (bit & 31)) : each));
        let changed = BigInt(before) ^ BigInt(random.at(boot, i!, j, k) * 2 ** 53);
        for (let at = 53 * bit; changed > 0n; at++, changed >>= 1n) flips[at]! += Number(changed & 1n);
      }
    }
    const far = flips.map((count) => Math.abs(count - keys / 2)).reduce((a, b) => Math.max(a, b));
    expect(far / Math.sqrt(keys / 4)).toBeLessThan(5.5); // 5,088 cells: chance goes to about 3.7
  });

  it("differ for all of a million keys: no two (i, j, k) of a run share a fate", () => {
    const values = draws((n) => [n % 100, Math.floor(n / 100) % 100, Math.floor(n / 10_000)], 1e6).sort();
    expect(values.findIndex((each, n) => n > 0 && each === values[n - 1])).toBe(-1);
  });
});
