import { ALPHA_OF_A_LOOK, LOOKS } from "../../experiments/looks.ts";
import { changeOf, measured, type SweepPoint } from "../../experiments/published/quantity.ts";
import { meanInterval, ratioInterval } from "../../experiments/statistics/bootstrap.ts";
import { createResamples } from "../../experiments/statistics/resamples.ts";
import { inverseNormal } from "../../policies/contract/distribution.ts";
import { createRandom } from "../../policies/contract/random.ts";

/** Differences of known mean: how often does a nominal 95 % interval of n of them hold it? */
export type Law = "normal" | "exponential" | "lognormal" | "t3";
export const laws: readonly Law[] = ["normal", "exponential", "lognormal", "t3"];

const meanOf: Readonly<Record<Law, number>> = { normal: 0, exponential: 1, lognormal: Math.exp(0.5), t3: 0 };

/** Draw (trial, i) of a law; `member` keeps several samples of a trial apart. */
function drawsOf(law: Law, n: number): (trial: number, i: number, member?: number) => number {
  const random = createRandom(`coverage/${law}/${n}`);
  const stream = random.stream("sample");
  const normal = (trial: number, i: number, k: number) => inverseNormal(random.at(stream, trial, i, k));
  return (trial, i, member = 0) => {
    const k = 4 * member;
    switch (law) {
      case "normal":
        return normal(trial, i, k);
      case "exponential":
        return -Math.log(1 - random.at(stream, trial, i, k));
      case "lognormal":
        return Math.exp(normal(trial, i, k));
      case "t3":
        return (
          normal(trial, i, k) /
          Math.sqrt((normal(trial, i, k + 1) ** 2 + normal(trial, i, k + 2) ** 2 + normal(trial, i, k + 3) ** 2) / 3)
        );
    }
  };
}

/** Share of `trials` samples of size n, drawn from `law`, whose interval holds the true mean. */
export function coverage(law: Law, n: number, trials: number): number {
  const draw = drawsOf(law, n);
  return shareOf(trials, (trial) => {
    const { low, high } = meanInterval(
      sample(n, (i) => draw(trial, i)),
      0.95,
      createResamples(`trial-${trial}`),
    );
    return low <= meanOf[law] && meanOf[law] <= high;
  });
}

/**
 * The same for a ratio of sums: baselines are lognormal (sigma 0.5), the policy costs 0.6 of them, give or take 20 % by
 * unit, and a tenth of their mean on its own account. True ratio: 0.6 + 0.1.
 */
export function ratioCoverage(n: number, trials: number): number {
  const draw = drawsOf("normal", n);
  return shareOf(trials, (trial) => {
    const under = sample(n, (i) => Math.exp(0.5 * draw(trial, i, 0)));
    const over = sample(n, (i) => 0.6 * under[i]! * (1 + 0.2 * draw(trial, i, 1)) + 0.1 * Math.exp(0.125));
    const { low, high } = ratioInterval(over, under, 0.95, createResamples(`trial-${trial}`))!;
    return low <= 0.7 && 0.7 <= high;
  });
}

/**
 * The same for the step from one saving to another: baselines are lognormal (sigma 0.5) and two policies cost 0.5 and 0.6 of
 * them, give or take 20 % by unit, half of which they share. True step: 0.1.
 */
export function stepCoverage(n: number, trials: number): number {
  const draw = drawsOf("normal", n);
  return shareOf(trials, (trial) => {
    const resamples = createResamples(`trial-${trial}`);
    const base = sample(n, (i) => Math.exp(0.5 * draw(trial, i, 0)));
    const policy = (share: number, member: number) =>
      sample(n, (i) => share * base[i]! * (1 + 0.1 * draw(trial, i, 1) + 0.1 * draw(trial, i, member)));
    const units = (usd: Float64Array) => new Map(Array.from(usd, (costUsd, i) => [`${i}`, { costUsd }]));
    const point: SweepPoint = {
      axes: {},
      units: new Map(Object.entries({ base: units(base), dear: units(policy(0.6, 2)), cheap: units(policy(0.5, 3)) })),
    };
    const saving = (policy: string) =>
      measured({ metric: "costUsd", policy, as: "saving", at: {} }, "base", [point], resamples)!;
    const { low, high } = changeOf(saving("dear"), saving("cheap"), resamples)!;
    return low <= 0.1 && 0.1 <= high;
  });
}

/**
 * The same for a study that goes on until its interval excludes 0 or the last look is done (`replicates: auto`): units drawn from a law,
 * shifted so that the true mean is `truth`, each seen through replicates that scatter as much as units do. What must hold is the
 * interval at which it stopped. @returns also the share of trials that stopped at an interval without 0.
 */
export function sequentialCoverage(
  law: Law,
  n: number,
  trials: number,
  truth: number,
): { held: number; decided: number } {
  const draw = drawsOf(law, n);
  const scatter = drawsOf("normal", n);
  let decided = 0;
  const held = shareOf(trials, (trial) => {
    const resamples = createResamples(`trial-${trial}`);
    const sums = new Float64Array(n);
    let interval = { low: Number.NaN, high: Number.NaN };
    for (const [look, replicates] of LOOKS.entries()) {
      for (let r = LOOKS[look - 1] ?? 0; r < replicates; r++) {
        for (let i = 0; i < n; i++) sums[i]! += scatter(trial, i, r + 1);
      }
      const means = sample(n, (i) => draw(trial, i) - meanOf[law] + truth + sums[i]! / replicates);
      interval = meanInterval(means, 1 - ALPHA_OF_A_LOOK, resamples);
      if (interval.low > 0 || interval.high < 0) {
        decided++;
        break;
      }
    }
    return interval.low <= truth && truth <= interval.high;
  });
  return { held, decided: decided / trials };
}

/** Share of trials in which all of `members` Bonferroni intervals hold; the samples share half of their variance. */
export function familyCoverage(law: Law, members: number, n: number, trials: number): number {
  const draw = drawsOf(law, n);
  const level = 1 - 0.05 / members;
  return shareOf(trials, (trial) => {
    const resamples = createResamples(`trial-${trial}`);
    return Array.from({ length: members }, (_, member) =>
      meanInterval(
        sample(n, (i) => draw(trial, i, member + 1) + draw(trial, i, 0)),
        level,
        resamples,
      ),
    ).every(({ low, high }) => low <= 2 * meanOf[law] && 2 * meanOf[law] <= high);
  });
}

const sample = (n: number, draw: (i: number) => number) => Float64Array.from({ length: n }, (_, i) => draw(i));

function shareOf(trials: number, holds: (trial: number) => boolean): number {
  let held = 0;
  for (let trial = 0; trial < trials; trial++) if (holds(trial)) held++;
  return held / trials;
}
