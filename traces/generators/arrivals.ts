import { z } from "zod";
import { inverseNormal } from "../../policies/contract/distribution.ts";
import type { Random } from "../../policies/contract/random.ts";
import { HOUR_S, type Seconds } from "../../policies/contract/units.ts";

const positive = z.number().positive();
const common = {
  perS: positive.describe("requests a second in the long run, over calm and burst, day and night"),
  daily: z
    .strictObject({
      share: z.number().min(0).max(1).describe("how far the rate goes above and below its mean, as a share of it"),
      peakH: z.number().min(0).max(24).default(12).describe("when it is highest, in hours from the start"),
    })
    .exactOptional()
    .describe("a rate that follows a sine over 24 h; the same all day where absent"),
};

/** How requests come: what is between them, and the rate of the day. Rates are per second. */
export const arrivalProcess = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("poisson"), ...common }).describe("memoryless"),
  z
    .strictObject({
      kind: z.literal("gamma"),
      cv: positive.describe("coefficient of variation of the times between requests; 1 is Poisson, SpotServe has 6"),
      ...common,
    })
    .describe("times between requests by a gamma distribution"),
  z
    .strictObject({
      kind: z.literal("bursty"),
      burstFactor: z.number().min(1).describe("rate in a burst over the rate between bursts"),
      meanBurstS: positive,
      meanCalmS: positive,
      ...common,
    })
    .describe("Markov-modulated Poisson: two rates, each for an exponential time"),
]);
export type ArrivalProcess = z.infer<typeof arrivalProcess>;

/**
 * Times of arrival, one at a call, in order and without end: nothing is stored, so that sixty million need no array. Request i
 * draws by its number. Assumes that the process has run for ever, so that any stretch expects `perS` times its length.
 *
 * The times between requests are drawn on a clock that the day speeds up and slows down (time rescaling, Daley and Vere-Jones,
 * An Introduction to the Theory of Point Processes, 2003, 7.4); for Poisson this is the process of that rate exactly.
 * @example generateArrivals({ kind: "poisson", perS: 2 }, createRandom("1")) // () => 1.0720..., 1.5583..., 2.1898..., ...
 */
export function generateArrivals(process: ArrivalProcess, random: Random): () => Seconds {
  const clock = { poisson, gamma, bursty }[process.kind](process as never, random);
  return process.daily === undefined ? clock : warped(clock, process.daily);
}

type Of<Kind> = Extract<ArrivalProcess, { readonly kind: Kind }>;

function poisson({ perS }: Of<"poisson">, random: Random): () => Seconds {
  const stream = random.stream("arrivals");
  let [i, timeS] = [0, 0];
  return () => {
    timeS += exponential(random.at(stream, i++)) / perS;
    return timeS;
  };
}

/**
 * A renewal process in equilibrium: what is left of the first gap is a uniform part of one drawn by its length, and a gamma
 * gap of shape a drawn by its length has shape a + 1.
 */
function gamma({ perS, cv }: Of<"gamma">, random: Random): () => Seconds {
  const stream = random.stream("arrivals");
  const shape = 1 / cv ** 2;
  const scaleS = 1 / (shape * perS);
  let [i, timeS] = [0, 0];
  return () => {
    timeS +=
      i === 0
        ? scaleS * gammaAbove1(shape + 1, random, stream, 0) * random.at(stream, 0)
        : scaleS * gammaDraw(shape, random, stream, i);
    i++;
    return timeS;
  };
}

/** By inversion of the rate's integral along the stays. Source: Fischer and Meier-Hellstern, "The MMPP cookbook", 1993. */
function bursty({ perS, burstFactor, meanBurstS, meanCalmS }: Of<"bursty">, random: Random): () => Seconds {
  const [arrivals, stays] = [random.stream("arrivals"), random.stream("bursts")];
  const calmPerS = (perS * (meanCalmS + meanBurstS)) / (meanCalmS + burstFactor * meanBurstS);
  let burst = random.at(stays, 0) < meanBurstS / (meanCalmS + meanBurstS);
  let [i, stay, timeS, stayEndS] = [0, 1, 0, 0];
  const stayS = () => (burst ? meanBurstS : meanCalmS) * exponential(random.at(stays, stay++));
  stayEndS = stayS();
  return () => {
    let left = exponential(random.at(arrivals, i++));
    for (;;) {
      const ratePerS = burst ? burstFactor * calmPerS : calmPerS;
      const atS = timeS + left / ratePerS;
      if (atS < stayEndS) {
        timeS = atS;
        return timeS;
      }
      left -= (stayEndS - timeS) * ratePerS;
      timeS = stayEndS;
      burst = !burst;
      stayEndS += stayS();
    }
  };
}

/** Where the day's clock shows what the even one shows: solves t + (share / w) (sin(w t - phase) + sin(phase)) = even. */
function warped(even: () => Seconds, { share, peakH }: NonNullable<ArrivalProcess["daily"]>): () => Seconds {
  const w = (2 * Math.PI) / (24 * HOUR_S);
  const phase = w * peakH * HOUR_S;
  let timeS = 0;
  return () => {
    const evenS = even();
    // Newton's step, within what is known to hold the answer: the rate may be 0 for an instant of the night.
    let [lowS, highS] = [timeS, Math.max(timeS, evenS + (2 * share) / w)];
    for (let k = 0; k < 60 && highS - lowS > 1e-9; k++) {
      const aheadS = timeS + (share / w) * (Math.sin(w * timeS - phase) + Math.sin(phase)) - evenS;
      if (aheadS > 0) highS = timeS;
      else lowS = timeS;
      const newton = timeS - aheadS / (1 + share * Math.cos(w * timeS - phase));
      const nextS = newton >= lowS && newton <= highS ? newton : (lowS + highS) / 2;
      if (Math.abs(nextS - timeS) < 1e-9) break;
      timeS = nextS;
    }
    return timeS;
  };
}

const exponential = (u: number): number => -Math.log(1 - u);

/** Mean `shape`, scale 1. Below shape 1: Gamma(a) = Gamma(a + 1) U^(1/a) (Marsaglia and Tsang, section 6). */
function gammaDraw(shape: number, random: Random, stream: number, i: number): number {
  if (shape >= 1) return gammaAbove1(shape, random, stream, i);
  return gammaAbove1(shape + 1, random, stream, i) * random.at(stream, i) ** (1 / shape);
}

/** Marsaglia and Tsang, "A simple method for generating gamma variables", ACM TOMS 26, 2000; about 1.05 tries a draw. */
function gammaAbove1(shape: number, random: Random, stream: number, i: number): number {
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (let attempt = 1; ; attempt++) {
    const x = inverseNormal(random.at(stream, i, attempt, 0));
    const v = (1 + c * x) ** 3;
    if (v <= 0) continue;
    const u = 1 - random.at(stream, i, attempt, 1);
    if (Math.log(u) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
  }
}
