import { expect, it } from "vitest";
import { runController } from "../../orchestrator/controller.ts";
import { Feed } from "../../orchestrator/feed.ts";
import type { Notice } from "../../orchestrator/ports.ts";
import { Lease } from "../../orchestrator/store/lease.ts";
import { MemoryCloud } from "../doubles/memory-cloud.ts";
import { MemoryDisk } from "../doubles/memory-disk.ts";
import { MemoryStore } from "../doubles/memory-store.ts";
import { VirtualClock } from "../doubles/virtual-clock.ts";
import { oneMarket } from "./scripted-ports.ts";

const INSTANCES = 1_000;
const NOTICES = 100;

it("a fleet of a thousand decides on a hundred notices at once within a second of CPU, and stops their traffic within a second", async () => {
  const spec = { ...oneMarket, markets: [{ ...oneMarket.markets[0]!, slots: 1 }] };
  const { instanceType, region, zone, capacityType } = spec.markets[0]!;
  const clock = new VirtualClock();
  const cloud = new MemoryCloud(clock, "chat");
  const [store, disk, notices, over] = [new MemoryStore(), new MemoryDisk(), new Feed<Notice>(), new AbortController()];
  /** Of the process, as the first ask with the notices begins and ends: from the facts on the disk to the decisions on it. */
  let before: NodeJS.CpuUsage | undefined;
  let decidedMs = 0;
  const running = runController({
    ports: {
      ...{ clock, account: cloud, standby: cloud, balancer: cloud, engine: cloud, store },
      notices: [{ stream: (signal) => notices.read(signal) }],
      prices: {
        latest: async () => [{ market: { instanceType, region, zone, capacityType }, priceUsdPerHour: 1 }],
      },
      lease: new Lease({ store, clock, holder: "test", ttlS: 600 }),
      disk: async () => disk.open(),
    },
    fleet: {
      name: "chat",
      spec,
      service: { name: "chat", replicas: INSTANCES },
      policy: { scheduling: "even-spread", assignment: "earliest-node", failover: "drain" },
      cadence: { onChange: true, everyS: 60 },
    },
    renewS: 200,
    see: (entry) => {
      if (entry.kind !== "ask" || before === undefined || decidedMs > 0 || entry.actions.length === 0) return;
      const { user, system } = process.cpuUsage(before);
      decidedMs = (user + system) / 1000;
    },
    alarm: (what) => expect.unreachable(what),
    signal: over.signal,
  });
  await clock.advanceTo(90);
  expect(cloud.targets.size).toBe(INSTANCES);
  const doomed = [...cloud.targets].slice(0, NOTICES);
  before = process.cpuUsage();
  for (const providerId of doomed) notices.put({ providerId, reclaimS: 210 });
  await clock.advanceTo(91);
  for (const providerId of doomed) expect(cloud.targets).not.toContain(providerId);
  expect(cloud.all).toHaveLength(INSTANCES + NOTICES);
  console.log(`${INSTANCES} instances, ${NOTICES} notices at once: decided in ${decidedMs.toFixed(0)} ms of CPU`);
  expect(decidedMs).toBeGreaterThan(0);
  expect(decidedMs).toBeLessThan(1_000);
  over.abort();
  await clock.until(running);
}, 60_000);
