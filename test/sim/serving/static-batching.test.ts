import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { batchLatency } from "../../../policies/parallelism/batch-latency.ts";
import { simulate } from "../../../sim/simulate.ts";
import { staticBatchLatenciesS } from "../../../sim/workloads/static-batches.ts";
import { inventedProfile } from "../../policies/invented-profile.ts";
import { cutServiceInput, type Steps, scenario } from "../../support/runs.ts";

// Goal: a model cut over GPUs serves as its latency profile says, and whatever becomes of its instances no request and no token is
// lost from the accounts (the run itself fails where one is: `RequestAccounts.check`). Steps are invented: prefill 64 x batch / tensor and
// decode (8 + batch) / tensor ms a layer, hops 4 and 1 ms.

const profile = inventedProfile({ layers: 12, hiddenSize: 4096 });
const spotserve = (params = {}) => scenario("spotserve", { scheduling: { name: "spotserve", params } });
/** Two stages of four GPUs, as the workload names them. */
const fixed = scenario("rerouting");
const requestsAt = (arrivalS: readonly number[], outputTokens: number) => ({
  arrivalS: Float64Array.from(arrivalS),
  inputTokens: Uint32Array.from(arrivalS, () => 512),
  outputTokens: Uint32Array.from(arrivalS, () => outputTokens),
});
const fromFile = { from: { file: "invented" } } as const;
const steady: Steps = [[0, 4]];

describe("pipelines that nothing interrupts", () => {
  it("answer a request in the time that the profile gives a batch of one", () => {
    const { metrics } = simulate(
      cutServiceInput({ capacity: steady, requests: requestsAt([10], 20), params: fromFile }),
      fixed,
    );
    // (2, 4): 6 layers a stage. Prefill 16 x 6 x 2 + 4 = 196 ms, a token 9/4 x 6 x 2 + 1 = 28 ms, embedding twice 0.5 ms.
    expect(batchLatency(profile, { pipeline: 2, tensor: 4 }, 1, 20).latencyS).toBeCloseTo(
      0.196 + 20 * 0.028 + 0.001,
      12,
    );
    expect(metrics).toMatchObject({ requestsCompleted: 1, tokensReturned: 20, reparallelizations: 0 });
    expect(metrics.latencyMeanS).toBeCloseTo(0.757, 9);
    expect(metrics.ttftMeanS).toBeCloseTo(0.197 + 0.028, 9);
  });

  it("serve one queue as the closed model of static batches has it", () => {
    const gaps = fc.array(fc.double({ min: 1e-3, max: 2, noNaN: true }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(gaps, fc.constantFrom(1, 2), (between, pipelines) => {
        let timeS = 0;
        const arrivalsS = between.map((gapS) => {
          timeS += gapS;
          return timeS;
        });
        const { metrics } = simulate(
          cutServiceInput({
            capacity: [[0, 2 * pipelines]],
            requests: requestsAt(arrivalsS, 20),
            params: fromFile,
          }),
          fixed,
        );
        const expected = staticBatchLatenciesS(
          arrivalsS.map((each) => 120 + each),
          {
            pipelines,
            batchMax: 4,
            latencyS: (batch) => batchLatency(profile, { pipeline: 2, tensor: 4 }, batch, 20).latencyS,
          },
        );
        expect(metrics.requestsCompleted).toBe(between.length);
        expect(metrics.latencyMeanS).toBeCloseTo(expected.reduce((sum, each) => sum + each, 0) / expected.length, 6);
      }),
      { numRuns: 40 },
    );
  });
});

describe("a fleet that changes", () => {
  const ups: fc.Arbitrary<Steps> = fc
    .array(fc.tuple(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 0, max: 8 })), { maxLength: 14 })
    .map((steps) => {
      let timeS = 0;
      const later = steps.map(([gapS, count]) => {
        timeS += gapS;
        return [timeS, count] as const;
      });
      return [[0, 4] as const, ...later];
    });
  const policies = fc.constantFrom(
    spotserve(),
    spotserve({ onDemand: true, instancesMax: 5 }),
    spotserve({ mapper: false, planner: false }),
    spotserve({ arranger: false }),
    spotserve({ controller: false, microBatches: false }),
    scenario("rerouting"),
    scenario("reparallelization"),
  );

  it("loses no request, and counts each token once, returned, wasted or under way", () => {
    fc.assert(
      fc.property(
        ups,
        policies,
        fc.record({
          missing: fc.constantFrom(0, 0.5),
          leadS: fc.constantFrom(0, 1, 30),
          perS: fc.constantFrom(0.2, 2),
        }),
        (capacity, decisions, { missing, leadS, perS }) => {
          const input = cutServiceInput({ capacity, perS });
          const noticeLeadS = { kind: "constant", value: leadS } as const;
          const { metrics: m } = simulate(
            { ...input, cloud: { ...input.cloud, noticeLeadS, noticeMissingShare: missing } },
            decisions,
          );
          expect(m.requestsCompleted! + m.requestsOpen!).toBe(m.requestsArrived);
          expect(m.requestsLost).toBe(0);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("takes batches along under notice: no answer begins again where there is time to move it", () => {
    // Pipelines on four instances, of which one goes 30 s after it was told; one that stays is idle and takes the batch.
    const { metrics } = simulate(
      cutServiceInput({
        capacity: [
          [0, 4],
          [600, 3],
        ],
        requests: requestsAt([560 + 25], 4_000),
        params: fromFile,
      }),
      spotserve({ controller: false }),
    );
    // It comes at 705 s, 15 s after the notice, and takes 108 s: it is moved just before 720 s, with what it has been given.
    expect(metrics).toMatchObject({ requestsCompleted: 1, triesLost: 0, tokensWasted: 0, reparallelizations: 1 });
    const undisturbedS = batchLatency(profile, { pipeline: 1, tensor: 4 }, 1, 4_000).latencyS;
    expect(metrics.latencyMeanS).toBeGreaterThan(undisturbedS);
    expect(metrics.latencyMeanS).toBeLessThan(undisturbedS + 1);
  });

  it("begins a batch again whose instance goes without a word", () => {
    const input = cutServiceInput({
      capacity: [
        [0, 2],
        [600, 1],
        [610, 2],
      ],
      requests: requestsAt([540], 6_000),
      params: fromFile,
    });
    const { metrics } = simulate({ ...input, cloud: { ...input.cloud, noticeMissingShare: 1 } }, fixed);
    // Read from 660 s on, taken back at 690 s with some thousand tokens, which are generated anew.
    expect(metrics).toMatchObject({ requestsCompleted: 1, triesLost: 1, tokensReturned: 6_000 });
    expect(metrics.tokensWasted).toBeCloseTo((690 - 660 - 0.197) / 0.028, -1);
  });
});

it("a model cut over GPUs is refused to policies that place whole replicas, and they to it", () => {
  expect(() => simulate(cutServiceInput(), scenario("even-spread"))).toThrow(
    "even-spread places each replica on one instance, and this model is cut over several; those that lay it out are spotserve, rerouting, reparallelization",
  );
});

it.each([
  [
    "does not say how wide the model is; add hidden_size",
    { measured: { file: { ...inventedProfile() }, tensor: 4, pipeline: 2, promptTokens: 512 } },
  ],
  ["no micro-batch of 16", { batchMax: 16 }],
])("is refused: %s", (message, params) => {
  expect(() => simulate(cutServiceInput({ params }), spotserve())).toThrow(message);
});
