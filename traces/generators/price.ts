import { z } from "zod";
import { inverseNormal } from "../../policies/contract/distribution.ts";
import type { Random } from "../../policies/contract/random.ts";
import { HOUR_S, type Seconds } from "../../policies/contract/units.ts";

/** Ornstein-Uhlenbeck price with a daily cycle, clamped; USD per hour, hours. */
export const priceProcess = z.strictObject({
  kind: z.literal("ornstein-uhlenbeck"),
  meanUsdPerHour: z.number().positive(),
  reversionPerHour: z.number().nonnegative().describe("how fast it returns to the mean"),
  volatility: z.number().nonnegative().describe("USD per hour per square root of an hour"),
  dailyShare: z.number().min(0).max(1).default(0).describe("amplitude of the daily cycle as a share of the price"),
  minUsdPerHour: z.number().nonnegative(),
  maxUsdPerHour: z.number().positive(),
  stepH: z.number().positive().describe("the price stands this long"),
  start: z.enum(["mean", "stationary"]).default("stationary"),
});
export type PriceProcess = z.infer<typeof priceProcess>;

/**
 * Step i stands from i x step until the next; nobody sees it earlier. Euler-Maruyama, as the seed has it: x += reversion x
 * (mean - x) x step + volatility x sqrt(step) x N(0, 1); price = x (1 + daily x sin(2 pi t / 24 h)), clamped.
 * Source: Synkti, crates/synkti-simulation/src/spot_data.rs (form and parameters; its look-ahead is a defect).
 */
export function generatePrice(
  process: PriceProcess,
  random: Random,
  market: number,
  endS: Seconds,
): { timesS: Float64Array; usdPerHour: Float64Array } {
  const { meanUsdPerHour: mean, reversionPerHour, volatility, stepH, dailyShare } = process;
  const stream = random.stream("price");
  const steps = Math.max(1, Math.ceil(endS / (stepH * HOUR_S)));
  const timesS = new Float64Array(steps);
  const usdPerHour = new Float64Array(steps);
  const normal = (k: number) => inverseNormal(random.at(stream, market, k));
  let x = mean;
  if (process.start === "stationary" && reversionPerHour > 0) {
    x += (volatility / Math.sqrt(2 * reversionPerHour)) * normal(0);
  }
  for (let i = 0; i < steps; i++) {
    if (i > 0) x += reversionPerHour * (mean - x) * stepH + volatility * Math.sqrt(stepH) * normal(i);
    const price = x * (1 + dailyShare * Math.sin((2 * Math.PI * i * stepH) / 24));
    timesS[i] = i * stepH * HOUR_S;
    usdPerHour[i] = Math.min(process.maxUsdPerHour, Math.max(process.minUsdPerHour, price));
  }
  return { timesS, usdPerHour };
}
