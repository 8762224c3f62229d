import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Imds, ImdsError, secondsLeft } from "../../../orchestrator/node/imds.ts";
import { type Route, Routes } from "../../doubles/routes.ts";
import { VirtualClock } from "../../doubles/virtual-clock.ts";

const TOKEN = "PUT /latest/api/token";
const ACTION = "GET /latest/meta-data/spot/instance-action";
const REBALANCE = "GET /latest/meta-data/events/recommendations/rebalance";
const notice = (time: string, action = "terminate"): Route => ({
  text: JSON.stringify({ action, time }),
  headers: { date: "Mon, 23 Nov 2026 08:00:00 GMT" },
});

let server: Routes;
let clock: VirtualClock;
let imds: Imds;
beforeEach(async () => {
  server = await new Routes().start();
  server.routes.set(TOKEN, { text: "t-1" });
  clock = new VirtualClock(); // 08:00:00
  imds = new Imds(clock, server.url);
});
afterEach(() => server.stop());

describe("the metadata service", () => {
  it("announces nothing with 404, and an interruption with the time that is left", async () => {
    expect(await imds.interruption()).toBeUndefined();
    server.routes.set(ACTION, notice("2026-11-23T08:01:48Z"));
    expect(await imds.interruption()).toMatchObject({ action: "terminate", leftS: 108 });
    expect(await imds.rebalanceRecommended()).toBe(false);
    server.routes.set(REBALANCE, { text: '{"noticeTime":"2026-11-23T08:00:00Z"}' });
    expect(await imds.rebalanceRecommended()).toBe(true);
  });

  it("is asked with a token, which holds for an hour and is renewed before it ends", async () => {
    await imds.interruption();
    await imds.interruption();
    expect(server.count(TOKEN)).toBe(1);
    expect(server.requests[0]!.headers["x-aws-ec2-metadata-token-ttl-seconds"]).toBe("3600");
    expect(server.requests[1]!.headers["x-aws-ec2-metadata-token"]).toBe("t-1");
    await clock.advanceTo(3590);
    server.routes.set(TOKEN, { text: "t-2" });
    await imds.interruption();
    expect(server.requests.at(-1)!.headers["x-aws-ec2-metadata-token"]).toBe("t-2");
  });

  it("that has forgotten the token (401) is asked for a new one, once", async () => {
    server.routes.set(ACTION, [{ status: 401 }, notice("2026-11-23T08:02:00Z")]);
    expect(await imds.interruption()).toMatchObject({ leftS: 120 });
    server.routes.set(ACTION, { status: 401 });
    await expect(imds.interruption()).rejects.toThrow("HTTP 401");
    expect(server.count(TOKEN)).toBe(3);
  });

  it("is asked three times when it fails, and never by version 1", async () => {
    server.routes.set(ACTION, [{ status: 503 }, "reset", notice("2026-11-23T08:02:00Z")]);
    expect(await imds.interruption()).toMatchObject({ leftS: 120 });
    server.routes.set(TOKEN, { status: 403 });
    await expect(new Imds(clock, server.url).interruption()).rejects.toThrow("switched off for this instance");
    expect(
      server.requests.filter(({ headers, what }) => what !== TOKEN && !headers["x-aws-ec2-metadata-token"]),
    ).toEqual([]);
  });

  it.each([
    ["fails (500)", { status: 500 }],
    ["forbids (403)", { status: 403 }],
    ["breaks off", "reset"],
    ["hangs, as for a bridged container", "hang"],
    ["sends what is no JSON", { text: "<xml/>" }],
    ["sends null", { text: "null" }],
    ["names an action that we do not know", notice("2026-11-23T08:02:00Z", "explode")],
    ["names no time", { text: '{"action":"terminate"}' }],
  ] as const)(
    "is unknown, and not silent, when it %s",
    async (_, route) => {
      server.routes.set(ACTION, route);
      await expect(imds.interruption()).rejects.toThrow(ImdsError);
    },
    10_000,
  );
});

describe("the time that is left", () => {
  const at = Date.parse("2026-11-23T08:02:00Z");
  const now = Date.parse("2026-11-23T08:00:00Z");
  it("is never more than two minutes, and never below none", () => {
    expect(secondsLeft(at + 60_000, now, undefined)).toBe(120);
    expect(secondsLeft(now - 5_000, now, now)).toBe(0);
  });

  it("is the smaller one when our clock and EC2's differ by more than 2 s, either way (fault 9)", () => {
    expect(secondsLeft(at, now, now + 30_000)).toBe(90);
    expect(secondsLeft(at, now + 30_000, now)).toBe(90);
    expect(secondsLeft(at, now + 1_500, now)).toBe(118.5);
    expect(secondsLeft(at, now, now + 1_500)).toBe(120);
  });
});
