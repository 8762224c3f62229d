import { describe, expect, it } from "vitest";
import { simulate } from "../../../sim/simulate.ts";
import { PrefixCache } from "../../../sim/workloads/serving/prefixes.ts";
import type { ServingParams } from "../../../sim/workloads/serving-params.ts";
import type { RequestColumns } from "../../../traces/requests.ts";
import { handCloud, type Steps, scenario, serviceInput, table } from "../../support/runs.ts";

const HOUR = 3600;

type RequestParams = NonNullable<ServingParams["requests"]>;

/** [arrival, prompt, output] a row. */
const columns = (rows: readonly (readonly [number, number, number])[]): RequestColumns => ({
  arrivalS: Float64Array.from(rows, ([timeS]) => timeS),
  inputTokens: Uint32Array.from(rows, ([, input]) => input),
  outputTokens: Uint32Array.from(rows, ([, , output]) => output),
});

/**
 * A model and a GPU whose times are round: reading the weights takes 0.1 s, a token of prompt 0.01 s, context and overhead nothing
 * to speak of. So one request of 10 + 5 tokens is answered in 0.2 s and four steps of 0.1 s.
 */
const round: Pick<RequestParams, "model" | "efficiency" | "memoryShare"> = {
  model: { parameters: 5e9, bytesPerParameter: 2, layers: 1, heads: 1, kvHeads: 1, headDim: 1 },
  efficiency: { bandwidthShare: 1, flopsShare: 1, overheadMs: 0 },
  memoryShare: 1,
};
const roundCloud = {
  ...handCloud,
  visibility: "tried" as const,
  instanceTypes: {
    "g.x": { gpuMemoryMiB: 24_000, networkMiBPerS: 100, gpu: { count: 1, bandwidthGBPerS: 100, fp16Tflops: 1 } },
  },
};

function served(
  rows: Parameters<typeof columns>[0],
  changes: {
    readonly requests?: Partial<RequestParams>;
    readonly service?: Partial<ServingParams>;
    readonly zones?: readonly { readonly capacity?: Steps }[];
    readonly drainS?: number;
    readonly routing?: string;
  } = {},
) {
  const { requests, service, zones = [{}, {}], drainS = 0, routing = "least-outstanding" } = changes;
  const input = serviceInput({
    table: table(zones, HOUR),
    cloud: roundCloud,
    cadence: { onChange: true, everyS: 600 },
    horizonS: HOUR - drainS,
    drainS,
    requests: columns(rows),
    service: {
      replicas: 1,
      requests: { from: { file: "by hand" }, ...round, ...requests },
      ...service,
    },
  });
  return simulate(input, scenario("round-robin", { routing })).metrics;
}

