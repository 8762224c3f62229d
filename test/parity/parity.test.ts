import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Action } from "../../policies/contract/actions.ts";
import { engineRun, type HostRun, loopRun } from "./hosts.ts";
import { anyJobCase, anyParityCase, anyServiceCase, cutCases, jobCases, parityCases, serviceCases } from "./worlds.ts";

// Goal: the policy that a study compared is the policy that runs. Method: engine and live loop on the same simulated world, the
// loop seeing it only through asynchronous ports that give names for ids and shuffle each instant; every ask of the one must be
// an ask of the other, at the same time, with the same actions for the same reasons, and the bills must be equal.

describe("engine and live loop decide the same", () => {
  it.each([...parityCases, ...jobCases, ...serviceCases, ...cutCases])("$name", async ({ input, scenario }) => {
    expectSame(await loopRun(input, scenario), engineRun(input, scenario));
  });

  it("with any gang, whatever the order in which an instant's news arrives", async () => {
    await fc.assert(
      fc.asyncProperty(anyJobCase, fc.string(), async ({ input, scenario }, order) => {
        expectSame(await loopRun(input, scenario, { order }), engineRun(input, scenario));
      }),
      { numRuns: 20 },
    );
  });

  it("with any service, whatever the order in which an instant's news arrives", async () => {
    await fc.assert(
      fc.asyncProperty(anyServiceCase, fc.string(), async ({ input, scenario }, order) => {
        expectSame(await loopRun(input, scenario, { order }), engineRun(input, scenario));
      }),
      { numRuns: 20 },
    );
  });

  it("in any world, whatever the order in which an instant's news arrives", async () => {
    await fc.assert(
      fc.asyncProperty(anyParityCase, fc.string(), async ({ input, scenario }, order) => {
        expectSame(await loopRun(input, scenario, { order }), engineRun(input, scenario));
      }),
      { numRuns: 20 },
    );
  });
});

describe("the comparison means something", () => {
  const engines = parityCases.map(({ input, scenario }) => engineRun(input, scenario));

  it("the dealt cases meet reclaims, refusals by provider and guard, and every kind of action", () => {
    const sum = (metric: string) => engines.reduce((total, { metrics }) => total + metrics[metric]!, 0);
    expect(sum("reclaims")).toBeGreaterThan(500);
    expect(sum("refusals")).toBeGreaterThan(500);
    expect(sum("tasksCompleted")).toBeGreaterThan(2_000);
    const kinds = new Set(engines.flatMap(({ asks }) => asks.flatMap(({ actions }) => actions.map((each) => each.do))));
    const all: readonly Action["do"][] = ["launch", "terminate", "drain", "place", "release", "checkpoint"];
    expect([...kinds].sort()).toEqual([...all].sort());
    const caps = new Set(engines.flatMap(({ asks }) => asks.flatMap(({ capped }) => capped.map(({ cap }) => cap))));
    expect([...caps].sort()).toEqual(["instances", "launchesPerHour", "onDemandShare", "usdPerDay", "usdPerHour"]);
  });

  it("the gangs among them are launched, broken by reclaims, and finish", () => {
    const gangs = jobCases.map(({ input, scenario }) => engineRun(input, scenario).metrics);
    const sum = (metric: string) => gangs.reduce((total, metrics) => total + metrics[metric]!, 0);
    expect(sum("gangStarts")).toBeGreaterThan(200);
    expect(sum("gangReclaims")).toBeGreaterThan(100);
    expect(sum("completedShare")).toBeGreaterThan(jobCases.length / 2);
  });

  it("the services among them get replicas, lose some, and are there more often than not", () => {
    const services = serviceCases.map(({ input, scenario }) => engineRun(input, scenario).metrics);
    const sum = (metric: string) => services.reduce((total, metrics) => total + (metrics[metric] ?? 0), 0);
    expect(sum("replicasLost")).toBeGreaterThan(100);
    expect(sum("refusals")).toBeGreaterThan(100);
    expect(sum("readyReplicasMean")).toBeGreaterThan(services.length);
    for (const came of ["movesWhole", "movesPartly", "movesFailed"]) expect(sum(came)).toBeGreaterThan(0);
  });

  it("the models cut over GPUs are laid out anew, and keep most of their batches", () => {
    const cut = cutCases.map(({ input, scenario }) => engineRun(input, scenario).metrics);
    const sum = (metric: string) => cut.reduce((total, metrics) => total + metrics[metric]!, 0);
    expect(sum("reparallelizations")).toBeGreaterThan(15);
    expect(sum("replicasLost")).toBeGreaterThan(10);
    expect(sum("requestsCompleted")).toBeGreaterThan(5_000);
  });

  it("and tells another world's luck apart", async () => {
    const { input, scenario } = parityCases.find(({ name }) => name.startsWith("greedy") && name.includes("hazard"))!;
    const elsewhere = await loopRun({ ...input, seed: "another" }, scenario);
    expect(() => expectSame(elsewhere, engineRun(input, scenario))).toThrow();
  });
});

function expectSame(loop: HostRun, engine: HostRun): void {
  const differs = engine.asks.findIndex((ask, i) => JSON.stringify(ask) !== JSON.stringify(loop.asks[i]));
  // The first difference says it all; of thousands of asks nobody reads a diff.
  expect({ ask: differs, ...loop.asks[differs] }).toEqual({ ask: differs, ...engine.asks[differs] });
  expect(loop.asks.length).toBe(engine.asks.length);
  expect(loop.metrics).toEqual(engine.metrics);
}
