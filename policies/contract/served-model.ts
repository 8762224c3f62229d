import type { LatencyProfile, Layout } from "./latency-profile.ts";
import type { Seconds } from "./units.ts";

/** A model that is served cut over GPUs: what decides how it is cut, and what a change of that takes. */
export type ServedModel = {
  /** By which batches are timed. */
  readonly profile: LatencyProfile & { readonly hiddenSize: number };
  /** Of those who choose none. */
  readonly layout: Layout;
  /** The fewest GPUs that hold one copy. */
  readonly gpusMin: number;
  /** Of a request, as far as is planned with it. */
  readonly promptTokens: number;
  readonly outputTokens: number;
  readonly bytesPerParameter: number;
  readonly speeds: ChangeSpeeds;
};

/** How fast weights come, beside the network card of an instance. */
export type ChangeSpeeds = {
  /** Between GPUs of one instance. */
  readonly localBytesPerS: number;
  /** Into one instance; its card is the bound where that is slower. */
  readonly storageBytesPerS: number;
  /** Engines go on with what has moved. */
  readonly switchS: Seconds;
  /** Engines start anew, beside reading their weights. */
  readonly restartS: Seconds;
};

/** What one GPU holds of the weights: a share of each layer of a run of them. */
export type WeightShard = {
  readonly fromLayer: number;
  readonly toLayer: number; // first not in it
  readonly fromShare: number; // 0 to 1
  readonly toShare: number;
};

/** A batch that a replica with a layout runs: its requests gain their tokens together. */
export type BatchView = {
  /** The same while it goes from replica to replica. */
  readonly id: number;
  readonly requests: number;
  readonly promptTokens: number;
  /** Of the longest answer. */
  readonly outputTokens: number;
  /** From then on it gains a token every perTokenS, after those that it had before. */
  readonly decodesFromS: Seconds;
  readonly perTokenS: Seconds;
  readonly tokensBefore: number;
};

/**
 * Tokens that each of its requests has been given by then.
 * @example decodedTokens({ ...batch, decodesFromS: 10, perTokenS: 2, tokensBefore: 3, outputTokens: 9 }, 15) // 3 + 2
 */
export function decodedTokens(batch: BatchView, nowS: Seconds): number {
  const { decodesFromS, perTokenS, tokensBefore, outputTokens } = batch;
  // A token that is due now is there: seconds do not hold its time to the last digit.
  const since = Math.floor((nowS - decodesFromS) / perTokenS + 1e-9);
  return Math.min(outputTokens, tokensBefore + Math.max(0, since));
}

export const isSameLayout = (a: Layout | undefined, b: Layout | undefined): boolean =>
  a?.pipeline === b?.pipeline && a?.tensor === b?.tensor && a?.batchMax === b?.batchMax;

/** Instances by id, and what is laid out over them. */
type LaidOut = { readonly instances: readonly { readonly id: number }[]; readonly layout?: Layout | undefined };

/** The same instances in the same order, in the same layout. */
export const isSamePlacement = (a: LaidOut, b: LaidOut): boolean =>
  isSameLayout(a.layout, b.layout) &&
  a.instances.length === b.instances.length &&
  a.instances.every(({ id }, i) => id === b.instances[i]!.id);
