import { z } from "zod";
import { inverseNormal } from "../../policies/contract/distribution.ts";
import type { Random } from "../../policies/contract/random.ts";
import { HOUR_S, type Seconds } from "../../policies/contract/units.ts";
import { generateLevels } from "./capacity.ts";

const positive = z.number().positive();
const volatility = z.number().nonnegative().describe("USD per hour per square root of an hour");

/** What both processes share. */
const common = {
  reversionPerHour: z.number().nonnegative().describe("how fast it returns to the mean"),
  dailyShare: z.number().min(0).max(1).default(0).describe("amplitude of the daily cycle as a share of the price"),
  minUsdPerHour: z.number().nonnegative(),
  maxUsdPerHour: positive,
  stepH: positive.describe("the price stands this long"),
  start: z.enum(["mean", "stationary"]).default("stationary"),
};

/** A price that returns to its mean, with a daily cycle, clamped; USD per hour, hours. The mean may switch between regimes. */
export const priceProcess = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("ornstein-uhlenbeck"), meanUsdPerHour: positive, volatility, ...common }),
  z.strictObject({
    kind: z.literal("regime-switching"),
    regimes: z
      .array(z.strictObject({ meanUsdPerHour: positive, volatility, meanStayH: positive }))
      .min(2)
      .describe("each stays an exponential time, then any other follows alike"),
    ...common,
  }),
]);
export type PriceProcess = z.infer<typeof priceProcess>;

/**
 * Step i stands from i x step until the next; nobody sees it earlier. Euler-Maruyama, as the seed has it: x += reversion x
 * (mean - x) x step + volatility x sqrt(step) x N(0, 1); price = x (1 + daily x sin(2 pi t / 24 h)), clamped.
 * Source: Synkti, crates/synkti-simulation/src/spot_data.rs (form and parameters; its look-ahead is a defect). Regimes:
 * Hamilton, Econometrica 57, 1989 (a mean that follows a Markov chain).
 */
export function generatePrice(
  process: PriceProcess,
  random: Random,
  market: number,
  endS: Seconds,
): { timesS: Float64Array; usdPerHour: Float64Array } {
  const { reversionPerHour, stepH, dailyShare } = process;
  const stream = random.stream("price");
  const steps = Math.max(1, Math.ceil(endS / (stepH * HOUR_S)));
  const timesS = new Float64Array(steps);
  const usdPerHour = new Float64Array(steps);
  const normal = (k: number) => inverseNormal(random.at(stream, market, k));
  const regimeAt = regimesOf(process, random, market, endS);
  let { meanUsdPerHour: mean, volatility } = regimeAt(0);
  let x = mean;
  if (process.start === "stationary" && reversionPerHour > 0) {
    x += (volatility / Math.sqrt(2 * reversionPerHour)) * normal(0);
  }
  for (let i = 0; i < steps; i++) {
    if (i > 0) {
      ({ meanUsdPerHour: mean, volatility } = regimeAt(i * stepH * HOUR_S));
      x += reversionPerHour * (mean - x) * stepH + volatility * Math.sqrt(stepH) * normal(i);
    }
    const price = x * (1 + dailyShare * Math.sin((2 * Math.PI * i * stepH) / 24));
    timesS[i] = i * stepH * HOUR_S;
    usdPerHour[i] = Math.min(process.maxUsdPerHour, Math.max(process.minUsdPerHour, price));
  }
  return { timesS, usdPerHour };
}

interface Regime {
  readonly meanUsdPerHour: number;
  readonly volatility: number;
}

/** The regime in effect; to be asked in order of time. */
function regimesOf(process: PriceProcess, random: Random, market: number, endS: Seconds): (timeS: Seconds) => Regime {
  if (process.kind === "ornstein-uhlenbeck") return () => process;
  const { regimes } = process;
  const stays = {
    counts: regimes.map((_, i) => i),
    meanH: regimes.map(({ meanStayH }) => meanStayH),
    shape: 1,
    next: regimes.map((_, from) => regimes.map((_, to) => (from === to ? 0 : 1))),
  };
  const { timesS, values } = generateLevels(stays, random, "price-regime", market, endS);
  let at = 0;
  return (timeS) => {
    while (timesS[at + 1]! <= timeS) at++;
    return regimes[values[at]!]!;
  };
}
