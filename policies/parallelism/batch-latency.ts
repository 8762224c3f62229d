import type { LatencyProfile, Layout } from "../contract/latency-profile.ts";
import type { Seconds } from "../contract/units.ts";

/** A profile was asked for what nobody measured. */
export class LatencyProfileError extends Error {
  override readonly name = "LatencyProfileError";
}

export interface BatchLatency {
  readonly latencyS: Seconds;
  readonly prefillS: Seconds;
  readonly perTokenS: Seconds;
}

/** Into how many micro-batches a pipeline cuts a batch, in prefill and in decode. */
export interface MicroBatches {
  readonly prefill: number;
  readonly decode: number;
}

const WHOLE: MicroBatches = { prefill: 1, decode: 1 };

/**
 * How long a batch takes on one pipeline, from its start to the last token of all its requests. Prompts are as long as those
 * the profile was measured with.
 *
 * Whole batches (the default) give the time it takes to serve them. The artifact's planner decides by micro-batches, and there
 * divides the time of prefill by their number, which underestimates it.
 * Source: the cost formula of SpotServe's artifact (Miao et al., ASPLOS 2024); its Table 1 comes out to the millisecond.
 * @throws LatencyProfileError where the profile has no time for a micro-batch of that size, or the batch does not divide so.
 * @example batchLatency(gpt20b, { pipeline: 3, tensor: 4 }, 1, 128).latencyS // 14.373
 */
export function batchLatency(
  profile: LatencyProfile,
  { pipeline: P, tensor }: Pick<Layout, "pipeline" | "tensor">,
  batch: number,
  outputTokens: number,
  { prefill: M1, decode: M2 }: MicroBatches = WHOLE,
): BatchLatency {
  const { hop, factor } = profile;
  const layersPerStage = Math.ceil(profile.layers / P);
  const prefillLayerMs = layerMs(profile, tensor, batch / M1).prefillMs;
  const decodeLayerMs = layerMs(profile, tensor, batch / M2).decodeMs;
  const embedMs = profile.embedMs[batch];
  if (embedMs === undefined) throw unmeasured(profile, `embedding of a batch of ${batch}`, profile.embedMs);
  const prefillMs = (prefillLayerMs * layersPerStage * (P + M1 - 1)) / M1 + (hop.prefillMs / M1) * (P - 1);
  const perTokenMs = decodeLayerMs * layersPerStage * (P + M2 - 1) + (hop.decodeMs / M2) * (P - 1);
  return {
    latencyS: (factor * (prefillMs + perTokenMs * outputTokens + 2 * embedMs)) / 1000,
    prefillS: (factor * prefillMs) / 1000,
    perTokenS: (factor * perTokenMs) / 1000,
  };
}

function layerMs(profile: LatencyProfile, tensor: number, batch: number) {
  const batches = profile.layerMs[tensor];
  if (batches === undefined) throw unmeasured(profile, `tensor degree ${tensor}`, profile.layerMs);
  const measured = batches[batch];
  if (measured === undefined) throw unmeasured(profile, `micro-batch of ${batch} at tensor degree ${tensor}`, batches);
  return measured;
}

const unmeasured = ({ name }: LatencyProfile, what: string, there: object) =>
  new LatencyProfileError(`${name} has no ${what}; measured are ${Object.keys(there).join(", ")}`);
