import type { LatencyProfile, Layout } from "../contract/latency-profile.ts";
import type { Seconds } from "../contract/units.ts";
import { batchLatency, type MicroBatches } from "./batch-latency.ts";

/** So many pipelines of one layout, and what they promise. */
export interface ParallelPlan {
  /** Data-parallel degree: copies of the model, which work on their own. */
  readonly pipelines: number;
  readonly layout: Layout;
  readonly microBatches: MicroBatches;
  /** Of a full batch, from its start to its last token. */
  readonly latencyS: Seconds;
  /** Requests per second of all pipelines, busy with full batches. */
  readonly throughputRps: number;
  /** Whether that is as much as was asked for. */
  readonly feasible: boolean;
}

export interface PlanNeeds {
  readonly gpus: number;
  /** A pipeline takes whole instances of so many. Absent: any GPUs. */
  readonly gpusPerInstance?: number;
  /** The fewest that hold one copy of the model. */
  readonly gpusMin: number;
  readonly requiredRps: number;
  readonly batchMax: number;
  readonly outputTokens: number;
  /** Plans with batches that pipelines cut into smaller ones, as the artifact does. Absent: it does. */
  readonly microBatches?: boolean;
}

const TENSOR_DEGREES = [1, 2, 4, 8];

/**
 * SpotServe's parallelisation controller: of all layouts that keep up with the load, the one of least latency; where none
 * does, the one of most throughput. Ties go to the first in the order of tensor degree, batch, micro-batches, stages.
 * Source: Miao et al., ASPLOS 2024, algorithm 1, with the artifact's order, its limits, and its cost formula by micro-batches.
 * @returns undefined where the GPUs hold no copy of the model.
 * @throws LatencyProfileError for a profile with holes where this looks.
 * @example choosePlan(gpt20b, { gpus: 32, gpusMin: 12, requiredRps: 0.4, batchMax: 4, outputTokens: 128 })
 *   // { pipelines: 2, layout: { pipeline: 2, tensor: 8, batchMax: 4 }, latencyS: 12.96..., ... }
 */
export function choosePlan(profile: LatencyProfile, needs: PlanNeeds): ParallelPlan | undefined {
  let fastest: ParallelPlan | undefined;
  let widest: ParallelPlan | undefined;
  for (const plan of plans(profile, needs)) {
    if (plan.feasible && (fastest === undefined || plan.latencyS < fastest.latencyS)) fastest = plan;
    if (widest === undefined || plan.throughputRps > widest.throughputRps) widest = plan;
  }
  return fastest ?? widest;
}

function* plans(profile: LatencyProfile, needs: PlanNeeds): Generator<ParallelPlan> {
  const { gpus, gpusPerInstance = 1, gpusMin, requiredRps, batchMax, outputTokens, microBatches: isCut = true } = needs;
  for (const tensor of TENSOR_DEGREES) {
    if (tensor > profile.tensorMax || tensor > gpus) return;
    for (const batch of powersOfTwo(batchMax)) {
      for (const prefill of powersOfTwo(isCut ? batch : 1)) {
        for (const decode of powersOfTwo(isCut ? batch : 1)) {
          for (let pipeline = Math.ceil(gpusMin / tensor); pipeline * tensor <= gpus; pipeline++) {
            if (profile.paddedLayers % pipeline !== 0 || (pipeline * tensor) % gpusPerInstance !== 0) continue;
            const layout = { pipeline, tensor, batchMax: batch };
            const microBatches = { prefill, decode };
            const pipelines = Math.floor(gpus / (pipeline * tensor));
            const { latencyS } = batchLatency(profile, layout, batch, outputTokens, microBatches);
            const throughputRps = (pipelines * batch) / latencyS;
            const feasible = throughputRps >= requiredRps;
            yield { pipelines, layout, microBatches, latencyS, throughputRps, feasible };
          }
        }
      }
    }
  }
}

/** 1, 2, 4 and so on up to `most`. */
function* powersOfTwo(most: number): Generator<number> {
  for (let power = 1; power <= most; power *= 2) yield power;
}
