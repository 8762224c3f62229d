import { describe, expect, it } from "vitest";
import type { CloudSpec, Scenario } from "../../policies/contract/scenario.ts";
import { resolveScenario } from "../../policies/registry.ts";
import { simulate } from "../../sim/simulate.ts";
import type { SimulationResult, Timeline } from "../../sim/simulation.ts";
import type { ServingParams } from "../../sim/workloads/serving-params.ts";
import type { RequestColumns } from "../../traces/requests.ts";
import { handCloud, type Steps, serviceInput, table } from "../support/runs.ts";

// Drills worked by hand: one service on two zones, of which the first loses all capacity at 2000 s. An answer takes 4 s, a boot 40 s,
// a new instance is ready 60 s after it was asked for, a stopped one 54 s.

const HOUR = 3600;
const lost: Steps = [
  [0, 9],
  [2000, 0],
];
const constant = (value: number) => ({ kind: "constant", value }) as const;

/** A token takes 0.1 s, so an answer of n tokens some n / 10 s. */
const engine = {
  model: { parameters: 5e9, bytesPerParameter: 2, layers: 1, heads: 1, kvHeads: 1, headDim: 2 ** 14 },
  efficiency: { bandwidthShare: 1, flopsShare: 1, overheadMs: 0 },
  memoryShare: 1,
  from: { file: "by hand" },
} as const;
const gpu = { count: 1, bandwidthGBPerS: 100, fp16Tflops: 1 };

interface Drill {
  readonly leadS?: number;
  readonly cloud?: Partial<CloudSpec>;
  readonly failover?: Scenario["failover"];
  readonly wrappers?: Scenario["wrappers"];
  readonly replicas?: ServingParams["replicas"];
  readonly extraReplicas?: number;
  readonly zones?: readonly { readonly capacity?: Steps }[];
  readonly caps?: Scenario["caps"];
  /** [arrival, output tokens] a row. */
  readonly requests?: readonly (readonly [number, number])[];
  /** A card that moves 16 tokens a MiB. */
  readonly networkMiBPerS?: number;
}

function drill(of: Drill): SimulationResult & { readonly timeline: Timeline } {
  const { leadS = 120, cloud, failover = "drain", wrappers = [], replicas = 1, extraReplicas = 0 } = of;
  const { zones = [{ capacity: lost }, {}], requests, caps, networkMiBPerS = 100 } = of;
  const columns = (rows: NonNullable<Drill["requests"]>): RequestColumns => ({
    arrivalS: Float64Array.from(rows, ([timeS]) => timeS),
    inputTokens: Uint32Array.from(rows, () => 1),
    outputTokens: Uint32Array.from(rows, ([, output]) => output),
  });
  const input = serviceInput({
    table: table(zones, HOUR),
    cloud: {
      ...handCloud,
      visibility: "tried",
      noticeLeadS: constant(leadS),
      instanceTypes: { "g.x": { gpuMemoryMiB: 24_000, networkMiBPerS, gpu } },
      ...cloud,
    },
    cadence: { onChange: true, everyS: 600 },
    service: { replicas, ...(requests && { requests: engine }) },
    ...(requests && { requests: columns(requests) }),
  });
  const result = simulate(
    { ...input, traced: true },
    resolveScenario({
      scheduling: { name: "round-robin", params: { extraReplicas } },
      assignment: "kuhn-munkres",
      failover,
      wrappers,
      ...(caps && { caps }),
    }),
  );
  return { ...result, timeline: result.timeline! };
}

/** What was done from the notice on, and when. */
const acts = ({ timeline }: { readonly timeline: Timeline }, fromS: number) =>
  timeline.asks.flatMap(({ timeS, actions }) => (timeS < fromS ? [] : actions.map((each) => `${timeS}: ${each}`)));

