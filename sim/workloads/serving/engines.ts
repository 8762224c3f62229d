import type { LatencyProfile } from "../../../policies/contract/latency-profile.ts";
import type { GpuSpec } from "../../../policies/contract/scenario.ts";
import type { MarketId } from "../../../policies/contract/units.ts";
import { LatencyProfileError } from "../../../policies/parallelism/batch-latency.ts";
import { type ModelSize, models } from "../../../traces/catalog/models.ts";
import { SimulationError } from "../../simulation-error.ts";
import type { RequestParams } from "../serving-params.ts";
import type { WorkloadWorld } from "../workload.ts";
import { BLOCK_TOKENS } from "./kv-blocks.ts";
import { profileTimes } from "./profile-times.ts";
import type { ReplicaLimits } from "./replica.ts";
import { kvBytesPerToken, rooflineTimes, type StepTimes, weightBytes } from "./step-times.ts";

/** How fast a replica is and what it holds, on one kind of instance. */
export interface Engine {
  readonly times: StepTimes;
  readonly limits: ReplicaLimits;
  /** Beginnings of prompts that it holds. */
  readonly prefixRoom: number;
}

const MIB = 2 ** 20;

/** The model that a study names or describes. */
export function sizeOf({ model }: Pick<RequestParams, "model">): ModelSize {
  if (model === undefined) throw new SimulationError("no model answers; name one in workload.params.requests.model");
  return typeof model === "string" ? models[model]! : model;
}

/**
 * Tokens that are left room for beside the weights, in whole blocks; below 1 the model does not fit.
 * @example cacheTokens({ model: "llama-3-8b", memoryShare: 0.9 }, 22_528) // 39,680 on an A10G
 */
export function cacheTokens(params: Pick<RequestParams, "model" | "memoryShare">, gpuMemoryMiB: number): number {
  const model = sizeOf(params);
  const bytes = params.memoryShare * gpuMemoryMiB * MIB - weightBytes(model);
  return Math.floor(bytes / kvBytesPerToken(model) / BLOCK_TOKENS) * BLOCK_TOKENS;
}

/**
 * What each market's instances make of the model. Assumes one replica an instance, over all its GPUs.
 * @throws SimulationError for a type on which the model has no room, or whose GPUs are not described
 */
export function enginesOf(params: RequestParams, { fleet, cloud }: WorkloadWorld): readonly Engine[] {
  const { batchMax, promptTokensMax, prefixes } = params;
  return fleet.markets.map(({ instanceType, gpuMemoryMiB }, market) => {
    const times = timesOn(params, instanceType, cloud.gpuOf(market as MarketId));
    const tokens = cacheTokens(params, gpuMemoryMiB);
    if (tokens < 1) {
      const needMiB = Math.ceil(weightBytes(sizeOf(params)) / params.memoryShare / MIB);
      throw new ModelFitError(
        `the model has no room on ${instanceType}: its weights need ${needMiB} MiB of GPU memory, with memoryShare ${params.memoryShare}, and there are ${gpuMemoryMiB}; take another type, or a smaller model`,
      );
    }
    const aside = Math.floor((prefixes?.cacheShare ?? 0) * tokens);
    return {
      times,
      limits: { cacheTokens: tokens - aside, batchMax, promptTokensMax },
      prefixRoom: prefixes === undefined ? 0 : Math.floor(aside / prefixes.tokens),
    };
  });
}

function timesOn(params: RequestParams, instanceType: string, gpu: GpuSpec | undefined): StepTimes {
  const { batchMax, efficiency, measured } = params;
  if (measured === undefined) {
    if (gpu !== undefined) return rooflineTimes(sizeOf(params), gpu, efficiency, batchMax);
    throw new SimulationError(
      `instance type ${instanceType} has no GPUs to time requests by; add cloud.instanceTypes.${instanceType}.gpu with count, bandwidthGBPerS and fp16Tflops`,
    );
  }
  const { file, pipeline, tensor, promptTokens } = measured;
  if (typeof file === "string") throw new Error(`the latency profile ${file}, which nobody has opened`);
  if (gpu !== undefined && pipeline * tensor > gpu.count) {
    throw new SimulationError(
      `a replica of ${pipeline} x ${tensor} GPUs has no room on ${instanceType}, which has ${gpu.count}; lower workload.params.requests.measured.tensor`,
    );
  }
  try {
    return profileTimes(file as unknown as LatencyProfile, { pipeline, tensor, batchMax }, promptTokens);
  } catch (error) {
    if (error instanceof LatencyProfileError) {
      throw new SimulationError(`${error.message}; lower workload.params.requests.batchMax, or name another layout`);
    }
    throw error;
  }
}

/** A model that does not fit an instance of the fleet. */
export class ModelFitError extends SimulationError {}
