import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { runController } from "../../orchestrator/controller.ts";
import { Feed } from "../../orchestrator/feed.ts";
import { readFleet } from "../../orchestrator/fleet-file.ts";
import type { Notice } from "../../orchestrator/ports.ts";
import { Lease } from "../../orchestrator/store/lease.ts";
import { type Stage, staged } from "../../policies/manifest/stage.ts";
import { MemoryCloud } from "../doubles/memory-cloud.ts";
import { MemoryDisk } from "../doubles/memory-disk.ts";
import { MemoryStore } from "../doubles/memory-store.ts";
import { VirtualClock } from "../doubles/virtual-clock.ts";
import { start } from "../support/command.ts";
import { writeManifestFor } from "../support/live-account.ts";

const FLEET = `fleet: chat
region: us-east-1
markets: [{ instanceType: g5.xlarge, zones: [us-east-1a, us-east-1b] }]
service: { name: chat, replicas: 2 }
policy:
  scheduling: even-spread
  wrappers: [{ name: with-capacity-memory }]
  assignment: earliest-node
  failover: drain
  caps: { instances: 4 }
cadence: { onChange: true, everyS: 600 }
`;

let folder: string;
const at = (name: string) => join(folder, name);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "stage-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(at("fleet.yaml"), FLEET);
});
const orchestrate = (...args: string[]) => start("orchestrator/main.ts", args).ended;
const promoteStage = (manifest: string, journal: string, out: string) =>
  orchestrate(
    ...["promote-stage", at(manifest), "--fleet", at("fleet.yaml")],
    ...["--journal", at(journal), "--out", at(out)],
  );

/** What a controller writes in so many hours of a stage, with an interruption in each sixth of them. */
async function writeJournal(stage: Stage, hours: number, path: string): Promise<void> {
  const { file, spec } = readFleet(at("fleet.yaml"));
  const clock = new VirtualClock();
  const cloud = new MemoryCloud(clock, "chat");
  cloud.pollS = 300;
  const [store, disk, notices, over] = [new MemoryStore(), new MemoryDisk(), new Feed<Notice>(), new AbortController()];
  const prices = spec.markets.map(({ instanceType, region, zone, capacityType }) => ({
    market: { instanceType, region, zone, capacityType },
    priceUsdPerHour: 0.4,
  }));
  const running = runController({
    ports: {
      ...{ clock, account: cloud, standby: cloud, balancer: cloud, engine: cloud, store },
      notices: [{ stream: (signal) => notices.read(signal) }],
      prices: { latest: async () => prices },
      lease: new Lease({ store, clock, holder: "test", ttlS: 600 }),
      disk: async () => disk.open(),
    },
    fleet: { name: "chat", spec, ...staged(stage, file), cadence: file.cadence },
    stage,
    renewS: 200,
    alarm: (what) => expect.unreachable(what),
    signal: over.signal,
  });
  for (let part = 1; part <= 6; part++) {
    await clock.advanceTo((hours * 3600 * part) / 6);
    const { id } = cloud.live[0]!;
    notices.put({ providerId: id, reclaimS: clock.nowS() + 120 });
  }
  await clock.advanceTo(hours * 3600 + 30);
  over.abort();
  await clock.until(running);
  writeFileSync(path, disk.text);
}

describe("the next stage", () => {
  it("is written on a day's journal of the present one, with its evidence: shadow, canary, full", async () => {
    await writeManifestFor(at("fleet.yaml"), "shadow", at("shadow.json"));
    await writeJournal("shadow", 25, at("shadow.ndjson"));
    await writeJournal("canary", 25, at("canary.ndjson"));
    const first = await promoteStage("shadow.json", "shadow.ndjson", "canary.json");
    expect(first, first.err).toMatchObject({ code: 0 });
    expect(first.out).toContain("chat may run as canary until ");
    const second = await promoteStage("canary.json", "canary.ndjson", "full.json");
    expect(second, second.err).toMatchObject({ code: 0 });
    const { stage, evidence } = JSON.parse(readFileSync(at("full.json"), "utf8"));
    expect(stage).toBe("full");
    expect(evidence.map((each: { stage: string }) => each.stage)).toEqual(["shadow", "canary"]);
    expect(evidence[1]).toMatchObject({ notices: 6 });
    expect(evidence[1].hours).toBeCloseTo(25, 0);
    const verified = await orchestrate("verify-manifest", at("full.json"), "--fleet", at("fleet.yaml"));
    expect(verified.out).toContain("stage full");

    // Not on the journal of another stage, and there is none after the last.
    const again = await promoteStage("canary.json", "shadow.ndjson", "none.json");
    expect(again.code).toBe(2);
    expect(again.err).toContain("scenario: the journal is of another one");
    expect(again.err).toContain("it is the journal of shadow, the manifest's stage is canary");
    expect((await promoteStage("full.json", "canary.ndjson", "none.json")).err).toContain("full is the last");
  }, 90_000);

  it("is not written on the journal of an hour, or on one that was changed", async () => {
    await writeManifestFor(at("fleet.yaml"), "shadow", at("shadow.json"));
    await writeJournal("shadow", 1, at("hour.ndjson"));
    const early = await promoteStage("shadow.json", "hour.ndjson", "none.json");
    expect(early.code).toBe(2);
    expect(early.err).toContain("hours are 0.9, canary needs 24; let it run on");
    writeFileSync(
      at("changed.ndjson"),
      readFileSync(at("hour.ndjson"), "utf8").replace("reclaimNotice", "reclaimnotice"),
    );
    const changed = await promoteStage("shadow.json", "changed.ndjson", "none.json");
    expect(changed.code).toBe(2);
    expect(changed.err).toContain("is not as it was written");
  }, 60_000);
});
