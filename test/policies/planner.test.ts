import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { batchLatency } from "../../policies/parallelism/batch-latency.ts";
import { choosePlan } from "../../policies/parallelism/planner.ts";
import { inventedProfile } from "./invented-profile.ts";

const profile = inventedProfile();

describe("the time of a batch", () => {
  const of = (pipeline: number, tensor: number, batch: number, tokens: number, prefill?: number, decode = 1) =>
    batchLatency(profile, { pipeline, tensor }, batch, tokens, prefill === undefined ? undefined : { prefill, decode });

  it("is prefill, a token at a time, and the embedding twice", () => {
    // 10 layers: 10 x 64 ms of prompt, 10 x 9 ms a token, 2 x 0.5 ms.
    expect(of(1, 1, 1, 3)).toEqual({ latencyS: (640 + 3 * 90 + 1) / 1000, prefillS: 0.64, perTokenS: 0.09 });
    // A tensor degree of 2 halves both.
    expect(of(1, 2, 1, 0)).toEqual({ latencyS: 0.321, prefillS: 0.32, perTokenS: 0.045 });
  });

  it("of three stages is that of their layers rounded up, and two hops", () => {
    // 4 layers a stage, 3 stages: 12 x 64 + 2 x 4, and 12 x 9 + 2 x 1 a token.
    expect(of(3, 1, 1, 10)).toEqual({ latencyS: (776 + 1100 + 1) / 1000, prefillS: 0.776, perTokenS: 0.11 });
  });

  it("by micro-batches has prefill divided by their number, as the artifact's planner does, and decode not", () => {
    // Two micro-batches of 2 on 3 stages: (128 x 4 x 4) / 2 + 4 / 2 x 2; two of 2 in decode: 10 x 4 x 4 + 1 / 2 x 2.
    expect(of(3, 1, 4, 0, 2, 2)).toEqual({ latencyS: (1028 + 4) / 1000, prefillS: 1.028, perTokenS: 0.161 });
  });

  it("is multiplied by the factor that the whole was measured to take", () => {
    const { latencyS } = batchLatency(inventedProfile({ factor: 2 }), { pipeline: 1, tensor: 1 }, 1, 3);
    expect(latencyS).toBe(2 * of(1, 1, 1, 3).latencyS);
  });

  it("is refused where nobody measured it", () => {
    expect(() => of(1, 8, 1, 1)).toThrow("invented has no tensor degree 8; measured are 1, 2, 4");
    expect(() => of(1, 1, 16, 1)).toThrow(
      "invented has no micro-batch of 16 at tensor degree 1; measured are 1, 2, 4, 8",
    );
    expect(() => of(1, 1, 4, 1, 8)).toThrow("invented has no micro-batch of 0.5 at tensor degree 1");
    expect(() => of(1, 1, 16, 1, 2, 2)).toThrow("invented has no embedding of a batch of 16; measured are 1, 2, 4, 8");
  });
});

describe("the parallelisation controller", () => {
  const load = fc.record({
    gpus: fc.integer({ min: 0, max: 40 }),
    gpusMin: fc.integer({ min: 1, max: 9 }),
    requiredRps: fc.double({ min: 0, max: 12, noNaN: true }),
    batchMax: fc.integer({ min: 1, max: 8 }),
    outputTokens: fc.integer({ min: 0, max: 200 }),
  });

  it("of all layouts that fit and keep up takes the fastest, else the one of most throughput", () => {
    fc.assert(
      fc.property(load, (needs) => {
        // Every combination there is, by no loop of the planner's.
        const cuts = [1, 2, 4, 8].filter((each) => each <= needs.batchMax);
        const all = [1, 2, 4].flatMap((tensor) =>
          [1, 2, 3, 4, 6, 12].flatMap((pipeline) =>
            cuts.flatMap((batch) =>
              cuts.flatMap((prefill) =>
                cuts.flatMap((decode) => {
                  const gpus = pipeline * tensor;
                  if (gpus < needs.gpusMin || gpus > needs.gpus || prefill > batch || decode > batch) return [];
                  const cut = { prefill, decode };
                  const { latencyS } = batchLatency(profile, { pipeline, tensor }, batch, needs.outputTokens, cut);
                  return [{ latencyS, rps: (Math.floor(needs.gpus / gpus) * batch) / latencyS }];
                }),
              ),
            ),
          ),
        );
        const plan = choosePlan(profile, needs);
        const enough = all.filter(({ rps }) => rps >= needs.requiredRps);
        expect(plan === undefined).toBe(all.length === 0);
        if (plan === undefined) return;
        expect(plan.feasible).toBe(enough.length > 0);
        if (plan.feasible) expect(plan.latencyS).toBe(Math.min(...enough.map(({ latencyS }) => latencyS)));
        else expect(plan.throughputRps).toBe(Math.max(...all.map(({ rps }) => rps)));
        const { pipeline, tensor, batchMax } = plan.layout;
        expect(plan.pipelines * pipeline * tensor).toBeLessThanOrEqual(needs.gpus);
        expect(pipeline * tensor).toBeGreaterThanOrEqual(needs.gpusMin);
        expect(plan.throughputRps).toBe((plan.pipelines * batchMax) / plan.latencyS);
      }),
    );
  });

  it("more GPUs never make it slower at the same load", () => {
    fc.assert(
      fc.property(load, fc.integer({ min: 1, max: 20 }), (needs, more) => {
        const before = choosePlan(profile, needs);
        const after = choosePlan(profile, { ...needs, gpus: needs.gpus + more });
        if (before?.feasible) expect(after!.latencyS).toBeLessThanOrEqual(before.latencyS);
        else if (before !== undefined && !after!.feasible) {
          expect(after!.throughputRps).toBeGreaterThanOrEqual(before.throughputRps);
        }
      }),
    );
  });

  it("of equals takes the first: the lower tensor degree", () => {
    const flat = { prefillMs: 1, decodeMs: 1 };
    const all = { 1: flat, 2: flat, 4: flat, 8: flat };
    const same = inventedProfile({ layerMs: { 1: all, 2: all, 4: all }, hop: { prefillMs: 0, decodeMs: 0 } });
    const needs = { gpus: 8, gpusMin: 1, requiredRps: 0, batchMax: 1, outputTokens: 1 };
    expect(choosePlan(same, needs)!.layout).toEqual({ pipeline: 1, tensor: 1, batchMax: 1 });
  });

  it("has nothing to choose where the GPUs hold no copy", () => {
    const needs = { gpus: 7, gpusMin: 8, requiredRps: 1, batchMax: 4, outputTokens: 1 };
    expect(choosePlan(profile, needs)).toBeUndefined();
    expect(choosePlan(profile, { ...needs, gpus: 0, gpusMin: 1 })).toBeUndefined();
  });
});
