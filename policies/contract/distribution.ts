import { z } from "zod";
import type { Distribution } from "./scenario.ts";

const notNegative = z.number().nonnegative();

/** A distribution as a study writes it. */
export const distributionSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("constant"), value: notNegative }),
  z
    .strictObject({ kind: z.literal("lognormal"), median: notNegative, p95: notNegative })
    .refine(({ median, p95 }) => p95 >= median, { path: ["p95"], message: "expected at least the median" }),
  z.strictObject({ kind: z.literal("empirical"), values: z.array(notNegative).min(1) }),
]) satisfies z.ZodType<Distribution>;

/** A draw of a distribution from a uniform one in [0, 1). */
export type Sampler = (uniform: number) => number;

/** 95 % quantile of the standard normal. */
const Z95 = 1.6448536269514722;

/** A distribution whose numbers make no sense. */
export class DistributionError extends Error {
  override readonly name = "DistributionError";
}

/**
 * By inversion, so that one uniform gives one draw and larger uniforms larger draws.
 * @example sampler({ kind: "empirical", values: [10, 20] })(0.6) // 20
 */
export function sampler(distribution: Distribution): Sampler {
  switch (distribution.kind) {
    case "constant": {
      const value = checked("value", distribution.value);
      return () => value;
    }
    case "lognormal": {
      const median = checked("median", distribution.median);
      const p95 = checked("p95", distribution.p95);
      if (median === 0 && p95 > 0) {
        throw new DistributionError(
          `lognormal: no lognormal has the median 0 and the p95 ${p95}; give a positive median, or empirical values`,
        );
      }
      if (p95 < median) {
        throw new DistributionError(`lognormal: p95 ${p95} lies below the median ${median}; give a larger p95`);
      }
      const sigma = median === 0 ? 0 : Math.log(p95 / median) / Z95;
      return (uniform) => median * Math.exp(sigma * inverseNormal(uniform));
    }
    case "empirical": {
      const values = distribution.values.map((value) => checked("values", value)).sort((a, b) => a - b);
      if (values.length === 0) throw new DistributionError("empirical: no values; give at least one");
      return (uniform) => values[Math.floor(uniform * values.length)]!;
    }
  }
}

/** The most that it gives; Infinity where nothing bounds it. */
export function mostOf(distribution: Distribution): number {
  if (distribution.kind === "lognormal") return distribution.p95 > distribution.median ? Infinity : distribution.median;
  return sampler(distribution)(1 - Number.EPSILON);
}

/** Its median: what a policy may expect. */
export const medianOf = (distribution: Distribution): number => sampler(distribution)(0.5);

function checked(name: string, value: number): number {
  if (Number.isFinite(value) && value >= 0) return value;
  throw new DistributionError(`${name}: ${value} is no duration; give a number that is not negative`);
}

/**
 * Quantile of the standard normal, relative error below 1.2e-9; the ends of [0, 1) give about +-8.
 * Source: P. J. Acklam, "An algorithm for computing the inverse normal cumulative distribution function", 2003.
 */
export function inverseNormal(uniform: number): number {
  const p = Math.min(Math.max(uniform, 1e-15), 1 - 1e-15);
  const low = 0.02425;
  if (p < low) return tail(Math.sqrt(-2 * Math.log(p)));
  if (p > 1 - low) return -tail(Math.sqrt(-2 * Math.log(1 - p)));
  const q = p - 0.5;
  const r = q * q;
  const a =
    (((((-39.69683028665376 * r + 220.9460984245205) * r - 275.9285104469687) * r + 138.357751867269) * r -
      30.66479806614716) *
      r +
      2.506628277459239) *
    q;
  const b =
    ((((-54.47609879822406 * r + 161.5858368580409) * r - 155.6989798598866) * r + 66.80131188771972) * r -
      13.28068155288572) *
      r +
    1;
  return a / b;
}

function tail(q: number): number {
  const c =
    ((((-0.007784894002430293 * q - 0.3223964580411365) * q - 2.400758277161838) * q - 2.549732539343734) * q +
      4.374664141464968) *
      q +
    2.938163982698783;
  const d = (((0.007784695709041462 * q + 0.3224671290700398) * q + 2.445134137142996) * q + 3.754408661907416) * q + 1;
  return c / d;
}
