import { afterEach, describe, expect, it, vi } from "vitest";
import { type AnyPolicySpec, definePolicy, type PolicyLuck, type Sight } from "../../policies/contract/policy.ts";
import type { Json } from "../../policies/contract/units.ts";
import type { Decisions } from "../../policies/decider.ts";
import { simulate } from "../../sim/simulate.ts";
import type { Timeline } from "../../sim/simulation.ts";
import { handCloud, input, scenario, table } from "../support/runs.ts";

const HOUR = 3600;
const zones = table([{}, {}], 60 * HOUR);
const risky = {
  ...handCloud,
  launchS: undefined,
  answerS: undefined,
  noticeLeadS: undefined,
  interruptions: { model: "hazard" as const, perHour: 0.3, zoneShockPerHour: 0.02 },
};
const cloud = Object.fromEntries(
  Object.entries(risky).filter(([, value]) => value !== undefined),
) as unknown as typeof handCloud;
const world = (seed: string, traced = false) =>
  input({
    table: zones,
    cloud,
    seed,
    traced,
    tasks: { tasks: 60, arrivals: { kind: "uniform", spanH: 30 }, workH: { kind: "uniform", min: 1, max: 6 } },
  });

describe("same input, same bytes", () => {
  it("gives the same result twice, another seed gives another", () => {
    const once = JSON.stringify(simulate(world("a"), scenario("greedy")));
    expect(JSON.stringify(simulate(world("a"), scenario("greedy")))).toBe(once);
    expect(JSON.stringify(simulate(world("b"), scenario("greedy")))).not.toBe(once);
  });

  it("tracing a run does not change it", () => {
    const { timeline, ...traced } = simulate(world("a", true), scenario("greedy"));
    expect(traced).toEqual(simulate(world("a"), scenario("greedy")));
    expect(timeline!.instances.length).toBe(traced.metrics.launches);
    expect(timeline!.asks.some((ask) => ask.notes.some((note) => note.by === "failover"))).toBe(true);
  });
});

describe("nothing is read but the input", () => {
  afterEach(() => vi.unstubAllGlobals());

  it("no clock, no timer, no environment, no global randomness", () => {
    const expected = simulate(world("a"), scenario("on-demand-fallback"));
    const trap = (what: string) => () => {
      throw new Error(`${what} was read`);
    };
    vi.stubGlobal(
      "Date",
      class {
        constructor() {
          trap("Date")();
        }
        static now = trap("Date.now");
      },
    );
    vi.stubGlobal("performance", { now: trap("performance.now") });
    vi.stubGlobal("setTimeout", trap("setTimeout"));
    vi.stubGlobal("setImmediate", trap("setImmediate"));
    vi.stubGlobal("queueMicrotask", trap("queueMicrotask"));
    vi.stubGlobal("process", new Proxy({}, { get: (_, key) => trap(`process.${String(key)}`)() }));
    const random = vi.spyOn(Math, "random").mockImplementation(trap("Math.random") as () => number);
    const got = simulate(world("a"), scenario("on-demand-fallback"));
    random.mockRestore();
    vi.unstubAllGlobals();
    expect(got).toEqual(expected);
  });
});

describe("luck does not depend on what a policy does", () => {
  /** Greedy, with one useless launch at its third ask: an instance that takes no work and is kept to the end. */
  const wasteful = (market: number): Decisions => {
    const greedy = scenario("greedy");
    const wasting = definePolicy<unknown, { asks: number; own: Json }, Sight>({
      ...greedy.scheduling,
      name: "wasteful",
      memory: (params: unknown, luck: PolicyLuck) => ({ asks: 0, own: greedy.scheduling.memory(params, luck) }),
      create: (params: unknown) => {
        const inner = greedy.scheduling.create(params);
        return {
          decide(view, act, memory) {
            inner.decide(view, act, memory.own);
            if (memory.asks < 3 && ++memory.asks === 3) act.drain(act.launch(view.markets[market]!));
          },
        };
      },
    });
    return { ...greedy, scheduling: wasting as unknown as AnyPolicySpec };
  };
  /** What befell each stretch of work, whoever's instance id it ran on. */
  const fates = (timeline: Timeline) =>
    timeline.work.map(({ work, fromS, toS, ended }) => `${work} ${fromS} ${toS} ${ended}`).sort();

  it("one useless launch changes no fate of the work", () => {
    const calm = simulate(world("c", true), scenario("greedy"));
    // On the market that greedy leaves alone, where it takes nobody's slot.
    const elsewhere = simulate(world("c", true), wasteful(1));
    expect(elsewhere.metrics.launches).toBe(calm.metrics.launches! + 1);
    expect(elsewhere.metrics.costUsd).toBeGreaterThan(calm.metrics.costUsd!);
    expect(fates(elsewhere.timeline!)).toEqual(fates(calm.timeline!));
  });

  it("all policies meet the same tasks", () => {
    const arrivals = (name: string) =>
      simulate(world("d", true), scenario(name))
        .timeline!.work.map((stretch) => stretch.work)
        .sort();
    expect(new Set(arrivals("greedy"))).toEqual(new Set(arrivals("on-demand-only")));
  });
});
