import type { Comparison } from "../summary.ts";
import { UNITS_MIN } from "./estimate.ts";

type Units = ReadonlyMap<string, Readonly<Record<string, number>>>;

/** Above this skewness of the differences, and below so many units, bootstrap-t covers less than it says (docs/METRICS.md). */
const SKEWNESS_MAX = 2;
const SKEWED_UNITS_MIN = 50;

/** What a sceptic would say of the method, each with its remedy. */
export function warningsOf(
  primaries: readonly Comparison[],
  units: ReadonlyMap<string, Units>,
  count: number,
  where: string,
): string[] {
  const said: string[] = [];
  if (count < UNITS_MIN) {
    said.push(
      `${where}${count} unit(s) of inference: too few for an interval or a p value, ranges are shown. This trace cannot answer; use a longer trace, shorter windows or more seeds (at least ${UNITS_MIN})`,
    );
  }
  for (const { metric, policyId, against, n, difference, pSmallest } of primaries) {
    const name = `${where}${policyId} against ${against}`;
    if (difference.kind !== "interval") continue;
    if (difference.low <= 0 && difference.high >= 0 && difference.low < difference.high) {
      said.push(
        `${name}: the interval of the difference holds 0: these ${n} units do not tell which is better; add units`,
      );
    }
    if (difference.low === difference.high) {
      said.push(
        `${name}: all ${n} differences are equal, so the interval has no width: check that the units differ at all`,
      );
    }
    if (pSmallest !== null && pSmallest > 0.05) {
      said.push(`${name}: with ${n} pairs no p below ${pSmallest} is possible; add units`);
    }
    const differences = pairsOf(units.get(policyId), units.get(against), metric);
    if (n < SKEWED_UNITS_MIN && Math.abs(skewness(differences)) > SKEWNESS_MAX) {
      said.push(
        `${name}: the differences are skewed (${skewness(differences).toFixed(1)}), their interval may cover less than 95 %; use ${SKEWED_UNITS_MIN} units or more`,
      );
    }
  }
  return said;
}

function pairsOf(ours: Units | undefined, theirs: Units | undefined, metric: string): number[] {
  return [...(ours ?? [])].flatMap(([unit, values]) => {
    const [a, b] = [values[metric], theirs?.get(unit)?.[metric]];
    return a === undefined || b === undefined ? [] : [a - b];
  });
}

function skewness(values: readonly number[]): number {
  const n = values.length;
  const mean = values.reduce((sum, each) => sum + each, 0) / n;
  const moment = (power: number) => values.reduce((sum, each) => sum + (each - mean) ** power, 0) / n;
  const variance = moment(2);
  return variance === 0 ? 0 : moment(3) / variance ** 1.5;
}
