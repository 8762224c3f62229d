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
