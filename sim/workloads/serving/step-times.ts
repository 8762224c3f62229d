import type { GpuSpec } from "../../../policies/contract/scenario.ts";
import type { ModelSize } from "../../../traces/catalog/models.ts";

/**
 * How long one iteration of a replica takes, in whole picoseconds: sums of them are exact, so that many iterations at once come
 * to the same as one after the other.
 *
 *     step = fixed[running] + perContextToken x (tokens in their caches) + prefill of what was admitted
 *     prefill of n tokens = perPromptToken x n + perPromptTokenSquared x n^2
 */
export interface StepTimes {
  /** Of a step with so many running requests, up to the largest batch, but for what their context adds. */
  readonly fixedPs: Float64Array; // [running]
  readonly perContextTokenPs: number;
  readonly perPromptTokenPs: number;
  /** Attention within the prompt. */
  readonly perPromptTokenSquaredPs: number;
}

/** What of the peaks is reached, and what every step costs besides. */
export interface Efficiency {
  readonly bandwidthShare: number;
  readonly flopsShare: number;
  /** Per step: kernel launches, scheduling. */
  readonly overheadMs: number;
}

/** Bytes that one token of context takes in the cache: keys and values of all layers. @example Llama-3-8B: 131,072 */
export const kvBytesPerToken = ({ layers, kvHeads, headDim, bytesPerParameter }: ModelSize): number =>
  2 * layers * kvHeads * headDim * bytesPerParameter;

export const weightBytes = ({ parameters, bytesPerParameter }: ModelSize): number => parameters * bytesPerParameter;

/**
 * The roofline. Multiplying by the weights takes as long as reading them once a step, or as its arithmetic (2 operations a
 * parameter and token), whichever is longer; attention reads the caches of all running requests; prefill is bound by arithmetic.
 * Assumes that the three do not overlap, and that a replica's GPUs share all of it evenly, each layer cut over them (tensor parallel):
 * twice a layer they sum up what each has of every token, by a ring, of which nothing overlaps with the rest either.
 * Source: Williams et al., "Roofline", CACM 52(4), 2009; operation counts as in Kaplan et al., arXiv 2001.08361, section 2.1; Shoeybi et al., "Megatron-LM", arXiv 1909.08053, section 3: two all-reduces a layer.
 * @example Llama-3-8B on an H100 at its peak bandwidth: fixedPs[1] = 4.8e9, 4.8 ms to read 16 GB
 */
export function rooflineTimes(model: ModelSize, gpus: GpuSpec, efficiency: Efficiency, batchMax: number): StepTimes {
  const { parameters, layers, heads, headDim } = model;
  const bytesPerPs = (gpus.count * gpus.bandwidthGBPerS * 1e9 * efficiency.bandwidthShare) / 1e12;
  const operationsPerPs = (gpus.count * gpus.fp16Tflops * 1e12 * efficiency.flopsShare) / 1e12;
  const weightsPs = weightBytes(model) / bytesPerPs;
  const perTokenPs = (2 * parameters) / operationsPerPs;
  const { eachPs, perTokenPs: exchangePs } = exchangeTimes(model, gpus);
  return {
    fixedPs: Float64Array.from({ length: batchMax + 1 }, (_, running) =>
      Math.round(
        Math.max(weightsPs, perTokenPs * running) + efficiency.overheadMs * 1e9 + eachPs + exchangePs * running,
      ),
    ),
    perContextTokenPs: Math.round(kvBytesPerToken(model) / bytesPerPs),
    perPromptTokenPs: Math.round(perTokenPs + exchangePs),
    perPromptTokenSquaredPs: Math.round((2 * layers * heads * headDim) / operationsPerPs),
  };
}

/**
 * What the GPUs of a replica take to sum up over their link: of a step whatever it holds, and of each token in it.
 * Source: a ring all-reduce sends 2 (n - 1) / n of the data over each link; Patarasuk and Yuan, JPDC 69(2), 2009.
 */
function exchangeTimes({ layers, heads, headDim, bytesPerParameter }: ModelSize, { count, link }: GpuSpec) {
  if (count === 1 || link === undefined) return { eachPs: 0, perTokenPs: 0 };
  const bytes = ((2 * (count - 1)) / count) * heads * headDim * bytesPerParameter;
  return {
    eachPs: 2 * layers * link.latencyUs * 1e6,
    perTokenPs: (2 * layers * bytes * 1e12) / (link.bandwidthGBPerS * 1e9),
  };
}

/** Time of k steps of which the first takes firstPs, and each growthPs more than the one before. */
export const stepsPs = (firstPs: number, growthPs: number, k: number): number =>
  k * firstPs + growthPs * ((k * (k - 1)) / 2);

export const prefillPs = (times: StepTimes, tokens: number, tokensSquared: number): number =>
  times.perPromptTokenPs * tokens + times.perPromptTokenSquaredPs * tokensSquared;

/** The least k whose steps take at least ps; ps > 0. The root of the quadratic, put right by whole steps. */
export function stepsUntil(firstPs: number, growthPs: number, ps: number): number {
  // growth / 2 k^2 + (first - growth / 2) k - ps = 0, in the form that keeps digits when growth is small.
  const half = firstPs - growthPs / 2;
  let k = Math.max(1, Math.ceil((2 * ps) / (half + Math.sqrt(half * half + 2 * growthPs * ps))));
  while (stepsPs(firstPs, growthPs, k) < ps) k++;
  while (k > 1 && stepsPs(firstPs, growthPs, k - 1) >= ps) k--;
  return k;
}
