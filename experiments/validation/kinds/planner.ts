import { z } from "zod";
import { choosePlan } from "../../../policies/parallelism/planner.ts";
import { readLatencyProfile } from "../../../traces/latency-profile.ts";
import { defineKind } from "../kind.ts";

const whole = z.int().positive();

export const planner = defineKind({
  name: "planner",
  summary: "The layout that SpotServe's controller chooses for so many instances and so much load.",
  inputs: z.object({ profile: z.string() }),
  params: z.object({
    instances: z.int().nonnegative(),
    gpusPerInstance: whole,
    minGpus: whole,
    requiredRps: z.number().nonnegative(),
    maxBatch: whole,
    outputTokens: z.int().nonnegative(),
  }),
  compute: async ({ profile: path }, { instances, gpusPerInstance, minGpus, maxBatch, ...load }) => {
    const profile = await readLatencyProfile(path);
    const needs = { gpus: instances * gpusPerInstance, gpusMin: minGpus, batchMax: maxBatch, ...load };
    const plan = choosePlan(profile, needs);
    if (plan === undefined) return { D: 0, throughputRps: 0, feasible: false };
    const { pipelines: D, layout, microBatches, latencyS, throughputRps, feasible } = plan;
    const { pipeline: P, tensor: M, batchMax: B } = layout;
    return { D, P, M, B, M1: microBatches.prefill, M2: microBatches.decode, latencyS, throughputRps, feasible };
  },
});
