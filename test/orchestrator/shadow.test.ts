import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { RunInstancesCommand, TerminateInstancesCommand } from "@aws-sdk/client-ec2";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ec2Client } from "../../orchestrator/aws/ec2-capacity.ts";
import { readFleet } from "../../orchestrator/fleet-file.ts";
import { FleetStory } from "../../orchestrator/fleet-story.ts";
import { readJournal } from "../../orchestrator/journal.ts";
import { replay } from "../../orchestrator/replay.ts";
import { refuseChanges, runShadow, ShadowError } from "../../orchestrator/shadow.ts";
import { FakeEc2 } from "../doubles/fake-ec2.ts";
import { describeMoto, Moto } from "../doubles/moto.ts";
import { start } from "../support/command.ts";

process.env.AWS_ACCESS_KEY_ID = "AKIATESTTESTTESTTEST";
process.env.AWS_SECRET_ACCESS_KEY = "very-secret-words";

const FLEET = `fleet: chat
region: us-east-1
markets:
  - { instanceType: g5.xlarge, zones: [us-east-1a, us-east-1b], capacityTypes: [spot, onDemand] }
service: { name: chat, replicas: 2 }
policy:
  scheduling: { name: spot-hedge, params: { extraReplicas: 1 } }
  wrappers: [{ name: with-capacity-memory }]
  assignment: earliest-node
  caps: { instances: 6 }
cadence: { onChange: true, everyS: 1 }
launch: { answerS: 0.1, bootS: 0.2, warmS: 0.2, warmAgainS: 0.1 }
pricesEveryS: 1
`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "shadow-"));
  writeFileSync(join(folder, "fleet.yaml"), FLEET);
});
afterEach(() => rmSync(folder, { recursive: true }));

async function shadow(endpoint: string, seconds: number) {
  const journal = join(folder, "run.ndjson");
  const lines: string[] = [];
  await runShadow({
    fleet: readFleet(join(folder, "fleet.yaml")),
    journal,
    endpoint,
    signal: AbortSignal.timeout(seconds * 1000),
    log: (line) => lines.push(line),
  });
  const replayed = await replay(readJournal(journal, (warning) => expect.unreachable(warning)));
  return { journal, lines, replayed };
}

const prices = (usd: string, zone: string) => ({ type: "g5.xlarge", zone, usd, time: "2026-11-23T07:30:00Z" });

describe("a loop that only watches", () => {
  it("decides at the prices it reads, and its journal replays byte for byte", async () => {
    const ec2 = await new FakeEc2().start();
    ec2.prices.push(prices("0.41", "us-east-1a"), prices("0.39", "us-east-1b"));
    const { journal, replayed } = await shadow(ec2.url, 3);
    await ec2.stop();
    expect(replayed.difference).toBeUndefined();
    expect(replayed.actions).toBeGreaterThan(4);
    expect(readFileSync(journal, "utf8")).toContain('"name":"price","args":[2,0.39]');
  });

  it("sends nothing that changes an account, whatever happens to what it sends (fault 21)", async () => {
    const ec2 = await new FakeEc2().start();
    ec2.prices.push(prices("0.41", "us-east-1a"));
    ec2.faults.set("DescribeSpotPriceHistory", [
      { code: "RequestLimitExceeded", status: 503 },
      "reset",
      { code: "InternalError", status: 500 },
      { code: "UnauthorizedOperation", status: 403 },
    ]);
    const { replayed, lines } = await shadow(ec2.url, 5);
    await ec2.stop();
    expect(replayed.asks).toBeGreaterThan(0);
    expect(ec2.calls.length).toBeGreaterThan(2);
    // No more than the page says that a role must allow.
    const page = readFileSync(new URL("../../docs/live.md", import.meta.url), "utf8");
    const allowed = /"Action": "ec2:(\w+)"/.exec(page)?.[1];
    expect(new Set(ec2.calls.map((call) => call.get("Action")))).toEqual(new Set([allowed]));
    expect(allowed).toMatch(/^Describe/);
    expect(lines.join("")).not.toMatch(/very-secret-words|AKIATESTTESTTESTTEST/);
  });

  it("has a client that refuses to change anything, whoever asks it", async () => {
    const ec2 = await new FakeEc2().start();
    const client = await ec2Client("us-east-1", ec2.url);
    refuseChanges(client);
    await expect(client.send(new TerminateInstancesCommand({ InstanceIds: ["i-1"] }))).rejects.toThrow(ShadowError);
    const launch = new RunInstancesCommand({ MinCount: 1, MaxCount: 1 });
    await expect(client.send(launch)).rejects.toThrow("RunInstances changes the account, and this loop only watches");
    expect(ec2.calls).toEqual([]);
    await ec2.stop();
  });
});

/** Spot is ready, and the on-demand instances that stood in for it have gone. */
async function isSettled(journal: string): Promise<boolean> {
  const story = new FleetStory();
  try {
    for await (const { entry } of readJournal(journal, () => {})) story.see(entry);
  } catch {
    return false; // nothing is there yet
  }
  return story.readyReplicas === 3 && story.instances.size === 3;
}

describeMoto("a loop that only watches moto", () => {
  it("runs, is seen by status, replay and export, and what it saw can be imported as a trace", async () => {
    const moto = await Moto.start();
    const [fleet, journal, out] = ["fleet.yaml", "run.ndjson", "prices.json"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    const orchestrate = (...args: string[]) => start("orchestrator/main.ts", args).ended;
    const { child, ended } = start("orchestrator/main.ts", [
      "shadow",
      fleet,
      "--journal",
      journal,
      "--endpoint",
      moto.url,
    ]);
    while (!(await isSettled(journal))) await setTimeout(200);
    child.kill("SIGTERM");
    const ran = await ended;
    await moto.stop();
    expect(ran).toMatchObject({ code: 0, out: "" });
    expect(ran.err).not.toMatch(/very-secret-words|AKIATESTTESTTESTTEST/);
    for (const line of ran.err.trim().split("\n")) expect(JSON.parse(line)).toMatchObject({ fleet: "chat" });
    const status = await orchestrate("status", journal);
    expect(status.out).toMatch(/^run chat\/.*\nreplicas: 3 ready of 2 wanted\ninstances: 3 of at most 6/);
    expect((await orchestrate("replay", journal)).out).toContain(": byte-equal");
    expect((await orchestrate("export", journal, "--out", out)).out).toBe(`4 prices written: ${out}\n`);
    const imported = await start("experiments/traces.ts", ["import", out]).ended;
    expect(imported).toMatchObject({ code: 0 });
    expect(imported.out + imported.err).toContain("g5.xlarge");
    // Nothing is written over.
    expect(await orchestrate("shadow", fleet, "--journal", journal, "--endpoint", moto.url)).toMatchObject({ code: 2 });
    expect(await orchestrate("export", journal, "--out", out)).toMatchObject({ code: 2 });
  }, 60_000);
});
