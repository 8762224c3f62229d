import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRandom } from "../../../policies/contract/random.ts";
import { routers } from "../../../policies/routing/index.ts";
import { simulate } from "../../../sim/simulate.ts";
import type { ServingParams } from "../../../sim/workloads/serving-params.ts";
import type { RequestColumns } from "../../../traces/requests.ts";
import { gpuCloud, handCloud, handRequests, type Steps, scenario, serviceInput, table } from "../../support/runs.ts";

const HOUR = 3600;
type RequestParams = NonNullable<ServingParams["requests"]>;

/** Poisson arrivals from 100 s on, and answers of as many tokens as a size drawn from one uniform comes to. */
function poisson(seed: string, count: number, perS: number, tokensOf: (u: number) => number): RequestColumns {
  const random = createRandom(seed);
  const [gaps, sizes] = [random.stream("gaps"), random.stream("sizes")];
  let timeS = 100;
  const arrivalS = Float64Array.from({ length: count }, (_, i) => {
    timeS -= Math.log(1 - random.at(gaps, i)) / perS;
    return timeS;
  });
  return {
    arrivalS,
    inputTokens: new Uint32Array(count).fill(1),
    outputTokens: Uint32Array.from({ length: count }, (_, i) => Math.max(1, Math.round(tokensOf(random.at(sizes, i))))),
  };
}

/** One replica on a GPU of such peaks, asked for all of them, and left enough time to answer. */
function onOne(requests: RequestColumns, batchMax: number, gpu: { bandwidthGBPerS: number; fp16Tflops: number }) {
  const endS = requests.arrivalS.at(-1)! + 1;
  const drainS = 3 * HOUR;
  const cloud = {
    ...handCloud,
    visibility: "tried" as const,
    instanceTypes: { "g.x": { gpuMemoryMiB: 24_000, networkMiBPerS: 100, gpu: { count: 1, ...gpu } } },
  };
  const service: Partial<ServingParams> = {
    replicas: 1,
    requests: {
      from: { file: "drawn" },
      // 10 GB of weights, and next to nothing for what is in a cache.
      model: { parameters: 5e9, bytesPerParameter: 2, layers: 1, heads: 1, kvHeads: 1, headDim: 1 },
      efficiency: { bandwidthShare: 1, flopsShare: 1, overheadMs: 0 },
      memoryShare: 1,
      batchMax,
    },
  };
  const input = serviceInput({
    table: table([{}], endS + drainS),
    cloud,
    cadence: { onChange: true, everyS: HOUR },
    horizonS: endS,
    drainS,
    requests,
    service,
  });
  const { metrics } = simulate(input, scenario("even-spread"));
  expect(metrics.requestsCompleted).toBe(requests.arrivalS.length);
  return metrics;
}

/** Mean over independent runs, with its standard error. */
function over(runs: number, measured: (seed: string) => number): { readonly mean: number; readonly se: number } {
  const values = Array.from({ length: runs }, (_, i) => measured(`queue/${i}`));
  const mean = values.reduce((sum, value) => sum + value, 0) / runs;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (runs - 1);
  return { mean, se: Math.sqrt(variance / runs) };
}

/** Within four standard errors, which are small enough to tell. */
function expectToBe({ mean, se }: ReturnType<typeof over>, theory: number): void {
  expect(se / theory).toBeLessThan(0.04);
  expect(Math.abs(mean - theory)).toBeLessThan(4 * se + 0.005 * theory);
}

const exponential = (meanTokens: number) => (u: number) => -Math.log(1 - u) * meanTokens;
const RUNS = 20;
const COUNT = 4000;

describe("one request at a time is a queue with one server", () => {
  // Reading the weights takes 1 ms a step, so an answer of 1,000 tokens 1 s; 0.7 such requests a second keep it busy 70 % of the time.
  const gpu = { bandwidthGBPerS: 10_000, fp16Tflops: 1e9 };
  const latency = (tokensOf: (u: number) => number) =>
    over(RUNS, (seed) => onOne(poisson(seed, COUNT, 0.7, tokensOf), 1, gpu).latencyMeanS!);

  it("M/M/1: 1 / (mu - lambda) in the system", () => {
    expectToBe(latency(exponential(1000)), 1 / (1 - 0.7));
  });

  it("M/D/1: half of M/M/1's wait (Pollaczek and Khinchine)", () => {
    expectToBe(
      latency(() => 1000),
      1 + 0.7 / (2 * (1 - 0.7)),
    );
  });

  it("half of the answers of M/M/1 take less than ln 2 of the mean: its time in the system is exponential", () => {
    const median = over(RUNS, (seed) => onOne(poisson(seed, COUNT, 0.7, exponential(1000)), 1, gpu).latencyP50S!);
    expectToBe(median, Math.LN2 / (1 - 0.7));
  });
});

describe("a batch bound by arithmetic shares its processor", () => {
  // A step takes 1 ms a running request, whatever their number; an answer of 500 tokens needs 0.5 s of the processor.
  const gpu = { bandwidthGBPerS: 1e9, fp16Tflops: 10 };
  const latency = (tokensOf: (u: number) => number) =>
    over(RUNS, (seed) => onOne(poisson(seed, COUNT, 1.2, tokensOf), 4000, gpu).latencyMeanS!);

  it("M/M/1-PS: E[S] / (1 - rho)", () => {
    expectToBe(latency(exponential(500)), 0.5 / (1 - 0.6));
  });

  it("and the same for any other distribution of that mean, where a queue's wait would grow with its variance", () => {
    expectToBe(
      latency(() => 500),
      0.5 / (1 - 0.6),
    );
    expectToBe(
      latency((u) => (u < 0.9 ? 100 : 4100)),
      0.5 / (1 - 0.6),
    );
  });
});

