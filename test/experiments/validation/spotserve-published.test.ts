import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Computed } from "../../../experiments/validation/kind.ts";
import { sharedData } from "../../traces/real-data.ts";
import { computed } from "../support/targets.ts";

// What Miao et al. (ASPLOS 2024) publish and what follows from their files alone, without a run. docs/VALIDATION.md tells it.

const artifact = join(sharedData, "spotserve", "elastic-switch");
const missing = !existsSync(artifact) && process.env.REQUIRE_ALL !== "1";
if (missing) console.warn("SKIPPED: SpotServe's figures, ../shared/data is not there; REQUIRE_ALL=1 makes them fail");

const profile = (model: string) => join(artifact, "profile", "T4-4x", `megatron_${model}_profile.json`);
const segment = (name: string) => join(artifact, "trace", "trace_seg", `trace_${name}.txt`);
const within = (ours: number, published: number) => Math.abs(ours / published - 1);
const numbers = async (...of: Parameters<typeof computed>) => (await computed(...of)) as Record<string, number>;

describe.skipIf(missing)("published by SpotServe", () => {
  it("Table 1: execution latencies, to the millisecond", async () => {
    const printed: readonly [model: string, P: number, M: number, latencyS: number][] = [
      ["6.7B", 1, 4, 5.447],
      ["h6144", 3, 4, 14.373],
      ["h7168", 2, 8, 17.54],
    ];
    for (const [model, P, M, latencyS] of printed) {
      const inputs = { profile: profile(model) };
      const ours = await numbers("profile-latency", inputs, { D: 1, P, M, B: 1, outputTokens: 128 });
      expect(Math.round(1000 * ours.latencyS!), model).toBe(1000 * latencyS);
    }
  });

  /** Configurations (D, P, M) in order, from the nodes and the rate that the trace asks for. */
  async function configurations(trace: string): Promise<number[][]> {
    const chosen: number[][] = [];
    let instances = 0;
    let requiredRps = 0.6; // 6.3: the rate that the load begins with
    for (const line of readFileSync(segment(trace), "utf8").trim().split("\n")) {
      const [, op, { nodes, required_tpt }] = JSON.parse(line);
      instances += op === "add" ? nodes.length : op === "remove" ? -nodes.length : 0;
      requiredRps = required_tpt ?? requiredRps;
      const params = { instances, gpusPerInstance: 4, minGpus: 12, requiredRps, maxBatch: 4, outputTokens: 128 };
      const { D, P, M } = await numbers("planner", { profile: profile("h6144") }, params);
      if (chosen.at(-1)?.join() !== [D, P, M].join()) chosen.push([D!, P!, M!]);
    }
    return chosen;
  }

  it("Figure 8: the configurations that the controller goes through under both loads", async () => {
    expect(await configurations("0304_workload")).toEqual([
      [2, 3, 4],
      [2, 2, 8],
      [3, 3, 4],
      [3, 2, 8],
      [2, 2, 8],
    ]);
    expect(await configurations("0506_workload")).toEqual([
      [2, 2, 8],
      [3, 3, 4],
      [3, 2, 8],
      [2, 2, 8],
    ]);
  });

  const billed = async (trace: string) =>
    (await numbers("billed-minutes", { trace: segment(trace), format: "spotserve-jsonl" }, { joinExtraS: 120 }))
      .billedMinutes!;
  const cost = (spotMinutes: number, onDemandMinutes: number, requests: number) =>
    numbers(
      "cost-per-token",
      {},
      {
        spotMinutes,
        onDemandMinutes,
        spotUsdPerHour: 1.9046,
        onDemandUsdPerHour: 3.912,
        requests,
        tokensPerRequest: 640,
      },
    );

  it("Figure 7: cost per token on A_S and B_S, from the minutes billed with two for each that joins", async () => {
    const [a, b] = [await billed("0304_real"), await billed("0506_real")];
    expect([a, b]).toEqual([203, 137]);
    // The bars were read off the figure to three decimals, and the numbers of requests from them.
    expect(within((await cost(a, 0, 450)).usdPerToken!, 2.238e-5)).toBeLessThan(5e-4);
    expect(within((await cost(b, 0, 348)).usdPerToken!, 1.953e-5)).toBeLessThan(5e-4);
  });

  it("54 % cheaper is the price for 51 points; the rest are a minute of on-demand beyond the end of the trace", async () => {
    const saving = (spotUsd: number, onDemandUsd: number) => 1 - spotUsd / onDemandUsd;
    const spotUsd = (await cost(137, 0, 348)).usd!;
    const eightFor = async (minutes: number) => (await cost(0, 8 * minutes, 348)).usd!;
    expect(saving(1.9046, 3.912)).toBeCloseTo(0.513, 3);
    expect(saving(spotUsd, await eightFor(18))).toBeCloseTo(0.537, 3);
    expect(saving(spotUsd, await eightFor(17))).toBeCloseTo(0.51, 3);
  });

  it("Figure 6, B_S+O: two uninterrupted pipelines (2, 8) come to the averages within 15 % and to P99 within 30 %", async () => {
    const panels: readonly [model: string, queries: string, avgS: number, p99S: number][] = [
      ["h6144", "query_tpt0.35_cv6.txt", 20.7, 33.4],
      ["h7168", "query_tpt0.2_cv6.txt", 28.1, 40.8],
    ];
    for (const [model, queries, avgS, p99S] of panels) {
      const inputs = { profile: profile(model), queries: join(artifact, "trace", "query", queries) };
      const layout = { D: 2, P: 2, M: 8, B: 4, outputTokens: 128 };
      const ours: Computed = await computed("static-batch-queue", inputs, { ...layout, horizonS: 720 });
      expect(within(Number(ours.avgS), avgS), model).toBeLessThan(0.15);
      expect(within(Number(ours.p99S), p99S), model).toBeLessThan(0.3);
    }
  });
});
