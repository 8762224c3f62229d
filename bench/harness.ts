/** One measured ratio or rate. */
export interface Result {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What was to be reached; absent for context. */
  readonly target?: { readonly most?: number; readonly least?: number };
  /** What it is made of, for whoever reads a miss. */
  readonly detail?: string;
}

export interface Benchmark {
  readonly name: string;
  run(options: { readonly quick: boolean; readonly full: boolean }): Promise<readonly Result[]> | readonly Result[];
}

export const reached = ({ value, target }: Result): boolean | undefined =>
  target === undefined ? undefined : value <= (target.most ?? Infinity) && value >= (target.least ?? -Infinity);

/** Nanoseconds that `operations` of `body` took, each. */
export function nsEach(operations: number, body: () => void): number {
  const start = process.hrtime.bigint();
  body();
  return Number(process.hrtime.bigint() - start) / operations;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1]!;
}

/**
 * Medians of several contenders measured in turn, round by round, so that a machine that changes its speed changes it for
 * all. One round before is not counted.
 */
export function interleaved<Name extends string>(
  rounds: number,
  contenders: Readonly<Record<Name, () => number>>,
): Record<Name, number> {
  const names = Object.keys(contenders) as Name[];
  const seen = Object.fromEntries(names.map((name) => [name, [] as number[]])) as unknown as Record<Name, number[]>;
  for (let round = 0; round <= rounds; round++) {
    for (const name of names) {
      const value = contenders[name]();
      if (round > 0) seen[name].push(value);
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(seen[name])])) as Record<Name, number>;
}

/** Same numbers for every contender: a linear congruential generator, good enough to shuffle with. */
export function numbers(seed: number): () => number {
  const state = new Int32Array([seed]);
  return () => {
    state[0] = (Math.imul(state[0]!, 1664525) + 1013904223) | 0;
    return (state[0]! >>> 0) / 4294967296;
  };
}

/** Millions of steps a second of a fixed loop of integer arithmetic: how fast this machine is now, beside absolute rates. */
export function calibration(): number {
  const steps = 20_000_000;
  const cell = new Int32Array(1);
  const ns = nsEach(steps, () => {
    for (let i = 0; i < steps; i++) cell[0] = (Math.imul(cell[0]! ^ i, 0x21f0aaad) + i) | 0;
  });
  return 1000 / ns;
}