it("Little's law: what is in flight on average is arrivals a second times the latency, to the last request", () => {
  const requests = poisson("little", 2000, 2, exponential(200));
  const { arrivalS } = requests;
  // The last ones come an hour before the end, so all that arrive leave within the window.
  const quiet = { ...requests, arrivalS: Float64Array.from([...arrivalS, arrivalS.at(-1)! + HOUR]) };
  const late = {
    inputTokens: Uint32Array.from([...requests.inputTokens, 1]),
    outputTokens: Uint32Array.from([...requests.outputTokens, 1]),
  };
  const metrics = onOne({ ...quiet, ...late }, 16, { bandwidthGBPerS: 10_000, fp16Tflops: 1e9 });
  const windowS = quiet.arrivalS.at(-1)! + 1;
  expect(metrics.requestsInFlightMean! * windowS).toBeCloseTo(metrics.latencyMeanS! * metrics.requestsCompleted!, 6);
});

describe("in any world", () => {
  // Method: markets that come and go, clients that give up, routers of all kinds. Every run also checks its own accounts: that
  // requests are conserved, and that tokens returned, wasted and under way are those generated.
  const END = HOUR;
  const steps = fc
    .array(fc.tuple(fc.integer({ min: 1, max: END - 1 }), fc.integer({ min: 0, max: 3 })), { maxLength: 8 })
    .map((pairs): Steps => [[0, 3] as const, ...[...new Map(pairs)].sort((a, b) => a[0] - b[0])]);
  const worlds = fc.record({
    zones: fc.array(fc.record({ capacity: steps }), { minLength: 1, maxLength: 3 }),
    lead: fc.constantFrom(0, 30, 120),
    routing: fc.constantFrom(...routers.map(({ name }) => name)),
    scheduling: fc.constantFrom("even-spread", "spot-hedge", "on-demand-only"),
    replicas: fc.integer({ min: 1, max: 4 }),
    perS: fc.constantFrom(0.2, 1, 4),
    client: fc.record({
      timeoutS: fc.constantFrom(2, 20, 200),
      retries: fc.integer({ min: 0, max: 3 }),
      backoffS: fc.constantFrom(0, 1, 30),
    }),
    batchMax: fc.constantFrom(1, 8, 256),
    warmupS: fc.constantFrom(0, 1000),
    drainS: fc.constantFrom(0, 300),
  });
  type World = typeof worlds extends fc.Arbitrary<infer W> ? W : never;
  const resultOf = ({ zones, lead, routing, scheduling, replicas, warmupS, drainS, perS, client, batchMax }: World) => {
    const from = { ...(handRequests.from as object), arrivals: { kind: "poisson", perS } } as RequestParams["from"];
    const input = serviceInput({
      table: table(zones, END + drainS),
      cloud: {
        ...handCloud,
        visibility: "tried",
        noticeLeadS: { kind: "constant", value: lead },
        instanceTypes: gpuCloud.instanceTypes,
      },
      cadence: { onChange: true, everyS: 60 },
      horizonS: END,
      drainS,
      service: { replicas, warmupS, requests: { ...handRequests, from, client, batchMax } },
    });
    return simulate(input, scenario(scheduling, { routing }));
  };

  it("each request that arrives has one end, and no metric contradicts another", () => {
    fc.assert(
      fc.property(worlds, (world) => {
        const { metrics: m } = resultOf(world);
        const ends =
          m.requestsCompleted! + m.requestsLost! + m.requestsTimedOut! + m.requestsTooLong! + m.requestsOpen!;
        expect(ends).toBe(m.requestsArrived);
        expect(m.triesLost! + m.triesTimedOut!).toBeGreaterThanOrEqual(m.requestsLost! + m.requestsTimedOut!);
        if (m.requestsCompleted! > 0) {
          expect(m.ttftMeanS).toBeLessThanOrEqual(m.latencyMeanS!);
          expect(m.sloShare).toBeLessThanOrEqual(m.requestsCompletedShare!);
          expect(m.usdPer1000Tokens).toBeCloseTo((1000 * m.costUsd!) / m.tokensReturned!, 12);
        }
        expect(m.busyReplicaHours! + m.idleReplicaHours!).toBeCloseTo(
          (m.readyReplicasMean! * (END + world.drainS - world.warmupS)) / HOUR,
          9,
        );
      }),
      { numRuns: 50 },
    );
  });

  it("the same world gives the same run, and other routers and policies are asked the same", () => {
    fc.assert(
      fc.property(worlds, (world) => {
        const once = resultOf(world);
        expect(resultOf(world)).toEqual(once);
        const other = resultOf({ ...world, routing: "random", scheduling: "on-demand-only", lead: 0 });
        expect(other.metrics.requestsArrived).toBe(once.metrics.requestsArrived);
      }),
      { numRuns: 10 },
    );
  });
});
