import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { AgentState } from "../../../orchestrator/door/words.ts";
import { Agent } from "../../../orchestrator/node/agent.ts";
import { drainBudgetS, drained } from "../../../orchestrator/node/drain.ts";
import { Imds } from "../../../orchestrator/node/imds.ts";
import { Vllm } from "../../../orchestrator/node/vllm.ts";
import { Routes } from "../../doubles/routes.ts";
import { ScaledClock } from "../../doubles/scaled-clock.ts";
import { VirtualClock } from "../../doubles/virtual-clock.ts";

// The agent between a metadata service, a model server and a balancer that asks over a socket.

const ACTION = "GET /latest/meta-data/spot/instance-action";
let metadata: Routes;
let engine: Routes;
let url: string;
let said: [event: string, about: unknown][];
let told: AgentState[];
let controllerFails: boolean;
let over: AbortController;
let running: Promise<void>;
beforeEach(async () => {
  metadata = await new Routes().start();
  engine = await new Routes().start();
  metadata.routes.set("PUT /latest/api/token", { text: "t" });
  engine.routes.set("GET /health", { status: 503 });
  engine.routes.set("GET /v1/models", { text: '{"data":[{"id":"m"}]}' });
  engine.routes.set("POST /v1/completions", { text: "{}" });
  const clock = new ScaledClock(20);
  said = [];
  told = [];
  controllerFails = false;
  over = new AbortController();
  const agent = new Agent({
    imds: new Imds(clock, metadata.url),
    engine: new Vllm(engine.url, "m"),
    controller: {
      tell: async (state) => {
        if (controllerFails) throw new Error("gone");
        told.push(state);
      },
    },
    clock,
    port: 0,
    host: "127.0.0.1",
    say: (...what) => said.push(what),
  });
  url = await agent.listen();
  running = agent.run(over.signal);
});
afterEach(async () => {
  over.abort();
  await running;
  await metadata.stop();
  await engine.stop();
});

const health = async () => (await fetch(url)).status;
async function becomes(status: number): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if ((await health()) === status) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`the health check never answered ${status}`);
}

describe("a drain", () => {
  const load = (...readings: readonly (number | "unknown")[]) => {
    const left = [...readings];
    const next = () => (left.length > 1 ? left.shift()! : left[0]!);
    return {
      load: async () => {
        const inFlight = next();
        return inFlight === "unknown" ? inFlight : { inFlight, kvShare: undefined };
      },
    };
  };
  const drain = (leftS: number, ...readings: readonly (number | "unknown")[]) => {
    const clock = new VirtualClock();
    return clock.until(drained(load(...readings), clock, drainBudgetS(leftS), new AbortController().signal));
  };

  it("is over at the second reading of none in flight, after five quiet seconds", async () => {
    expect(await drain(120, 0)).toEqual({ idle: true, afterS: 6 });
    expect(await drain(120, 3, 1, 0, 2, 0, 0)).toEqual({ idle: true, afterS: 10 });
  });

  it("takes unknown for unknown: it is not idle, and breaks a row of idle readings", async () => {
    expect(await drain(120, 0, "unknown", 0, 0)).toEqual({ idle: true, afterS: 8 });
    expect(await drain(120, "unknown")).toMatchObject({ idle: false, inFlight: "unknown" });
  });

  it("ends 10 s before the instance does, with what is still in flight; at once when there is no more time (fault 5)", async () => {
    expect(await drain(120, 2)).toEqual({ idle: false, afterS: 110, inFlight: 2 });
    expect(await drain(20, 2)).toEqual({ idle: false, afterS: 10, inFlight: 2 });
    for (const leftS of [14, 5, 0])
      expect(await drain(leftS, 0)).toEqual({ idle: false, afterS: 0, inFlight: "unknown" });
  });
});

describe("the agent", () => {
  it("lets traffic in when the model server is ready, and stops it from the notice on, for good", async () => {
    await becomes(503);
    engine.routes.set("GET /health", {});
    await becomes(200);
    metadata.routes.set(ACTION, { text: '{"action":"terminate","time":"2036-01-01T00:00:00Z"}' });
    await becomes(503);
    expect(await (await fetch(url)).text()).toBe("interruption announced\n");
    metadata.routes.set(ACTION, { status: 404 });
    await expect(becomes(200)).rejects.toThrow();
    expect(said).toContainEqual(["notice", { action: "terminate", leftS: 120 }]);
    engine.routes.set("GET /metrics", { text: "vllm:num_requests_running 0\nvllm:num_requests_waiting 0\n" });
    await expect.poll(() => said.map(([event]) => event)).toContain("drained");
  });

  it("stops traffic to a model server that says it is not ready, and not because a metadata service says nothing", async () => {
    engine.routes.set("GET /health", {});
    await becomes(200);
    metadata.routes.set(ACTION, { status: 500 });
    await expect(becomes(503)).rejects.toThrow();
    expect(said.map(([event]) => event)).toContain("metadata-unknown");
    engine.routes.set("GET /health", { status: 503 });
    await becomes(503);
  });

  it("tells the controller what it hears, and does the same without one (fault 28)", async () => {
    engine.routes.set("GET /health", {});
    engine.routes.set("GET /metrics", { text: "vllm:num_requests_running 0\nvllm:num_requests_waiting 0\n" });
    await becomes(200);
    expect(told).toContainEqual({ leftS: null, rebalance: false });
    metadata.routes.set("GET /latest/meta-data/events/recommendations/rebalance", { text: "{}" });
    await expect.poll(() => told).toContainEqual({ leftS: null, rebalance: true });
    controllerFails = true;
    await expect.poll(() => said).toContainEqual(["controller-unheard", { why: "Error: gone" }]);
    metadata.routes.set(ACTION, { text: '{"action":"terminate","time":"2036-01-01T00:00:00Z"}' });
    await becomes(503);
    await expect.poll(() => said.map(([event]) => event)).toContain("drained");
    controllerFails = false;
    await expect.poll(() => told.at(-1)!.leftS).toBeGreaterThan(0);
    expect(told.at(-1)!.leftS).toBeLessThan(120);
    expect(said.filter(([event]) => event.startsWith("controller")).map(([event]) => event)).toEqual([
      "controller-unheard",
      "controller-heard",
    ]);
  });
});
