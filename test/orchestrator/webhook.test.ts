import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Webhook } from "../../orchestrator/webhook.ts";
import { Routes } from "../doubles/routes.ts";

let server: Routes;
let ends: string[];
let webhook: Webhook;
beforeEach(async () => {
  server = await new Routes().start();
  ends = [];
  webhook = new Webhook({ url: `${server.url}/T0/very-secret-path`, onEnd: (what) => ends.push(what) });
});
afterEach(() => server.stop());
const HOOK = "POST /T0/very-secret-path";

describe("a webhook", () => {
  it("posts what it is told, in order, and whoever tells it does not wait", async () => {
    server.routes.set(HOOK, {});
    webhook.tell({ event: "notice", instance: 3 });
    webhook.tell({ event: "ended", text: '</script>"\n' });
    expect(server.requests).toEqual([]);
    await webhook.settled();
    expect(server.requests.map(({ body }) => JSON.parse(body))).toEqual([
      { event: "notice", instance: 3 },
      { event: "ended", text: '</script>"\n' },
    ]);
    expect(ends).toEqual(["ok", "ok"]);
  });

  it("tries a message once more when the server fails, and no third time; what it refuses is not repeated", async () => {
    server.routes.set(HOOK, [{ status: 500 }, {}, "reset", { status: 429 }, { status: 404 }]);
    for (let n = 0; n < 3; n++) webhook.tell({ n });
    await webhook.settled();
    expect(server.requests.map(({ body }) => JSON.parse(body).n)).toEqual([0, 0, 1, 1, 2]);
    expect(ends).toEqual(["ok", "HTTP 429", "HTTP 404"]);
  });

  it("gives up a server that hangs after two seconds, twice, and loses what comes while a hundred wait", async () => {
    server.routes.set(HOOK, ["hang", "hang", {}]);
    const began = performance.now();
    for (let n = 0; n < 103; n++) webhook.tell({ n });
    expect(performance.now() - began).toBeLessThan(1_000);
    expect(ends).toEqual(Array(3).fill("too many wait"));
    await webhook.settled();
    expect(ends.slice(3)).toEqual(["no answer", ...Array(99).fill("ok")]);
    expect(ends.join()).not.toContain("secret");
  }, 15_000);
});