describe("requests, worked by hand", () => {
  // A replica is asked for at 0 and ready at 60 s.
  it("one on an idle replica: its prompt in 0.2 s, then a token every 0.1 s", () => {
    const metrics = served([[100, 10, 5]]);
    expect(metrics).toMatchObject({ requestsArrived: 1, requestsCompleted: 1, tokensReturned: 5, tokensWasted: 0 });
    expect(metrics.ttftMeanS).toBeCloseTo(0.2, 6);
    expect(metrics.tpotMeanS).toBeCloseTo(0.1, 6);
    expect(metrics.latencyMeanS).toBeCloseTo(0.6, 6);
    expect(metrics.busyReplicaHours! * HOUR).toBeCloseTo(0.6, 6);
    expect(metrics.idleReplicaHours! * HOUR).toBeCloseTo(3540 - 0.6, 6);
    expect(metrics.startingReplicaHours! * HOUR).toBeCloseTo(60 - 44, 6);
    expect(metrics.usdPer1000Tokens).toBeCloseTo(metrics.costUsd! / 0.005, 6);
  });

  it("who comes before the first replica is ready waits for it", () => {
    const metrics = served([
      [0, 10, 5],
      [30, 10, 5],
    ]);
    // Both begin at 60, the second with the next step: its prompt is read in 60.2 to 60.4, beside the first one's second token.
    expect(metrics.ttftMeanS).toBeCloseTo((60.2 + 30.4) / 2, 6);
    expect(metrics.latencyMeanS).toBeCloseTo((60.7 + 30.8) / 2, 6);
  });

  it("two replicas share them, the one with fewer first", () => {
    const { latencyMeanS } = served(
      [
        [100, 10, 5],
        [100.01, 10, 5],
      ],
      { service: { replicas: 2 } },
    );
    expect(latencyMeanS).toBeCloseTo(0.6, 6);
  });

  it("a client that waits a second gives up, tries three times more, and then not again", () => {
    // 100 tokens take 10.1 s; given up after 1 s, with the step under way: 1.0 s are 9 tokens by then, the tenth comes at 1.1.
    const metrics = served([[100, 10, 100]], { requests: { client: { timeoutS: 1.05 } } });
    expect(metrics).toMatchObject({ requestsCompleted: 0, requestsTimedOut: 1, triesTimedOut: 4, requestsOpen: 0 });
    expect(metrics.tokensWasted).toBe(4 * 10);
    expect(metrics.wastedTokenShare).toBe(1);
    expect(metrics.usdPer1000Tokens).toBeUndefined();
  });

  it("a replica that is taken loses what it had begun, and its clients try elsewhere from the beginning", () => {
    // Zone 0 takes its replica at 1920, two minutes after the notice; the other zone's replica has been ready since 1860.
    const zones: readonly { capacity: Steps }[] = [
      {
        capacity: [
          [0, 1],
          [1800, 0],
        ],
      },
      {
        capacity: [
          [0, 0],
          [900, 1],
        ],
      },
    ];
    const metrics = served([[1799.05, 10, 2000]], { zones });
    expect(metrics).toMatchObject({ triesLost: 1, requestsCompleted: 1, requestsLost: 0, tokensReturned: 2000 });
    // 120.95 s: 0.2 for the first token, 120.7 for 1,207 more.
    expect(metrics.tokensWasted).toBe(1208);
    expect(metrics.latencyMeanS).toBeCloseTo(120.95 + 1 + 200.1, 3);
    expect(metrics.ttftMeanS).toBeCloseTo(120.95 + 1 + 0.2, 6);
  });

  it("a replica that drains is told apart in the timeline, and so is a spare", () => {
    // Notice at 1800: no more requests; the one that it has, of 200 s, is cut off 10 s before the end at 1920.
    const zones = [
      {
        capacity: [
          [0, 1],
          [1800, 0],
        ],
      },
      { capacity: [[0, 9]] },
    ] as const;
    const input = serviceInput({
      table: table(zones, HOUR),
      cloud: roundCloud,
      cadence: { onChange: true, everyS: 600 },
      requests: columns([[1799.05, 10, 2000]]),
      service: { replicas: 1, requests: { from: { file: "by hand" }, ...round } },
      traced: true,
    });
    const wrappers = [{ name: "with-standby", params: { warmSpot: 1 } }];
    const { timeline } = simulate(input, scenario("round-robin", { failover: "drain", wrappers }));
    const own = timeline!.work.filter(({ instance }) => instance === 0);
    expect(own).toMatchObject([{ fromS: 60, toS: 1800, drainedToS: 1910 }]);
    expect(timeline!.instances.map(({ spare = false }) => spare)).toEqual([false, true, false]);
  });

  it("without a retry it is lost", () => {
    const zones: readonly { capacity: Steps }[] = [
      {
        capacity: [
          [0, 1],
          [1800, 0],
        ],
      },
    ];
    const metrics = served([[1919.05, 10, 2000]], { zones, requests: { client: { retries: 0 } } });
    expect(metrics).toMatchObject({ triesLost: 1, requestsCompleted: 0, requestsLost: 1, tokensWasted: 8 });
  });

  it("a beginning that the replica holds need not be read again", () => {
    const prefixes = { count: 1, tokens: 90 };
    const rows: Parameters<typeof columns>[0] = [
      [100, 10, 5],
      [200, 10, 5],
    ];
    const metrics = served(rows, { requests: { prefixes } });
    // 100 tokens are read in 1.0 s, then 10 of them in 0.1; each beside a step of 0.1 s.
    expect(metrics.ttftMeanS).toBeCloseTo((1.1 + 0.2) / 2, 6);
    expect(metrics.prefixHitShare).toBe(0.5);
    const cold = served(rows, { requests: { prefixes: { ...prefixes, cacheShare: 0 } } });
    expect(cold.ttftMeanS).toBeCloseTo(1.1, 6);
    expect(cold.prefixHitShare).toBe(0);
  });

  it("a cache of two beginnings forgets the one that was used before the other, and says what it holds", () => {
    const told: string[] = [];
    const cache = new PrefixCache(2, (prefix, isHeld) => void told.push(`${isHeld ? "+" : "-"}${prefix}`));
    expect([1, 2, 1, 3, 1, 2].map((prefix) => cache.use(prefix))).toEqual([false, false, true, false, true, false]);
    expect([...cache.held]).toEqual([1, 2]);
    expect(told).toEqual(["+1", "+2", "-2", "+3", "-3", "+2"]);
  });

  it("room for beginnings is taken from that for requests", () => {
    // 24,000 MiB less 10 GB, at 524,288 bytes a token, hold 28,912 tokens.
    const model = { parameters: 5e9, bytesPerParameter: 2, layers: 32, heads: 32, kvHeads: 32, headDim: 128 };
    const tooLong = (cacheShare: number) =>
      served([[100, 19_000, 5]], { requests: { model, prefixes: { count: 1, tokens: 1, cacheShare } } })
        .requestsTooLong;
    expect([tooLong(0.3), tooLong(0.4)]).toEqual([0, 1]);
  });

  it("what is too long for a replica's cache is refused, with a name", () => {
    // 24,000 MiB less 10 GB of weights, at 4 bytes a token, hold 3.8e9 tokens: so a model with larger ones.
    const model = { parameters: 5e9, bytesPerParameter: 2, layers: 32, heads: 32, kvHeads: 32, headDim: 4096 };
    const metrics = served([[100, 1000, 5]], { requests: { model } });
    expect(metrics).toMatchObject({ requestsArrived: 1, requestsTooLong: 1, requestsCompleted: 0 });
  });

  it("refuses arrivals out of order, and a request of more tokens than any cache is too long, not negative", () => {
    expect(() =>
      served([
        [100, 10, 5],
        [90, 10, 5],
      ]),
    ).toThrow("request 1 arrives at 90 s, after one at 100 s; sort them by arrival");
    expect(served([[100, 4e9, 5]])).toMatchObject({ requestsTooLong: 1, tokensReturned: 0 });
  });

  it("an slo is met by who meets all of it", () => {
    const rows: Parameters<typeof columns>[0] = [
      [100, 10, 5],
      [200, 100, 5], // first token after 1.1 s
      [300, 10, 50],
    ];
    const share = (slo: NonNullable<RequestParams["slo"]>) => served(rows, { requests: { slo } }).sloShare;
    expect(share({ ttftS: 1 })).toBeCloseTo(2 / 3, 12);
    expect(share({ ttftS: 1, latencyS: 2 })).toBeCloseTo(1 / 3, 12);
    expect(share({ tpotS: 0.05 })).toBe(0);
    expect(served(rows, { requests: { slo: { tpotS: 0.11 } } }).goodputPerS).toBeCloseTo(3 / HOUR, 12);
  });

  it("what arrives in the warm-up is in no metric, and what runs on into the drain is answered", () => {
    const rows: Parameters<typeof columns>[0] = [
      [100, 10, 5],
      [HOUR - 301, 10, 50],
    ];
    const metrics = served(rows, { service: { warmupS: 200 }, drainS: 300 });
    expect(metrics).toMatchObject({ requestsArrived: 1, requestsCompleted: 1, tokensReturned: 50 });
    expect(metrics.latencyMeanS).toBeCloseTo(5.1, 6);
    // It comes a second before the window ends, which begins at 200 s.
    expect(metrics.requestsInFlightMean! * (HOUR - 300 - 200)).toBeCloseTo(1, 6);
    expect(served([[HOUR - 1, 10, 50]])).toMatchObject({ requestsArrived: 1, requestsCompleted: 0, requestsOpen: 1 });
  });
});
