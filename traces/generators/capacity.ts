import { gamma } from "simple-statistics";
import { z } from "zod";
import type { Random } from "../../policies/contract/random.ts";
import { HOUR_S, type Seconds } from "../../policies/contract/units.ts";

/** Up and down in turn, each spell drawn anew: a two-state semi-Markov process with Weibull spells. */
export const spells = z.strictObject({
  meanUpH: z.number().positive(),
  meanDownH: z.number().positive(),
  shape: z
    .number()
    .positive()
    .describe("Weibull shape: 1 is memoryless, below 1 many short spells and a few long ones"),
});
export type Spells = z.infer<typeof spells>;

/**
 * The times at which the state changes, from 0 to endS, and the state at 0. Assumes the process has run for ever: it starts
 * up with its long-run share, and the first spell is a whole one cut at a uniform point.
 */
export function generateSpells(
  process: Spells,
  random: Random,
  streamName: string,
  key: number,
  endS: Seconds,
): { readonly upAtStart: boolean; readonly changesS: readonly Seconds[] } {
  const stream = random.stream(streamName);
  const { meanUpH, meanDownH, shape } = process;
  const upAtStart = random.at(stream, key, 0) < meanUpH / (meanUpH + meanDownH);
  const perMean = 1 / gamma(1 + 1 / shape);
  const spellS = (up: boolean, k: number) =>
    (up ? meanUpH : meanDownH) * HOUR_S * perMean * (-Math.log(1 - random.at(stream, key, k))) ** (1 / shape);
  const changesS: Seconds[] = [];
  let up = upAtStart;
  let timeS = spellS(up, 2) * (1 - random.at(stream, key, 1));
  for (let k = 3; timeS < endS; k++) {
    changesS.push(timeS);
    up = !up;
    timeS += spellS(up, k);
  }
  return { upAtStart, changesS };
}

/** Capacity of a zone: `count` while both the zone and its region are up, else 0. */
export function generateCapacity(
  zone: ReturnType<typeof generateSpells>,
  region: ReturnType<typeof generateSpells> | undefined,
  count: number,
): { timesS: number[]; counts: number[] } {
  const timesS = [0];
  let zoneUp = zone.upAtStart;
  let regionUp = region?.upAtStart ?? true;
  const counts = [zoneUp && regionUp ? count : 0];
  const changes = [
    ...zone.changesS.map((timeS) => ({ timeS, zone: true })),
    ...(region?.changesS ?? []).map((timeS) => ({ timeS, zone: false })),
  ].sort((a, b) => a.timeS - b.timeS);
  for (const change of changes) {
    if (change.zone) zoneUp = !zoneUp;
    else regionUp = !regionUp;
    const now = zoneUp && regionUp ? count : 0;
    if (change.timeS === timesS.at(-1)) {
      counts[counts.length - 1] = now;
    } else if (now !== counts.at(-1)) {
      timesS.push(change.timeS);
      counts.push(now);
    }
  }
  return { timesS, counts };
}
