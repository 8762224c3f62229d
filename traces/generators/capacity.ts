import { gamma } from "simple-statistics";
import { z } from "zod";
import type { Random } from "../../policies/contract/random.ts";
import { HOUR_S, type Seconds } from "../../policies/contract/units.ts";

const shape = z
  .number()
  .positive()
  .describe("Weibull shape: 1 is memoryless, below 1 many short spells and a few long ones");

/** Up and down in turn, each spell drawn anew: a two-state semi-Markov process with Weibull spells. */
export const spells = z.strictObject({
  meanUpH: z.number().positive(),
  meanDownH: z.number().positive(),
  shape,
});
export type Spells = z.infer<typeof spells>;

/** Instances obtainable, from a few counts: a semi-Markov process with Weibull stays, for zones that were watched with several. */
export const levels = z
  .strictObject({
    counts: z.array(z.int().nonnegative()).min(2).describe("instances obtainable at each level"),
    meanH: z.array(z.number().positive()).describe("[level] how long it stays"),
    shape,
    next: z
      .array(z.array(z.number().nonnegative()))
      .describe("[level][level] weight of going there next; none to itself"),
  })
  .refine(
    ({ counts: { length }, meanH, next }) =>
      meanH.length === length &&
      next.length === length &&
      next.every((row, i) => row.length === length && row[i] === 0 && row.some((weight) => weight > 0)),
    { message: "expected meanH and next with an entry for each count, and from each level a way to another" },
  );
export type Levels = z.infer<typeof levels>;

/** A step function over [0, endS): values[i] stands from timesS[i], timesS[0] = 0. */
export interface Steps {
  readonly timesS: Seconds[];
  readonly values: number[];
}

/**
 * 1 while it is up, 0 while it is down. Assumes the process has run for ever: it starts up with its long-run share, and the
 * first spell is a whole one cut at a uniform point.
 */
export function generateSpells(
  { meanUpH, meanDownH, shape }: Spells,
  random: Random,
  streamName: string,
  key: number,
  endS: Seconds,
): Steps {
  const stream = random.stream(streamName);
  let up = random.at(stream, key, 0) < meanUpH / (meanUpH + meanDownH) ? 1 : 0;
  const steps: Steps = { timesS: [0], values: [up] };
  const spellS = (k: number) => weibullS(up ? meanUpH : meanDownH, shape, random.at(stream, key, k));
  let timeS = spellS(2) * (1 - random.at(stream, key, 1));
  for (let k = 3; timeS < endS; k++) {
    up = 1 - up;
    steps.timesS.push(timeS);
    steps.values.push(up);
    timeS += spellS(k);
  }
  return steps;
}

/** Counts by `levels`, started as `generateSpells` is. */
export function generateLevels(
  { counts, meanH, shape, next }: Levels,
  random: Random,
  streamName: string,
  key: number,
  endS: Seconds,
): Steps {
  const stream = random.stream(streamName);
  const visits = stationary(next);
  let level = chosen(
    visits.map((share, i) => share * meanH[i]!),
    random.at(stream, key, 0),
  );
  const steps: Steps = { timesS: [0], values: [counts[level]!] };
  let timeS = weibullS(meanH[level]!, shape, random.at(stream, key, 2)) * (1 - random.at(stream, key, 1));
  for (let k = 3; timeS < endS; k += 2) {
    level = chosen(next[level]!, random.at(stream, key, k));
    steps.timesS.push(timeS);
    steps.values.push(counts[level]!);
    timeS += weibullS(meanH[level]!, shape, random.at(stream, key, k + 1));
  }
  return steps;
}

/** What common outages are to one market: each takes it or not, by a draw of the outage and the market. */
export function hitBy(common: Steps, share: number, random: Random, streamName: string, market: number): Steps {
  const stream = random.stream(streamName);
  return {
    timesS: common.timesS,
    values: common.values.map((up, k) => (up === 1 || random.at(stream, market, k) >= share ? 1 : 0)),
  };
}

/** What a zone has to give: its own count while nothing that stands over it is down, else 0. */
export function generateCapacity(own: Steps, over: readonly Steps[]): { timesS: Seconds[]; counts: number[] } {
  const all = [own, ...over];
  const at = all.map(() => 0);
  const timesS: Seconds[] = [];
  const counts: number[] = [];
  for (const timeS of [...new Set(all.flatMap((steps) => steps.timesS))].sort((a, b) => a - b)) {
    for (const [i, steps] of all.entries()) while (steps.timesS[at[i]! + 1]! <= timeS) at[i]!++;
    const up = over.every(({ values }, i) => values[at[i + 1]!] === 1);
    const count = up ? own.values[at[0]!]! : 0;
    if (count === counts.at(-1)) continue;
    timesS.push(timeS);
    counts.push(count);
  }
  return { timesS, counts };
}

const weibullS = (meanH: number, shape: number, u: number): Seconds =>
  meanH * HOUR_S * (1 / gamma(1 + 1 / shape)) * (-Math.log(1 - u)) ** (1 / shape);

function chosen(weights: readonly number[], u: number): number {
  let left = u * weights.reduce((sum, weight) => sum + weight, 0);
  for (const [i, weight] of weights.entries()) {
    left -= weight;
    if (left < 0) return i;
  }
  return weights.findLastIndex((weight) => weight > 0);
}

/** Long-run share of visits of a chain of weights. Steps half the time, so that a chain that goes to and fro settles too. */
function stationary(next: readonly (readonly number[])[]): number[] {
  const sums = next.map((row) => row.reduce((sum, weight) => sum + weight, 0));
  let share = next.map(() => 1 / next.length);
  for (let i = 0; i < 1000; i++) {
    share = share.map(
      (stay, to) => (stay + next.reduce((sum, row, from) => sum + (share[from]! * row[to]!) / sums[from]!, 0)) / 2,
    );
  }
  return share;
}
