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
  /** Per step: kernel launches, scheduling, communication between the GPUs. */
  readonly overheadMs: number;
}

/** Bytes that one token of context takes in the cache: keys and values of all layers. @example Llama-3-8B: 131,072 */
export const kvBytesPerToken = ({ layers, kvHeads, headDim, bytesPerParameter }: ModelSize): number =>
  2 * layers * kvHeads * headDim * bytesPerParameter;

export const weightBytes = ({ parameters, bytesPerParameter }: ModelSize): number => parameters * bytesPerParameter;

/**
 * The roofline. Multiplying by the weights takes as long as reading them once a step, or as its arithmetic (2 operations a
 * parameter and token), whichever is longer; attention reads the caches of all running requests; prefill is bound by arithmetic.
 * Assumes that the three do not overlap, and that a replica's GPUs share all of it evenly.
 * Source: Williams et al., "Roofline", CACM 52(4), 2009; operation counts as in Kaplan et al., arXiv 2001.08361, section 2.1.
 * @example Llama-3-8B on an H100 at its peak bandwidth: fixedPs[1] = 4.8e9, 4.8 ms to read 16 GB
 */
export function rooflineTimes(model: ModelSize, gpus: GpuSpec, efficiency: Efficiency, batchMax: number): StepTimes {
  const { parameters, layers, heads, headDim } = model;
  const bytesPerPs = (gpus.count * gpus.bandwidthGBPerS * 1e9 * efficiency.bandwidthShare) / 1e12;
  const operationsPerPs = (gpus.count * gpus.fp16Tflops * 1e12 * efficiency.flopsShare) / 1e12;
  const weightsPs = weightBytes(model) / bytesPerPs;
  const perTokenPs = (2 * parameters) / operationsPerPs;
  return {
    fixedPs: Float64Array.from({ length: batchMax + 1 }, (_, running) =>
      Math.round(Math.max(weightsPs, perTokenPs * running) + efficiency.overheadMs * 1e9),
    ),
    perContextTokenPs: Math.round(kvBytesPerToken(model) / bytesPerPs),
    perPromptTokenPs: Math.round(perTokenPs),
    perPromptTokenSquaredPs: Math.round((2 * layers * heads * headDim) / operationsPerPs),
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
