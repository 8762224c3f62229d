/** How one pipeline of a model lies on GPUs, and the most requests it takes at a time. It takes pipeline x tensor GPUs. */
export interface Layout {
  readonly pipeline: number;
  readonly tensor: number;
  readonly batchMax: number;
}

/** What one layer takes on one stage, measured: the whole prompts of a batch, and one token of each of its requests. */
export interface LayerMs {
  readonly prefillMs: number;
  readonly decodeMs: number;
}

/** Measured times of one model on one kind of GPU, by which batches are timed and layouts chosen. */
export interface LatencyProfile {
  readonly name: string;
  readonly layers: number;
  /** With empty layers added, so that more numbers of stages divide them. */
  readonly paddedLayers: number;
  /** Highest tensor degree that may be used. */
  readonly tensorMax: number;
  readonly layerMs: Readonly<Record<number, Readonly<Record<number, LayerMs>>>>; // [tensor degree][batch]
  /** From one stage to the next. */
  readonly hop: LayerMs;
  /** Looking up tokens, and logits. */
  readonly embedMs: Readonly<Record<number, number>>; // [batch]
  /** What was measured in the parts is multiplied by it to give what the whole took. */
  readonly factor: number;
  /** Width of the model; undefined where the file does not say, and then nothing is known of bytes. */
  readonly hiddenSize: number | undefined;
}