describe("the failover of a service", () => {
  it("drains at the notice, starts the replacement with it, routes to it when it is ready, and leaves the free hour to EC2", () => {
    const run = drill({});
    expect(acts(run, 1999)).toEqual([
      "2000: drain instance 0",
      "2000: launch instance 1 on g.x z1 spot",
      "2000: place task 0 on instance 1 alone",
      "2000: deregister instance 0",
      "2000: release task 0 from instance 0",
      "2060: register instance 1",
    ]);
    expect(run.metrics).toMatchObject({
      failovers: 1,
      failoversLate: 1,
      failoverGapMeanS: 60,
      failoverGaplessShare: 0,
    });
    expect(run.metrics).toMatchObject({ drainsDone: 1, drainsCutShort: 0 });
    // Ready from 60 to 2000 s and from 2060 s on.
    expect(run.metrics.availableShare).toBeCloseTo((HOUR - 60 - 60) / HOUR, 12);
  });

  it.each([
    [120, "inTime", 0],
    [108, "inTime", 0],
    [30, "late", 30],
    [0, "late", 60],
  ])(
    "serving on through a notice of %i s is %s, with %i s without a replica, since a launch takes 60 s",
    (leadS, end, gapS) => {
      const { metrics } = drill({ leadS, failover: "serve-on" });
      const count = (name: string) => (end === name ? 1 : 0);
      expect(metrics).toMatchObject({
        failovers: 1,
        failoversInTime: count("inTime"),
        failoversLate: count("late"),
        failoverGapMeanS: gapS,
      });
      expect(metrics.availableShare).toBeCloseTo((HOUR - 60 - gapS) / HOUR, 12);
    },
  );

  it("takes the last request as late as a short drain allows, or when the replacement is ready", () => {
    const late = { name: "drain", params: { drainMaxS: 30, marginS: 10 } };
    // 120 s: the replacement is ready first. 70 s: the last request comes at 30, the replacement at 60.
    expect(drill({ failover: late }).metrics).toMatchObject({ failoversInTime: 1, failoverGapMeanS: 0 });
    const short = drill({ failover: late, leadS: 70 });
    expect(acts(short, 2001)[0]).toBe("2030: deregister instance 0");
    expect(short.metrics).toMatchObject({ failoversLate: 1, failoverGapMeanS: 30 });
  });

  it("has no gap with a warm spare, and with an extra replica, without a notice too", () => {
    const warm = [{ name: "with-standby", params: { warmSpot: 1 } }];
    const zones = [{ capacity: lost }, {}, {}];
    for (const leadS of [120, 0]) {
      const spare = drill({
        leadS,
        wrappers: warm,
        zones: [
          {
            capacity: [
              [0, 1],
              [2000, 0],
            ] as const,
          },
          {},
          {},
        ],
      });
      expect(spare.metrics).toMatchObject({ failovers: 1, failoversCovered: 1, failoverGapMeanS: 0 });
      const extra = drill({ leadS, extraReplicas: 1, zones });
      expect(extra.metrics).toMatchObject({ failoversCovered: 1, failoverGaplessShare: 1 });
      for (const { metrics } of [spare, extra]) expect(metrics.availableShare).toBeCloseTo((HOUR - 60) / HOUR, 12);
    }
  });

  it("starts a stopped spare, which stands in until the replacement is ready and is stopped again: billed only meanwhile", () => {
    const zones = [
      { capacity: lost },
      {
        capacity: [
          [0, 0],
          [2100, 9],
        ] as const,
      },
    ];
    const stopped = [{ name: "with-standby", params: { warmSpot: 0, stoppedOnDemand: 1 } }];
    const run = drill({ leadS: 0, zones, wrappers: stopped });
    expect(run.metrics).toMatchObject({ failovers: 1, failoversLate: 1, failoverGapMeanS: 54 });
    const lives = run.timeline.instances.filter(
      ({ market }) => run.timeline.markets[market]!.capacityType === "onDemand",
    );
    expect(lives.map(({ requestedS, runningS, readyS, endedBy }) => [requestedS, runningS, readyS, endedBy])).toEqual([
      [0, 44, 60, "stopped"],
      [2000, 2044, 2054, "stopped"],
    ]);
    // 16 s of preparation cost the minimum of 60 s. The replacement was granted after the capacity came back.
    const [prepared, stoodIn] = lives;
    expect(prepared!.usd).toBeCloseTo((3.6 * 60) / HOUR, 12);
    expect(stoodIn!.usd).toBeCloseTo((3.6 * (stoodIn!.endS - 2044)) / HOUR, 12);
    expect(stoodIn!.endS).toBeGreaterThanOrEqual(2160);
  });

  it("bills a spare an address for each of its lives, from grant to stop", () => {
    const stopped = [{ name: "with-standby", params: { warmSpot: 0, stoppedOnDemand: 1 } }];
    const { metrics, timeline } = drill({ leadS: 0, wrappers: stopped, cloud: { bill: { addressUsdPerHour: 0.005 } } });
    const heldS = timeline.instances.map(({ requestedS, endS }) => Math.max(60, endS - requestedS - 4));
    expect(timeline.instances.filter(({ endedBy }) => endedBy === "stopped").length).toBe(2);
    expect(metrics.addressUsd).toBeCloseTo((heldS.reduce((sum, s) => sum + s, 0) * 0.005) / HOUR, 12);
  });

  it("bills a stopped spare its disk, but neither machine nor address", () => {
    const bill = { disk: { gib: 100, usdPerGibMonth: 0.08 }, addressUsdPerHour: 0.005 };
    const stopped = [{ name: "with-standby", params: { warmSpot: 0, stoppedOnDemand: 1 } }];
    const { metrics } = drill({ zones: [{}, {}], wrappers: stopped, cloud: { bill } });
    // Spot replica and spare are granted at 4 s; the spare is stopped at 60 s, before the minimum of its address is over.
    expect(metrics.diskUsd).toBeCloseTo((2 * (HOUR - 4) * 100 * 0.08) / (30 * 24 * HOUR), 12);
    expect(metrics.addressUsd).toBeCloseTo(((HOUR - 4 + 60) * 0.005) / HOUR, 12);
    expect(metrics.instanceUsd).toBeCloseTo((1.8 * (HOUR - 44)) / HOUR + (3.6 * 60) / HOUR, 12);
  });

  it("lets several spares stand in at once for several that are lost, and sends back one for each that is replaced", () => {
    const counts = [
      [0, 2],
      [2100, 3],
      [2700, 4],
    ] as const;
    const spares = [{ name: "with-standby", params: { warmSpot: 0, stoppedOnDemand: 2 } }];
    const run = drill({ replicas: 4, leadS: 0, zones: [{ capacity: lost }, { capacity: counts }], wrappers: spares });
    expect(acts(run, 2000).filter((each) => each.startsWith("2000: start"))).toEqual([
      "2000: start instance 4",
      "2000: start instance 5",
    ]);
    const stoppedS = acts(run, 2000).flatMap((each) =>
      each.includes(": stop instance") ? Number.parseFloat(each) : [],
    );
    // Asked for at 2400 s, the next time of the grid, and at 2700 s; ready 60 s later.
    expect(stoppedS).toEqual([2460, 2760]);
    expect(run.metrics).toMatchObject({ failovers: 2, failoversLate: 2 });
  });

  it("heeds a recommendation where it is told to: the replica serves until its replacement is there", () => {
    const cloud = { rebalance: { share: 1, leadS: constant(50) } };
    const early = drill({ cloud, leadS: 30, failover: { name: "serve-on", params: { earlyStart: true } } });
    expect(acts(early, 2000)).toContain("2000: launch instance 1 on g.x z1 spot");
    // Recommended at 2000, noticed at 2050, taken back at 2080; replaced at 2060.
    expect(early.metrics).toMatchObject({ failovers: 1, failoversInTime: 1, failoverGapMeanS: 0 });
    const deaf = drill({ cloud, leadS: 30, failover: "serve-on" });
    expect(deaf.metrics).toMatchObject({ failovers: 1, failoversLate: 1, failoverGapMeanS: 30 });
  });

  it("has a name for what is never replaced", () => {
    const { metrics } = drill({ zones: [{ capacity: lost }] });
    expect(metrics).toMatchObject({ failovers: 1, failoversNotReplaced: 1, failoverGaplessShare: 0 });
    expect(metrics.failoverGapMeanS).toBeUndefined();
  });

  it("never routes to a replica that was taken under notice while it started", () => {
    const zones = [
      { capacity: lost },
      {
        capacity: [
          [0, 9],
          [2030, 0],
        ] as const,
      },
      {},
    ];
    const run = drill({ zones });
    expect(acts(run, 2000).filter((each) => each.includes("register instance 1"))).toEqual([]);
    expect(run.metrics).toMatchObject({ failovers: 1, failoversLate: 1, failoverGapMeanS: 90 });
    // Serving on it becomes ready under its notice, which is no reason to send it requests.
    expect(acts(drill({ zones, failover: "serve-on" }), 2000)).not.toContain("2060: register instance 1");
  });

  it("keeps the caps: a spare that the guard does not let start stays stopped and takes over nothing", () => {
    const zones = [{ capacity: lost }];
    const spares = [{ name: "with-standby", params: { warmSpot: 0, stoppedOnDemand: 1 } }];
    const free = drill({ leadS: 0, zones, wrappers: spares });
    const capped = drill({ leadS: 0, zones, wrappers: spares, caps: { launchesPerHour: 2 } });
    expect(free.metrics).toMatchObject({ failoversLate: 1, failoverGapMeanS: 54 });
    expect(capped.metrics).toMatchObject({ failoversNotReplaced: 1, failoversLate: 0 });
    expect(acts(capped, 2000)).not.toContainEqual(expect.stringContaining("start instance"));
  });
});

