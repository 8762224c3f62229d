import { z } from "zod";
import { batchLatency } from "../../../policies/parallelism/batch-latency.ts";
import { readLatencyProfile } from "../../../traces/latency-profile.ts";
import { defineKind } from "../kind.ts";

const whole = z.int().positive();

/** Pipelines, and how each lies and runs; the letters of the paper. */
export const pipelineParams = {
  D: whole,
  P: whole,
  M: whole,
  B: whole,
  M1: whole.default(1),
  M2: whole.default(1),
  outputTokens: z.int().nonnegative(),
};

export const profileLatency = defineKind({
  name: "profile-latency",
  summary: "How long a batch takes on one pipeline, by a latency profile, and the throughput of D of them.",
  inputs: z.object({ profile: z.string() }),
  params: z.object(pipelineParams),
  compute: async ({ profile: path }, { D, P, M, B, M1, M2, outputTokens }) => {
    const profile = await readLatencyProfile(path);
    const times = batchLatency(profile, { pipeline: P, tensor: M }, B, outputTokens, { prefill: M1, decode: M2 });
    return { ...times, throughputRps: (D * B) / times.latencyS };
  },
});
