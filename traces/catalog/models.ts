import { z } from "zod";

const whole = z.int().positive();

/** A transformer's size, as far as its times and its memory go. */
export const modelSize = z.strictObject({
  parameters: z.number().positive(),
  bytesPerParameter: z.number().positive().default(2).describe("of weights and caches; 2: half precision"),
  layers: whole,
  heads: whole.describe("of attention"),
  kvHeads: whole.describe("keys and values that the heads share; as many as heads where none are shared"),
  headDim: whole,
});
export type ModelSize = z.infer<typeof modelSize>;

const model = (parameters: number, layers: number, heads: number, kvHeads: number, headDim = 128): ModelSize => ({
  parameters,
  bytesPerParameter: 2,
  layers,
  heads,
  kvHeads,
  headDim,
});

/**
 * Models that a study can name, in half precision. Sizes are those of the published configurations: Touvron et al., arXiv 2307.09288
 * (Llama 2), Grattafiori et al., arXiv 2407.21783 (Llama 3; 3.2 by its model card), Jiang et al., arXiv 2310.06825 (Mistral), Zhang et al., arXiv
 * 2205.01068 (OPT).
 */
export const models: Readonly<Record<string, ModelSize>> = {
  "llama-2-7b": model(6.74e9, 32, 32, 32),
  "llama-2-13b": model(13.02e9, 40, 40, 40),
  "llama-2-70b": model(68.98e9, 80, 64, 8),
  "llama-3.2-3b": model(3.21e9, 28, 24, 8),
  "llama-3-8b": model(8.03e9, 32, 32, 8),
  "llama-3-70b": model(70.55e9, 80, 64, 8),
  "mistral-7b": model(7.24e9, 32, 32, 8),
  "opt-6.7b": model(6.66e9, 32, 32, 32),
  "opt-13b": model(12.85e9, 40, 40, 40),
};
