import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { expect, it } from "vitest";
import { FakeEc2 } from "../doubles/fake-ec2.ts";
import { Routes } from "../doubles/routes.ts";
import { scratchFolder } from "../experiments/support/studies.ts";
import { start } from "../support/command.ts";
import { freePort } from "../support/redis.ts";

const SECRETS = {
  AWS_ACCESS_KEY_ID: "AKIAPLANTEDPLANTED00",
  AWS_SECRET_ACCESS_KEY: "planted-secret-access-key",
  AWS_SESSION_TOKEN: "planted-session-token",
};
const HOOK_PATH = "/services/planted-webhook-secret";

it("no secret that a loop is given comes out of it: logs, journal, metrics, page, webhook, or what a broken request says", async () => {
  const folder = scratchFolder();
  const ec2 = await new FakeEc2().start();
  const hook = await new Routes().start();
  hook.routes.set(`POST ${HOOK_PATH}`, [{ status: 500 }, "reset", { status: 404 }]);
  ec2.prices.push({ type: "g5.xlarge", zone: "us-east-1a", usd: "0.41", time: "2026-11-23T07:30:00Z" });
  ec2.faults.set("DescribeSpotPriceHistory", [
    { code: "AuthFailure", status: 401 },
    "reset",
    { code: "UnauthorizedOperation", status: 403 },
  ]);
  writeFileSync(
    join(folder, "fleet.yaml"),
    `fleet: chat
region: us-east-1
markets: [{ instanceType: g5.xlarge, zones: [us-east-1a] }]
service: { name: chat, replicas: 2 }
policy: { scheduling: even-spread, assignment: earliest-node, caps: { instances: 1 } }
cadence: { onChange: true, everyS: 1 }
pricesEveryS: 1
webhook: { events: [start, capped, alarm] }
`,
  );
  const port = await freePort();
  const journal = join(folder, "run.ndjson");
  const { child, ended } = start(
    "orchestrator/main.ts",
    ["shadow", join(folder, "fleet.yaml"), "--journal", journal, "--port", `${port}`, "--endpoint", ec2.url],
    { env: { ...SECRETS, SYNKTI_WEBHOOK_URL: `${hook.url}${HOOK_PATH}` } },
  );
  const seen: string[] = [];
  // Until what is to come out has been there: a launch held back, failures of calls and of the webhook.
  const awaited = [
    'result="HTTP 404"',
    'code="UnauthorizedOperation"',
    'synkti_launches_capped_total{cap="instances"}',
  ];
  for (let tries = 0; !awaited.every((text) => seen.at(-1)?.includes(text)); tries++) {
    expect(tries).toBeLessThan(150);
    await setTimeout(100);
    const got = await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined);
    if (got === undefined) continue;
    seen.push(await got.text(), await (await fetch(`http://127.0.0.1:${port}/metrics`)).text());
  }
  child.kill("SIGTERM");
  const { code, out, err } = await ended;
  await ec2.stop();
  await hook.stop();
  expect(code).toBe(0);
  expect(err).toContain("UnauthorizedOperation");
  // The client was given them: requests are signed by the key's id, which goes nowhere else.
  expect(ec2.calls.length).toBeGreaterThan(2);
  expect(hook.requests.length).toBeGreaterThan(2);
  const all = [out, err, readFileSync(journal, "utf8"), ...seen, ...hook.requests.map(({ body }) => body)].join("\n");
  for (const secret of [...Object.values(SECRETS), "planted-webhook-secret"]) expect(all).not.toContain(secret);

  const without = start("orchestrator/main.ts", ["shadow", join(folder, "fleet.yaml"), "--journal", `${journal}2`], {
    env: { SYNKTI_WEBHOOK_URL: "planted-webhook-secret" },
  });
  const refused = await without.ended;
  expect([refused.code, refused.out]).toEqual([2, ""]);
  expect(refused.err).toContain("WebhookError: SYNKTI_WEBHOOK_URL is no address");
  expect(refused.err).not.toContain("planted");
}, 60_000);
