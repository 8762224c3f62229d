import type { Seconds } from "../policies/contract/units.ts";
import type { Pull } from "./rows.ts";
import { stretchesOf } from "./statistics.ts";

/** What a series of node counts shows of [0, endS], events at its end included. */
export interface NodeCountStatistics {
  readonly joined: number;
  readonly left: number;
  readonly countMax: number;
  readonly countMean: number;
  readonly instanceS: Seconds;
}

/** @param pull counts from nothing, as the importers of node events give them. */
export function nodeCountStatistics(pull: Pull, endS: Seconds): NodeCountStatistics {
  const joined = joinedBy(pull, endS);
  let instanceS = 0;
  stretchesOf(pull, endS, (lengthS, count) => {
    instanceS += lengthS * count;
  });
  return {
    joined,
    left: joined - countAt(pull, endS),
    countMax: pull.values.reduce((most, count, row) => (pull.timesS[row]! <= endS ? Math.max(most, count) : most), 0),
    countMean: instanceS / endS,
    instanceS,
  };
}

/** Nodes at that time, events of that instant included; 0 before the first. */
export const countAt = ({ timesS, values }: Pull, timeS: Seconds): number => values[rowAt(timesS, timeS)] ?? 0;

/** Nodes that joined until then. @throws Error for a series whose source does not tell. */
export function joinedBy({ timesS, joined }: Pull, timeS: Seconds): number {
  if (joined === undefined) throw new Error("this format does not say which nodes join");
  return joined[rowAt(timesS, timeS)] ?? 0;
}

const rowAt = (timesS: readonly Seconds[], timeS: Seconds): number => timesS.findLastIndex((each) => each <= timeS);
