import { z } from "zod";
import type { LatencyProfile, LayerMs } from "../policies/contract/latency-profile.ts";
import { TraceError } from "./columns.ts";
import { readSources } from "./formats/source-file.ts";
import { parseJson } from "./formats/values.ts";

const ms = z.number().nonnegative();
const positive = z.number().positive();
const whole = z.int().positive();

/** The form of SpotServe's artifact (elastic-switch/profile); beside these keys it holds tp-1, tp-2 and so on. */
const fileSchema = z.looseObject({
  name: z.string().min(1),
  layer_num: whole,
  padded_layer_num: whole.optional(),
  final_fix_factor: positive,
  pp_init_comm: ms,
  pp_incr_comm: ms,
  hidden_size: whole.optional(),
  max_tp: whole.optional(),
  embed: z.array(ms).min(1),
});
const batchSchema = z.object({ init: positive, incr: positive });

/**
 * Measured times of a model as SpotServe's artifact holds them. Every tensor degree must have every batch that has an
 * embedding: 1, 2, 4 and so on. A file that says nothing of padding has none, and one without max_tp allows what it measured.
 * @throws TraceError naming what is missing or no time.
 */
export async function readLatencyProfile(path: string): Promise<LatencyProfile> {
  const [file] = await readSources([path], () => false);
  const json = checked(fileSchema, parseJson(file!), path);
  const batches = json.embed.map((_, power) => 2 ** power);
  const layerMs: Record<number, Record<number, LayerMs>> = {};
  for (const [key, value] of Object.entries(json)) {
    const tensor = Number(/^tp-(\d+)$/.exec(key)?.[1]);
    if (Number.isNaN(tensor)) continue;
    const sizes = checked(z.record(z.string(), z.unknown()), value, `${path}: ${key}`);
    layerMs[tensor] = Object.fromEntries(
      batches.map((batch) => {
        const { init, incr } = checked(batchSchema, sizes[`bsz-${batch}`], `${path}: ${key}: bsz-${batch}`);
        return [batch, { prefillMs: init, decodeMs: incr }];
      }),
    );
  }
  const degrees = Object.keys(layerMs).map(Number);
  const tensorMax = json.max_tp ?? degrees.at(-1) ?? 1;
  for (let tensor = 1; tensor <= tensorMax; tensor *= 2) {
    if (layerMs[tensor] === undefined) throw new TraceError(`${path}: no tp-${tensor}; measure it, or lower max_tp`);
  }
  const { name, layer_num: layers, padded_layer_num: paddedLayers = layers } = json;
  if (paddedLayers < layers) {
    throw new TraceError(`${path}: padded_layer_num ${paddedLayers} is below layer_num ${layers}; mend one of them`);
  }
  return {
    name,
    layers,
    paddedLayers,
    tensorMax,
    layerMs,
    hop: { prefillMs: json.pp_init_comm, decodeMs: json.pp_incr_comm },
    embedMs: Object.fromEntries(batches.map((batch, power) => [batch, json.embed[power]!])),
    factor: json.final_fix_factor,
    hiddenSize: json.hidden_size,
  };
}

function checked<T>(schema: z.ZodType<T>, value: unknown, where: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [fault] = parsed.error.issues;
  const place = fault!.path.length === 0 ? where : `${where}: ${fault!.path.join(".")}`;
  throw new TraceError(
    `${place}: ${value === undefined ? "missing" : fault!.message.toLowerCase()}; measure it anew, or mend the file`,
  );
}
