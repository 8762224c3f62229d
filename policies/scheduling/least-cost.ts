import type { Seconds, Usd } from "../contract/units.ts";

/** One job in continuous time: at any moment it is idle or runs in one market; stretches in which no market changes. */
export interface LeastCostProblem {
  readonly workS: Seconds;
  readonly restartOverheadS: Seconds;
  readonly lengthsS: Float64Array; // [stretch]
  /** Of running through the whole stretch there; Infinity where it cannot. */
  readonly usd: readonly Float64Array[]; // [market][stretch]
}

/**
 * A cost that no schedule which does the work is below; undefined where none does it. Running makes progress, but for the overhead at
 * each start in another market than the last, or after idling.
 *
 * Lagrangian relaxation of the one condition that ties all stretches together, the work: with a price of `usdPerS` on progress, the
 * schedule that costs least less what its progress is worth falls out of one pass over the stretches, as no market changes within
 * one. Plus the worth of the work this is a bound whatever the price, since the schedules that do the work are among those looked at; the
 * search finds the price at which it is highest.
 * Source: Geoffrion, "Lagrangean relaxation for integer programming", Mathematical Programming Study 2, 1974.
 * Cost: O(stretches x markets), some hundred times.
 *
 * @example leastCostUsd({ workS: 4, restartOverheadS: 1, lengthsS: Float64Array.of(5), usd: [Float64Array.of(10)] }) // 10
 */
export function leastCostUsd(problem: LeastCostProblem): Usd | undefined {
  let low = 0;
  let high = highestUsdPerS(problem);
  let best = 0;
  const tried = (usdPerS: number): boolean => {
    const { usd, progressS } = cheapestAt(usdPerS, problem);
    best = Math.max(best, usd + usdPerS * problem.workS);
    return progressS >= problem.workS;
  };
  for (let doubled = 0; !tried(high); doubled++) {
    if (doubled === DOUBLED_MAX) return undefined;
    low = high;
    high *= 2;
  }
  for (let halved = 0; halved < HALVED_MAX; halved++) {
    const middle = (low + high) / 2;
    if (tried(middle)) high = middle;
    else low = middle;
  }
  return best;
}

/** A price so high that only the most progress counts: if that is less than the work, there is no schedule. */
const DOUBLED_MAX = 60;
/** To the last bit of the price, nearly: the bound is flat at its top, so less would do. */
const HALVED_MAX = 50;

function highestUsdPerS({ usd, lengthsS }: LeastCostProblem): number {
  let highest = 1e-9;
  for (const market of usd) {
    for (let i = 0; i < lengthsS.length; i++) {
      if (market[i]! < Infinity) highest = Math.max(highest, market[i]! / lengthsS[i]!);
    }
  }
  return highest;
}

/** Of all schedules the one that costs least less the worth of its progress. */
function cheapestAt(usdPerS: number, { restartOverheadS, lengthsS, usd }: LeastCostProblem) {
  const launchUsd = usdPerS * restartOverheadS;
  let [idleUsd, idleS] = [0, 0];
  const upUsd = new Float64Array(usd.length).fill(Infinity);
  const upS = new Float64Array(usd.length); // progress of the schedule that upUsd is of
  for (let i = 0; i < lengthsS.length; i++) {
    const lengthS = lengthsS[i]!;
    let [bestUsd, bestS] = [idleUsd, idleS];
    for (let m = 0; m < usd.length; m++) {
      if (upUsd[m]! < bestUsd) [bestUsd, bestS] = [upUsd[m]!, upS[m]!];
    }
    for (let m = 0; m < usd.length; m++) {
      const stays = upUsd[m]! <= bestUsd + launchUsd;
      upUsd[m] = (stays ? upUsd[m]! : bestUsd + launchUsd) + usd[m]![i]! - usdPerS * lengthS;
      upS[m] = (stays ? upS[m]! : bestS - restartOverheadS) + lengthS;
    }
    [idleUsd, idleS] = [bestUsd, bestS];
  }
  for (let m = 0; m < usd.length; m++) if (upUsd[m]! < idleUsd) [idleUsd, idleS] = [upUsd[m]!, upS[m]!];
  return { usd: idleUsd, progressS: idleS };
}
