import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { prometheusSamples } from "../../../orchestrator/node/prometheus-text.ts";
import { Vllm } from "../../../orchestrator/node/vllm.ts";
import { Routes } from "../../doubles/routes.ts";

let server: Routes;
let vllm: Vllm;
beforeEach(async () => {
  server = await new Routes().start();
  vllm = new Vllm(server.url, "m");
});
afterEach(() => server.stop());

const page = (text: string) => server.routes.set("GET /metrics", { text });

describe("the load of a vLLM server", () => {
  it("is what runs and what waits, summed over its engines, and no other gauge whose name begins alike", async () => {
    page(`# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="m"} 3.0
vllm:num_requests_running{engine="1",model_name="m"} 2.0
vllm:num_requests_waiting{engine="0",model_name="m"} 1.0
vllm:num_requests_waiting{engine="1",model_name="m"} 0.0
vllm:num_requests_waiting_by_reason{engine="0",reason="capacity"} 40.0
vllm:kv_cache_usage_perc{engine="0"} 0.25
vllm:kv_cache_usage_perc{engine="1"} 0.75
`);
    expect(await vllm.load()).toEqual({ inFlight: 6, kvShare: 0.75 });
  });

  it("has its share of memory under the name of versions before 0.9 too", async () => {
    page("vllm:num_requests_running 0\nvllm:num_requests_waiting 0\nvllm:gpu_cache_usage_perc 0.5\n");
    expect(await vllm.load()).toEqual({ inFlight: 0, kvShare: 0.5 });
  });

  it.each([
    ["has no gauges", "process_cpu_seconds_total 4\n"],
    ["lacks one of the two", "vllm:num_requests_running 0\n"],
    [
      "lacks one of an engine",
      'vllm:num_requests_running{engine="0"} 0\nvllm:num_requests_running{engine="1"} 0\nvllm:num_requests_waiting{engine="0"} 0\n',
    ],
    ["is not a number", "vllm:num_requests_running NaN\nvllm:num_requests_waiting 0\n"],
    ["is no count", "vllm:num_requests_running -1\nvllm:num_requests_waiting 0\n"],
    ["is torn", "vllm:num_requests_waiting 0\nvllm:num_requests_running"],
    ["is something else", "<html>busy</html>"],
  ])("is unknown, and so not idle, when the page %s", async (_, text) => {
    page(text);
    expect(await vllm.load()).toBe("unknown");
  });

  it("is unknown when the server hangs, breaks off, fails, or sends 10 MB", async () => {
    for (const route of ["hang", "reset", { status: 503 }, { text: "# x\n".repeat(2_500_000) }] as const) {
      server.routes.set("GET /metrics", route);
      expect(await vllm.load()).toBe("unknown");
    }
  }, 10_000);
});

describe("a vLLM server is ready", () => {
  const models = { text: JSON.stringify({ data: [{ id: "m" }] }) };
  beforeEach(() => {
    server.routes.set("GET /health", {});
    server.routes.set("GET /v1/models", models);
    server.routes.set("POST /v1/completions", { text: "{}" });
  });

  it("once it is healthy, has the model, and a token comes back", async () => {
    expect(await vllm.ready()).toBe(true);
    expect(JSON.parse(server.requests.at(-1)!.body)).toEqual({ model: "m", prompt: "a", max_tokens: 1 });
  });

  it("not while it says that it is not healthy, has another model, or cannot answer", async () => {
    for (const [what, route] of [
      ["GET /health", { status: 503 }],
      ["GET /v1/models", { text: JSON.stringify({ data: [{ id: "other" }] }) }],
      ["POST /v1/completions", { status: 500 }],
    ] as const) {
      const before = server.routes.get(what)!;
      server.routes.set(what, route);
      expect(await vllm.ready(), what).toBe(false);
      server.routes.set(what, before);
    }
  });

  it("nobody knows while nobody answers, though /health says 200 (vllm#36451)", async () => {
    server.routes.set("POST /v1/completions", "reset");
    expect(await vllm.ready()).toBe("unknown");
    server.routes.set("GET /v1/models", { text: "[" });
    expect(await vllm.ready()).toBe("unknown");
    expect(await new Vllm("http://127.0.0.1:1", "m").ready()).toBe("unknown");
  });
});

describe("a page of Prometheus", () => {
  it("is read as its format says: labels with escapes, timestamps, infinities, empty label sets", () => {
    const text = 'a 1\nb{} 2.5e3 1700000000000\nc{x="q\\"\\\\\\n,}"} +Inf\nd{x="1",y="2",} -Inf\n\n# TYPE a gauge\n';
    expect(prometheusSamples(text)).toEqual([
      { name: "a", labels: {}, value: 1 },
      { name: "b", labels: {}, value: 2500 },
      { name: "c", labels: { x: 'q"\\\n,}' }, value: Infinity },
      { name: "d", labels: { x: "1", y: "2" }, value: -Infinity },
    ]);
  });

  it("gives back any labels and numbers that were written", () => {
    const escaped = (text: string) => text.replace(/[\\"]/g, "\\$&").replace(/\n/g, "\\n");
    fc.assert(
      fc.property(fc.string(), fc.double({ noNaN: true, noDefaultInfinity: true }), (label, value) => {
        const text = `m{l="${escaped(label)}"} ${value}\n`;
        expect(prometheusSamples(text)).toEqual([{ name: "m", labels: { l: label }, value: value + 0 }]);
      }),
    );
  });

  it.each(["a", "a b", "1a 2", 'a{x="1" 2', 'a{x="1"y="2"} 3', 'a{x="\\q"} 1', "a 0x10", "a 1 2 3"])(
    "is not read in half when a line is not of the format: %s",
    (line) => {
      expect(prometheusSamples(`ok 1\n${line}\n`)).toBeUndefined();
    },
  );

  it("takes no more than linear time for a hostile line", () => {
    const startMs = performance.now();
    prometheusSamples(`a{${'x="y",'.repeat(20_000)} 1`);
    prometheusSamples(`a{x="${"\\\\".repeat(100_000)}`);
    expect(performance.now() - startMs).toBeLessThan(2_000);
  });
});