describe("requests in flight when a replica goes", () => {
  // From 60 s on the replica is there; the notice comes at 2000 s and the end at 2120 s.
  const short: Drill["requests"] = [[1995, 200]]; // some 20 s
  const long: Drill["requests"] = [[1995, 2_000]]; // some 200 s: no notice is long enough

  it("finish in the drain, and the replica is let go as soon as they have", () => {
    const { metrics, timeline } = drill({ requests: short });
    expect(metrics).toMatchObject({ requestsCompleted: 1, tokensWasted: 0, drainsDone: 1, drainsCutShort: 0 });
    const released = timeline.asks.find(({ actions }) => actions.includes("release task 0 from instance 0"))!;
    expect(released.timeS).toBeGreaterThan(2014);
    expect(released.timeS).toBeLessThan(2016);
  });

  it("are cut off when the time is over, and begin again elsewhere", () => {
    const { metrics, timeline } = drill({ requests: long });
    expect(metrics).toMatchObject({ requestsCompleted: 1, drainsDone: 0, drainsCutShort: 1 });
    expect(metrics.tokensWasted).toBeGreaterThan(1_000);
    const released = timeline.asks.find(({ actions }) => actions.includes("release task 0 from instance 0"))!;
    expect(released.timeS).toBe(2110);
  });

  it("begin again at once under reroute, having lost the little that was done", () => {
    const rerouted = drill({ requests: long, failover: "reroute" }).metrics;
    const drained = drill({ requests: long }).metrics;
    expect(rerouted).toMatchObject({ requestsCompleted: 1 });
    expect(rerouted.tokensWasted).toBeLessThan(60);
    expect(rerouted.latencyMeanS! + 50).toBeLessThan(drained.latencyMeanS!);
  });

  it("finish when the service wants fewer replicas, though nobody takes the instance back", () => {
    const replicas = [
      { fromH: 0, replicas: 2 },
      { fromH: 0.5, replicas: 1 },
    ];
    const fewer = {
      zones: [{}, {}],
      replicas,
      requests: [
        [1790, 300],
        [1791, 300],
      ],
    } as const;
    expect(drill(fewer).metrics).toMatchObject({ requestsCompleted: 2, tokensWasted: 0, drainsDone: 1, failovers: 0 });
    expect(drill({ ...fewer, failover: "serve-on" }).metrics.tokensWasted).toBeGreaterThan(50);
    // Longer than a drain may take: stopped 115 s after 1800 s, with some 125 s of an answer done.
    const cut = drill({
      ...fewer,
      requests: [
        [1790, 3_000],
        [1791, 3_000],
      ],
    }).metrics;
    expect(cut).toMatchObject({ drainsDone: 0, drainsCutShort: 1 });
    expect(cut.tokensWasted).toBeGreaterThan(1_200);
    expect(cut.tokensWasted).toBeLessThan(1_300);
  });
});

