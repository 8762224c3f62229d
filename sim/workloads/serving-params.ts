import { z } from "zod";
import { modelSize, models } from "../../traces/catalog/models.ts";
import { requestPresets } from "../../traces/request-presets.ts";
import { requestModel } from "../../traces/requests.ts";

const replicas = z.int().min(0);
const positive = z.number().positive();
const share = z.number().positive().max(1);

const modelNames = Object.keys(models) as [string, ...string[]];

/** What a service is asked for, and what answers. */
export const requestParams = z.strictObject({
  from: z
    .union([
      requestModel,
      z
        .strictObject({
          preset: z.enum(requestPresets.map(({ name }) => name) as [string, ...string[]]),
          perS: positive.exactOptional().describe("requests a second in the long run; the preset's where absent"),
        })
        .describe("as a preset has them: `traces list`"),
      z
        .strictObject({ file: z.string().min(1).describe("written by `traces import`, from the study's folder") })
        .describe("requests of a file, from the beginning of each window on"),
    ])
    .describe("when requests come, and how long they are"),
  startS: z
    .number()
    .nonnegative()
    .default(0)
    .describe("how long after the window's beginning they begin, so that replicas can start before them"),
  model: z
    .union([z.enum(modelNames), modelSize])
    .exactOptional()
    .describe("which model answers: one of the catalog, or the size of another; goes without modelParallel"),
  prefixes: z
    .strictObject({
      count: z.int().min(1).max(1_000_000).describe("how many beginnings there are"),
      tokens: z.int().min(1).describe("of each, before what the request itself puts in"),
      skew: z.number().nonnegative().default(1).describe("the k-th is drawn with a weight of 1 / k^skew; 0: all alike"),
      cacheShare: z
        .number()
        .min(0)
        .max(0.9)
        .default(0.2)
        .describe("of a replica's cache, for beginnings that it need not read again"),
    })
    .exactOptional()
    .describe("beginnings that prompts share: system prompts, documents, what was said before; absent: none"),
  batchMax: z.int().min(1).max(4096).default(256).describe("requests that a replica runs at a time, memory permitting"),
  promptTokensMax: z
    .int()
    .min(1)
    .default(2048)
    .describe(
      "tokens of prompts that one step of a replica reads, beside a token for each running request; a longer prompt is read in parts",
    ),
  memoryShare: share.default(0.9).describe("of the GPU memory, for weights and caches"),
  efficiency: z
    .strictObject({
      bandwidthShare: share.default(0.78).describe("of the peak memory bandwidth, in decoding"),
      flopsShare: share.default(0.5).describe("of the peak arithmetic, in reading prompts"),
      overheadMs: z.number().nonnegative().default(3).describe("of each step, beside both"),
    })
    .prefault({})
    .describe("what of the GPUs' peaks is reached"),
  measured: z
    .strictObject({
      file: z
        .union([z.string().min(1), z.record(z.string(), z.unknown())])
        .describe(
          "measured times, in the form of SpotServe's artifact, from the study's folder; a record holds what it says",
        ),
      set: z
        .string()
        .exactOptional()
        .describe("the public data set that the file lies in, where its traces lie, instead of the study's folder"),
      pipeline: z.int().min(1).default(1).describe("stages that a replica's model is cut into"),
      tensor: z.int().min(1).describe("GPUs that share each stage"),
      promptTokens: z.int().min(1).describe("of the prompts that it was measured with; the file does not say"),
    })
    .exactOptional()
    .describe("times by measurement, in place of the roofline by efficiency"),
  modelParallel: z
    .strictObject({
      gpusMin: z.int().min(1).describe("the fewest GPUs that hold a copy of the model"),
      outputTokens: z.int().min(1).describe("of an answer, as far as layouts are chosen by it"),
      bytesPerParameter: positive.default(4).describe("and of a number in the caches"),
      localMiBPerS: positive.default(10_000).describe("between GPUs of one instance"),
      storageMiBPerS: positive.default(1024).describe("of weights into one instance, which its card may bound"),
      switchS: z.number().nonnegative().default(0.5).describe("engines go on with what has moved"),
      restartS: z.number().nonnegative().default(10).describe("engines start anew, beside reading their weights"),
    })
    .exactOptional()
    .describe(
      "replicas are cut over the GPUs of several instances and take requests in static batches, from one queue; measured and batchMax say by which times, and how where nobody chooses",
    ),
  client: z
    .strictObject({
      timeoutS: positive.exactOptional().describe("how long a try may take to its last token; absent: for ever"),
      retries: z.int().min(0).default(3).describe("how often it tries again, after a loss or a timeout"),
      backoffS: z.number().nonnegative().default(1).describe("how long it waits before it tries again"),
    })
    .prefault({})
    .describe(
      "what who asks does when no answer comes; not where batches are static: there the queue keeps all requests",
    ),
  slo: z
    .strictObject({
      ttftS: positive.exactOptional().describe("to the first token, at most"),
      tpotS: positive.exactOptional().describe("per further token, at most"),
      latencyS: positive.exactOptional().describe("to the last token, at most"),
    })
    .refine((slo) => Object.keys(slo).length > 0, "expected at least one of ttftS, tpotS and latencyS")
    .exactOptional()
    .describe("what a request must meet, all of it, to count as served well"),
});
export type RequestParams = z.infer<typeof requestParams>;

/** Parameters of the `serving` workload, as a study writes them. */
export const servingParams = z.strictObject({
  replicas: z
    .union([
      replicas.min(1),
      z
        .array(z.strictObject({ fromH: z.number().nonnegative(), replicas }))
        .min(1)
        .refine(([first]) => first!.fromH === 0, "begins at fromH: 0")
        .refine(
          (steps) => steps.every(({ fromH }, i) => i === 0 || fromH > steps[i - 1]!.fromH),
          "expected each fromH after the one before it",
        )
        .refine((steps) => steps.some((step) => step.replicas > 0), "wants no replica at any time"),
    ])
    .describe("ready replicas wanted (Ntar): a number, or a list of { fromH, replicas } from fromH: 0 on"),
  warmupS: z
    .number()
    .nonnegative()
    .default(0)
    .describe("how much of the window's beginning is left out of metrics, bills included; seconds"),
  requests: requestParams
    .exactOptional()
    .describe("what the replicas are asked for; absent: replicas are counted, and nobody asks them anything"),
});
export type ServingParams = z.input<typeof servingParams>;

/** Whether replicas take the GPUs of several instances. @param params of any workload. */
export const isCutOverGpus = (params: unknown): boolean =>
  (params as Pick<ServingParams, "requests"> | undefined)?.requests?.modelParallel !== undefined;
