import { request } from "node:http";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { prometheusSamples } from "../../orchestrator/node/prometheus-text.ts";
import type { Stopped } from "../../orchestrator/stop-switch.ts";
import { Telemetry } from "../../orchestrator/telemetry.ts";
import { Routes } from "../doubles/routes.ts";
import { toldStory } from "../support/told-story.ts";

const HOSTILE = `</script><img src=x onerror=alert(1)> "'=cmd $(x)\n`;

let over: AbortController;
let hook: Routes;
let stopped: Stopped;
let telemetry: Telemetry;
let url: string;
beforeEach(async () => {
  over = new AbortController();
  hook = await new Routes().start();
  hook.routes.set("POST /hook", {});
  stopped = "no";
  const webhook = { url: `${hook.url}/hook`, fleet: "chat", events: ["reclaimNotice", "capped", "alarm"] as const };
  telemetry = new Telemetry(pino({}, { write: () => {} }), "live", {
    webhook,
    stopped: () => stopped,
    agents: () => 2,
  });
  url = await telemetry.serve(0, over.signal);
});
afterEach(async () => {
  over.abort();
  await hook.stop();
});

const page = async () => (await fetch(url)).text();

describe("what is seen of a fleet", () => {
  it("in metrics is all that its journal tells, against its caps", async () => {
    toldStory(telemetry);
    telemetry.attempt({ call: "RunInstances", attempt: 1, code: "ok", tookS: 0.2 });
    stopped = "launches";
    const text = await (await fetch(`${url}/metrics`)).text();
    const samples = prometheusSamples(text)!;
    const value = (name: string, labels: Record<string, string> = {}) =>
      samples.find((each) => each.name === name && JSON.stringify(each.labels) === JSON.stringify(labels))?.value;
    // One instance of two is ready after 0 s; billed at 1.8 USD/h for an hour, at 3 for half of one; its notice leaves 108 s.
    expect(value("synkti_mode", { mode: "live" })).toBe(1);
    expect(value("synkti_replicas_ready")).toBe(1);
    expect(value("synkti_spent_day_usd")).toBeCloseTo(3.3, 9);
    expect(value("synkti_price_usd_per_hour")).toBe(3);
    expect(value("synkti_cap", { cap: "usdPerHour" })).toBe(5);
    expect(value("synkti_launches_capped_total", { cap: "instances" })).toBe(1);
    expect(value("synkti_refusals", { code: "InsufficientInstanceCapacity" })).toBe(1);
    expect(value("synkti_notice_lead_seconds_sum")).toBe(108);
    expect(value("synkti_ready_seconds_count")).toBe(1);
    expect(value("synkti_stopped", { level: "launches" })).toBe(1);
    expect(value("synkti_agents")).toBe(2);
    expect(value("synkti_aws_attempts_total", { call: "RunInstances", code: "ok" })).toBe(1);
    telemetry.see({ kind: "fact", name: "drained", args: [0 as never] });
    telemetry.see({ kind: "fact", name: "ended", args: [0 as never, "reclaimed"] });
    const after = await (await fetch(`${url}/metrics`)).text();
    expect(after).toContain('synkti_drains{result="done"} 1');
    expect(after).toContain('synkti_ends{why="reclaimed"} 1');
  });

  it("as a page shows instances, decisions, caps and what is stopped; text from outside is text", async () => {
    expect(await page()).toContain("Nothing is journalled yet");
    toldStory(telemetry);
    telemetry.alarm(HOSTILE);
    stopped = "everything";
    const text = await page();
    expect(text).toContain("3.30 USD in the last 24 hours");
    expect(text).toContain("1 of at most 4");
    expect(text).toContain("short of replicas");
    expect(text).toContain("cap on instances");
    expect(text).toContain("Stopped by an operator: everything.");
    expect(text).toContain("&lt;/script&gt;&lt;img");
    expect(text).not.toMatch(/<img|<script|<form|<a /);
    expect(text).toContain("default-src &#39;none&#39;");
  });

  it("is for this machine, by its own name, and to be read only", async () => {
    const status = (headers: Record<string, string>, method = "GET", path = "/") =>
      new Promise<number>((resolve, reject) => {
        const asked = request(`${url}${path}`, { method, headers }, (response) => {
          response.resume();
          resolve(response.statusCode!);
        });
        asked.on("error", reject);
        asked.end();
      });
    for (const path of ["/", "/metrics", "/healthz"]) {
      expect(await status({}, "GET", path)).toBe(200);
      expect(await status({ host: "evil.example" }, "GET", path)).toBe(403);
      expect(await status({ host: "127.0.0.1.evil.example" }, "GET", path)).toBe(403);
      expect(await status({ origin: "http://evil.example" }, "GET", path)).toBe(403);
      expect(await status({}, "POST", path)).toBe(403);
    }
    expect(await status({}, "GET", "/../package.json")).toBe(404);
  });

  it("is posted as it happens, of the events that the fleet names and no others", async () => {
    toldStory(telemetry);
    telemetry.alarm(HOSTILE);
    await telemetry.close();
    expect(hook.requests.map(({ body }) => JSON.parse(body))).toEqual([
      { fleet: "chat", event: "capped", cap: "instances", market: 0 },
      { fleet: "chat", event: "reclaimNotice", instance: 0, about: 5518 },
      { fleet: "chat", event: "alarm", what: HOSTILE },
    ]);
    expect(await (await fetch(`${url}/metrics`)).text()).toContain('synkti_webhook_total{result="ok"} 3');
  });
});
