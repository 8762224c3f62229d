import type { Layout } from "../contract/latency-profile.ts";
import type { ServedModel, WeightShard } from "../contract/served-model.ts";

/** What a model's parts weigh, in bytes. */
export interface ModelBytes {
  readonly layers: number;
  /** Of a layer, on every GPU of a tensor group alike. */
  readonly wholePerLayer: number;
  /** Of a layer, cut over the tensor group. */
  readonly cutPerLayer: number;
  /** Keys and values of one token in one layer, cut likewise. */
  readonly kvPerTokenLayer: number;
}

/**
 * Parameters of a transformer layer of width h: 12 h^2 + 7 h are cut, 6 h (norms and two biases) are not.
 * Assumes multi-head attention, as in OPT and GPT, and leaves out the tables of tokens and positions (3 % of OPT-6.7B).
 * Source: the weights of SpotServe's artifact (Miao et al., ASPLOS 2024), which maps devices by them.
 * @example transformerBytes({ layers: 32, hiddenSize: 4096, bytesPerParameter: 4 }).kvPerTokenLayer * 32 // 1,048,576
 */
export function transformerBytes(model: {
  readonly layers: number;
  readonly hiddenSize: number;
  readonly bytesPerParameter: number;
}): ModelBytes {
  const { layers, hiddenSize: h, bytesPerParameter: bytes } = model;
  return {
    layers,
    wholePerLayer: 6 * h * bytes,
    cutPerLayer: (12 * h + 7) * h * bytes,
    kvPerTokenLayer: 2 * h * bytes,
  };
}

/** Of its transformer layers; what its profile leaves out, this leaves out too. */
export const servedBytes = ({ profile: { layers, hiddenSize }, bytesPerParameter }: ServedModel): ModelBytes =>
  transformerBytes({ layers, hiddenSize, bytesPerParameter });

/** Keys and values of a running batch: its id, and how many tokens of all its requests they are of. */
export interface KvCache {
  readonly batch: number;
  readonly tokens: number;
}

/** What one GPU holds, or is to hold: a share of each layer of a run of them, and of a batch's keys and values there. */
export interface Shard extends WeightShard {
  readonly kv: KvCache | undefined;
}

/**
 * What the GPUs of pipelines of one layout hold: pipeline by pipeline, stage by stage, rank by rank.
 * Assumes that every stage but the last has as many layers as the slowest, as the cost formula counts them.
 * @param kvOf the batch that each pipeline goes on with.
 */
export function shardsOf(
  { layers }: Pick<ModelBytes, "layers">,
  { pipeline, tensor }: Pick<Layout, "pipeline" | "tensor">,
  kvOf: readonly (KvCache | undefined)[], // [pipeline]
): Shard[] {
  const perStage = Math.ceil(layers / pipeline);
  return kvOf.flatMap((kv) =>
    Array.from({ length: pipeline * tensor }, (_, position): Shard => {
      const rank = position % tensor;
      const fromLayer = Math.min(layers, ((position - rank) / tensor) * perStage);
      const toLayer = Math.min(layers, fromLayer + perStage);
      return { fromLayer, toLayer, fromShare: rank / tensor, toShare: (rank + 1) / tensor, kv };
    }),
  );
}

/** Bytes of a shard: weights, and keys and values. */
export function shardBytes(model: ModelBytes, shard: Shard): number {
  return overlapBytes(model, shard, shard);
}

/** Bytes of what is wanted that are there already; keys and values only of the same batch. */
export function overlapBytes(model: ModelBytes, held: Shard | undefined, wanted: Shard): number {
  if (held === undefined) return 0;
  const layers = Math.min(held.toLayer, wanted.toLayer) - Math.max(held.fromLayer, wanted.fromLayer);
  if (layers <= 0) return 0;
  const share = Math.max(0, Math.min(held.toShare, wanted.toShare) - Math.max(held.fromShare, wanted.fromShare));
  const { kv } = wanted;
  const tokens = kv !== undefined && held.kv?.batch === kv.batch ? Math.min(held.kv.tokens, kv.tokens) : 0;
  return layers * (model.wholePerLayer + share * (model.cutPerLayer + tokens * model.kvPerTokenLayer));
}

/** A batch on its way: every request has as many tokens as the others, as static batching has it. */
export interface RunningBatch {
  readonly batch: number;
  readonly requests: number;
  readonly inputTokens: number;
  readonly decodedTokens: number;
}

/**
 * Which batches new pipelines go on with: where there is room for fewer, those with most decoded tokens, and of each batch as
 * many requests as a pipeline now takes. The others start again.
 * Assumes that batches are never joined: their requests are not equally far.
 * Source: SpotServe (Miao et al., ASPLOS 2024).
 * @returns [pipeline] the batch it inherits, or none.
 */
export function inheritedBatches(
  running: readonly RunningBatch[],
  pipelines: number,
  { batchMax }: Pick<Layout, "batchMax">,
): (KvCache | undefined)[] {
  const kept = [...running].sort((a, b) => b.decodedTokens - a.decodedTokens || a.batch - b.batch);
  return Array.from({ length: pipelines }, (_, pipeline) => {
    const each = kept[pipeline];
    if (each === undefined) return undefined;
    const { batch, requests, inputTokens, decodedTokens } = each;
    return { batch, tokens: Math.min(requests, batchMax) * (inputTokens + decodedTokens) };
  });
}
