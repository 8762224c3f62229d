import { z } from "zod";
import { batchLatency } from "../../../policies/parallelism/batch-latency.ts";
import { staticBatchLatenciesS } from "../../../sim/workloads/static-batches.ts";
import { readLatencyProfile } from "../../../traces/latency-profile.ts";
import { defineKind } from "../kind.ts";
import { pipelineParams } from "./profile-latency.ts";
import { requestsOf } from "./source.ts";

export const staticBatchQueue = defineKind({
  name: "static-batch-queue",
  summary: "Latencies of a query file on D pipelines that serve one queue in static batches, uninterrupted.",
  inputs: z.object({ profile: z.string(), queries: z.string() }),
  params: z.object({ ...pipelineParams, horizonS: z.number().positive() }),
  compute: async ({ profile: path, queries }, { D, P, M, B, outputTokens, horizonS }) => {
    const profile = await readLatencyProfile(path);
    const { arrivalS } = await requestsOf(queries);
    const layout = { pipeline: P, tensor: M };
    const latenciesS = staticBatchLatenciesS(
      arrivalS.filter((each) => each < horizonS),
      { pipelines: D, batchMax: B, latencyS: (batch) => batchLatency(profile, layout, batch, outputTokens).latencyS },
    ).sort();
    const requests = latenciesS.length;
    // The artifact's percentile, one of the latencies themselves.
    const percentile = (p: number) => latenciesS[Math.floor((requests * p) / 100)] ?? null;
    return {
      requests,
      avgS: requests === 0 ? null : latenciesS.reduce((sum, each) => sum + each, 0) / requests,
      p90S: percentile(90),
      p95S: percentile(95),
      p96S: percentile(96),
      p97S: percentile(97),
      p98S: percentile(98),
      p99S: percentile(99),
      maxS: latenciesS.at(-1) ?? null,
    };
  },
});
