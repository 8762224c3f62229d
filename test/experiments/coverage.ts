import { meanInterval } from "../../experiments/statistics/bootstrap.ts";
import { inverseNormal } from "../../policies/contract/distribution.ts";
import { createRandom } from "../../policies/contract/random.ts";

/** Differences of known mean: how often does a nominal 95 % interval of n of them hold it? */
export type Law = "normal" | "exponential" | "lognormal" | "t3";
export const laws: readonly Law[] = ["normal", "exponential", "lognormal", "t3"];

const meanOf: Readonly<Record<Law, number>> = { normal: 0, exponential: 1, lognormal: Math.exp(0.5), t3: 0 };

/** Share of `trials` samples of size n, drawn from `law`, whose interval holds the true mean. */
export function coverage(law: Law, n: number, trials: number, from = 0): number {
  const random = createRandom(`coverage/${law}/${n}`);
  const stream = random.stream("sample");
  const normal = (trial: number, i: number, k: number) => inverseNormal(random.at(stream, from + trial, i, k));
  const draw = (trial: number, i: number): number => {
    switch (law) {
      case "normal":
        return normal(trial, i, 0);
      case "exponential":
        return -Math.log(1 - random.at(stream, from + trial, i));
      case "lognormal":
        return Math.exp(normal(trial, i, 0));
      case "t3":
        return (
          normal(trial, i, 0) /
          Math.sqrt((normal(trial, i, 1) ** 2 + normal(trial, i, 2) ** 2 + normal(trial, i, 3) ** 2) / 3)
        );
    }
  };
  let held = 0;
  for (let trial = 0; trial < trials; trial++) {
    const sample = Float64Array.from({ length: n }, (_, i) => draw(trial, i));
    const { low, high } = meanInterval(sample, { seed: `trial-${trial}`, level: 0.95 });
    if (low <= meanOf[law] && meanOf[law] <= high) held++;
  }
  return held / trials;
}