describe("requests in flight that migrate", () => {
  // A long answer from 1995 s on, 10 tokens and so 0.625 MiB of cache a second; the notice at 2000 s, the end at 2120 s, and a
  // replacement at 2060 s, when some 650 tokens, 40 MiB, are there.
  const long: Drill["requests"] = [[1995, 2_000]];
  const migrated = (params: object, more: Drill = {}) =>
    drill({ requests: long, failover: { name: "migrate", params }, ...more });
  const moves = (run: ReturnType<typeof drill>) => acts(run, 1799).filter((each) => each.includes(": move"));

  it("go over once the replacement takes requests, and lose nothing but the time of their cache on the card", () => {
    const run = migrated({}, { networkMiBPerS: 10 });
    expect(acts(run, 2060)).toEqual([
      "2060: register instance 1",
      "2060: deregister instance 0",
      "2060: move task 0 from instance 0 to instance 1 by kv",
      expect.stringMatching(/^2064.*: release task 0 from instance 0$/),
    ]);
    expect(run.metrics).toMatchObject({
      requestsCompleted: 1,
      tokensWasted: 0,
      triesLost: 0,
      movesWhole: 1,
      drainsDone: 1,
    });
    expect(run.metrics.movePauseMeanS).toBeCloseTo(4.1, 1);
  });

  it.each([
    // At 2000 s 1,200 tokens are there, 75 MiB: 188 s on this card, and 120 are left, 110 but for the margin.
    ["in part, where the card is too slow for all", 0.4, {}, /by kv, 5[89] % of each cache/, { movesPartly: 1 }],
    ["in full, where that share counts as enough", 0.4, { fullFrom: 0.6 }, /by kv$/, { movesFailed: 1 }],
    ["not at all below the lower threshold, but anew", 0.15, {}, /by restart$/, { moves: 0, requestsRestarted: 1 }],
    ["or read again", 0.15, { otherwise: "recompute" }, /by kv, 0 % of each cache/, { moves: 0, requestsMoved: 1 }],
    ["or always so", 100, { through: "nothing" }, /by kv, 0 % of each cache/, { moves: 0, requestsMoved: 1 }],
  ])("go over %s", (_, networkMiBPerS, params, how, came) => {
    const begun: Drill["requests"] = [[1880, 2_000]];
    const run = migrated(params, {
      networkMiBPerS,
      requests: begun,
      extraReplicas: 1,
      zones: [{ capacity: lost }, {}, {}],
    });
    expect(moves(run)).toEqual([expect.stringMatching(how)]);
    expect(moves(run)[0]).toMatch(/^2000: move task 0 from instance 0/);
    expect(run.metrics).toMatchObject({ requestsCompleted: 1, ...came });
    const isAnew = run.metrics.requestsRestarted === 1;
    expect(run.metrics.tokensWasted! > 1_190).toBe(isAnew);
    expect(run.metrics.tokensWasted === 0).toBe(!isAnew);
  });

  it("go to storage where nobody else takes requests, 10 s before a move of all would be too late", () => {
    // Capacity comes back at 2300 s. By 2105 s there are 69 MiB, which take 7 s.
    const zones = [
      { capacity: lost },
      {
        capacity: [
          [0, 0],
          [2300, 9],
        ] as const,
      },
    ];
    const run = migrated({}, { networkMiBPerS: 10, zones });
    expect(moves(run)).toEqual([expect.stringMatching(/^210\d: move task 0 from instance 0 by checkpoint$/)]);
    expect(run.metrics).toMatchObject({ requestsCompleted: 1, tokensWasted: 0, movesWhole: 1, tokensRecomputed: 0 });
  });

  it("move at once where others are enough, and when the service wants fewer replicas", () => {
    const extra = migrated(
      {},
      {
        extraReplicas: 1,
        zones: [{ capacity: lost }, {}, {}],
        requests: [
          [1995, 2_000],
          [1996, 2_000],
        ],
      },
    );
    expect(moves(extra)[0]).toMatch(/^2000: move task 0 from instance 0 to instance 1 by kv/);
    const fewer = migrated(
      {},
      {
        zones: [{}, {}],
        replicas: [
          { fromH: 0, replicas: 2 },
          { fromH: 0.5, replicas: 1 },
        ],
        requests: [
          [1790, 3_000],
          [1791, 3_000],
        ],
      },
    );
    expect(moves(fewer)).toEqual([expect.stringMatching(/^1800: move task 0 from instance \d to instance \d by kv$/)]);
    expect(fewer.metrics).toMatchObject({ requestsCompleted: 2, tokensWasted: 0, failovers: 0 });
  });

  it("have thresholds in order, or are refused by name", () => {
    expect(() => migrated({ fullFrom: 0.2, partialFrom: 0.3 })).toThrow(/partialFrom.*expected at most fullFrom/s);
    expect(() => migrated({ fullFrom: 1.2 })).toThrow(/fullFrom/);
  });
});
