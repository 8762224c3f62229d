import type { Timeline } from "../../sim/simulation.ts";
import { pricesOf } from "./steps.ts";

/**
 * What had been charged by each time. Each bill is spread over its instance's up-time along the market's price: what was free in
 * the end was free all along, and the bills add up at the end of the run.
 */
export function costSoFar(run: Timeline, timesS: readonly number[]): number[] {
  const charge = run.markets.map((_, market) => integralOf(pricesOf(run, market)));
  const bills = run.instances.flatMap(({ market, runningS, endS, usd }) => {
    if (runningS === null || usd === 0) return [];
    const until = charge[market]!;
    const [from, whole] = [until(runningS), until(endS) - until(runningS)];
    const share = (timeS: number) =>
      whole > 0 ? (until(timeS) - from) / whole : (timeS - runningS) / Math.max(1, endS - runningS);
    return [{ runningS, endS, usd, share }];
  });
  return timesS.map((timeS) =>
    bills.reduce(
      (sum, { runningS, endS, usd, share }) => sum + (timeS <= runningS ? 0 : usd * share(Math.min(timeS, endS))),
      0,
    ),
  );
}

/** How many pieces of work were finished by each time. */
export function finishedSoFar({ work }: Timeline, timesS: readonly number[]): number[] {
  const finished = work.filter(({ ended }) => ended === "completed").map(({ toS }) => toS);
  return timesS.map((timeS) => finished.filter((toS) => toS <= timeS).length);
}

/**
 * The fewest ready replicas since the time before, at each time: short gaps show however far apart the times are. A replica that
 * follows another in the same instant leaves no gap.
 */
export function fewestReady({ work }: Timeline, timesS: readonly number[]): number[] {
  const changes = work
    .flatMap(({ fromS, toS, ended }) => [{ timeS: fromS, by: 1 }, ...(ended === "cut" ? [] : [{ timeS: toS, by: -1 }])])
    .sort((a, b) => a.timeS - b.timeS || b.by - a.by);
  let ready = 0;
  let next = 0;
  return timesS.map((timeS) => {
    let fewest = ready;
    for (; next < changes.length && changes[next]!.timeS <= timeS; next++) {
      ready += changes[next]!.by;
      fewest = Math.min(fewest, ready);
    }
    return fewest;
  });
}

/** How many ready replicas were wanted at each time. */
export const wantedAt = ({ wanted = [] }: Timeline, timesS: readonly number[]): number[] =>
  timesS.map((at) => wanted.findLast(({ timeS }) => timeS <= at)?.replicas ?? 0);

/** The integral of a step function from its beginning to a time, in O(log n). */
function integralOf(
  steps: readonly { readonly timeS: number; readonly usdPerHour: number }[],
): (timeS: number) => number {
  const sums = [0];
  steps.slice(1).forEach(({ timeS }, i) => {
    sums.push(sums[i]! + (timeS - steps[i]!.timeS) * steps[i]!.usdPerHour);
  });
  return (timeS) => {
    let [low, high] = [0, steps.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (steps[middle]!.timeS <= timeS) low = middle;
      else high = middle;
    }
    const step = steps[low];
    return step === undefined ? 0 : sums[low]! + Math.max(0, timeS - step.timeS) * step.usdPerHour;
  };
}
