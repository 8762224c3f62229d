import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ControllerOptions, type ControllerPorts, runController } from "../../orchestrator/controller.ts";
import { Feed } from "../../orchestrator/feed.ts";
import { recordsOf } from "../../orchestrator/journal-lines.ts";
import type { Notice } from "../../orchestrator/ports.ts";
import type { JournalEntry } from "../../orchestrator/records.ts";
import { replay } from "../../orchestrator/replay.ts";
import { STOP_KEY, StopSwitch } from "../../orchestrator/stop-switch.ts";
import { Lease } from "../../orchestrator/store/lease.ts";
import type { Scenario } from "../../policies/contract/scenario.ts";
import { MemoryCloud } from "../doubles/memory-cloud.ts";
import { MemoryDisk } from "../doubles/memory-disk.ts";
import { MemoryStore } from "../doubles/memory-store.ts";
import { VirtualClock } from "../doubles/virtual-clock.ts";
import { oneMarket } from "./scripted-ports.ts";

const spec = {
  ...oneMarket,
  markets: ["z0", "z1"].map((zone) => ({ ...oneMarket.markets[0]!, zone, slots: 1 })),
};
const policy: Scenario = { scheduling: "even-spread", assignment: "earliest-node", failover: "drain" };
const market = ({ instanceType, region, zone, capacityType }: (typeof spec.markets)[number]) => ({
  instanceType,
  region,
  zone,
  capacityType,
});

let clock: VirtualClock;
let store: MemoryStore;
let cloud: MemoryCloud;
let notices: Feed<Notice>;
let ends: AbortController[];
beforeEach(() => {
  clock = new VirtualClock();
  store = new MemoryStore();
  cloud = new MemoryCloud(clock, "chat");
  notices = new Feed();
  ends = [];
});
afterEach(() => {
  for (const end of ends) end.abort();
});

/** A controller on a host of its own. */
class Host {
  readonly disk = new MemoryDisk();
  readonly alarms: string[] = [];
  readonly seen: JournalEntry[] = [];
  lease!: Lease;
  running: Promise<void> = Promise.resolve();
  end = new AbortController();

  begin(change: Partial<ControllerPorts> = {}, anew = false, runs: Partial<ControllerOptions["fleet"]> = {}): this {
    this.end = new AbortController();
    ends.push(this.end);
    this.lease = new Lease({ store, clock, holder: `host ${ends.length}`, ttlS: 60 });
    this.running = runController({
      ports: {
        clock,
        account: cloud,
        standby: cloud,
        balancer: cloud,
        engine: cloud,
        notices: [{ stream: (signal) => notices.read(signal) }],
        prices: {
          latest: async () => (runs.spec ?? spec).markets.map((each) => ({ market: market(each), priceUsdPerHour: 1 })),
        },
        lease: this.lease,
        store,
        disk: async () => this.disk.open(),
        ...change,
      },
      fleet: {
        name: "chat",
        spec,
        service: { name: "chat", replicas: 2 },
        policy,
        cadence: { onChange: true, everyS: 60 },
        ...runs,
      },
      renewS: 20,
      anew,
      see: (entry) => this.seen.push(entry),
      alarm: (what) => this.alarms.push(what),
      signal: this.end.signal,
    });
    this.running.catch(() => {});
    return this;
  }

  async stop(): Promise<void> {
    this.end.abort();
    await clock.until(this.running);
  }

  records() {
    return recordsOf(this.disk.open().lines(), this.disk.path);
  }
}

const of = (verb: string) => cloud.changes.filter((change) => change.startsWith(verb));

describe("the controller of a fleet", () => {
  it("launches, registers what answers requests, and ends by giving the lease back; its journal replays", async () => {
    const host = new Host().begin();
    await clock.advanceTo(49);
    expect(cloud.changes).toEqual(["launch z0", "launch z1"]);
    await clock.advanceTo(60);
    expect(cloud.targets).toEqual(new Set(["i-0", "i-1"]));
    await host.stop();
    expect(JSON.parse(store.objects.get("lease.json")!.text)).toMatchObject({ holder: null, epoch: 1 });
    const { difference, actions } = await replay(host.records());
    expect(difference).toBeUndefined();
    expect(actions).toBe(6); // two launches, placed, registered
    expect(host.alarms).toEqual([]);
  });

  it("at a notice stops traffic, launches a replacement, and ends the old one once its last requests are done", async () => {
    const host = new Host().begin();
    await clock.advanceTo(70);
    cloud.inFlight.set("i-0", 3);
    notices.put({ providerId: "i-0", reclaimS: 190 });
    await clock.advanceTo(71);
    expect(cloud.changes.slice(4).toSorted()).toEqual(["deregister i-0", "launch z0"]);
    await clock.advanceTo(90);
    expect(of("terminate")).toEqual([]);
    cloud.inFlight.set("i-0", 0);
    await clock.advanceTo(130);
    expect(cloud.targets).toEqual(new Set(["i-1", "i-2"]));
    expect(host.seen).toContainEqual({ kind: "fact", name: "drained", args: [0] });
    await host.stop();
  });

  it("that lets a replica go without a drain stops its traffic all the same", async () => {
    const host = new Host().begin({}, false, { policy: { ...policy, failover: "reroute" } });
    await clock.advanceTo(70);
    notices.put({ providerId: "i-0", reclaimS: 190 });
    await clock.advanceTo(72);
    expect(cloud.targets).toEqual(new Set(["i-1"]));
    await host.stop();
  });

  it("gives up on a replica whose server does not answer, half an hour after it was up, and launches another", async () => {
    cloud.engineS = Infinity;
    const host = new Host().begin();
    await clock.advanceTo(1815);
    expect(of("terminate")).toEqual([]);
    cloud.engineS = 30;
    cloud.hangs.add("i-0").add("i-1");
    await clock.advanceTo(1900);
    expect(of("terminate").toSorted()).toEqual(["terminate i-0", "terminate i-1"]);
    expect(cloud.targets).toEqual(new Set(["i-2", "i-3"]));
    await host.stop();
  });

  it("goes on where it stopped: on the same host from its disk, on another from the copy, with nothing launched twice", async () => {
    const host = new Host().begin();
    await clock.advanceTo(30); // both are launched and boot
    await host.stop();
    host.begin();
    await clock.advanceTo(45);
    await host.stop();
    const another = new Host().begin();
    await clock.advanceTo(70);
    expect(of("launch")).toHaveLength(2);
    expect(cloud.targets).toEqual(new Set(["i-0", "i-1"]));
    expect(another.lease.epoch).toBe(3);
    await another.stop();
    expect((await replay(another.records())).difference).toBeUndefined();
  });

  it("whose host is lost is replaced after a ttl, and what nobody knew any more is found by its tags", async () => {
    const host = new Host();
    // The answer to the second launch is never written down, and nobody gives the lease back: the host dies before.
    const launch = cloud.launch.bind(cloud);
    cloud.launch = async (request) => {
      const outcome = await launch(request);
      if (request.market.zone === "z0") return outcome;
      host.end.abort();
      return new Promise(() => {});
    };
    const write = store.write.bind(store);
    store.write = async (key, text, condition) =>
      text.includes('"holder":null') ? { ok: false } : write(key, text, condition);
    host.begin();
    await clock.advanceTo(10);
    const another = new Host().begin();
    await clock.advanceTo(60);
    expect(another.seen).toEqual([]);
    await clock.advanceTo(120);
    expect(of("launch")).toHaveLength(2);
    expect(cloud.targets).toEqual(new Set(["i-0", "i-1"]));
    expect(another.lease.epoch).toBe(2);
    await another.stop();
  });

  it("ends what it had given up for lost and finds alive, and nothing that is not tagged as its own", async () => {
    const host = new Host();
    const launch = cloud.launch.bind(cloud);
    cloud.launch = async (request) => {
      const outcome = await launch(request);
      return request.market.zone === "z0" ? { ok: false, reason: "lost", scope: "market" } : outcome;
    };
    host.begin();
    await clock.advanceTo(10);
    await host.stop();
    const { request, tags, ...strange } = cloud.all[0]!;
    cloud.all.push({
      ...strange,
      id: "i-strange",
      request: { ...request, clientToken: "other" },
      tags: { ...tags, fleet: "another" },
    });
    expect(cloud.live).toHaveLength(4);
    host.begin();
    await clock.advanceTo(20);
    expect(of("terminate")).toEqual(["terminate i-0"]);
    expect(cloud.live.map(({ id }) => id)).toEqual(["i-1", "i-2", "i-strange"]);
    await host.stop();
  });

  it("of another run adopts what runs and serves, and launches nothing in its place; the next one too, from its journal", async () => {
    const host = new Host().begin();
    await clock.advanceTo(70);
    await host.stop();
    host.begin({}, true);
    await clock.advanceTo(130);
    expect(of("launch")).toHaveLength(2);
    expect(of("terminate")).toEqual([]);
    expect(cloud.targets).toEqual(new Set(["i-0", "i-1"]));
    await host.stop();
    host.begin();
    await clock.advanceTo(140);
    notices.put({ providerId: "i-0", reclaimS: 260 });
    await clock.advanceTo(141);
    expect(cloud.changes.slice(-2).toSorted()).toEqual(["deregister i-0", "launch z0"]);
    await clock.advanceTo(230);
    expect(cloud.targets).toEqual(new Set(["i-1", "i-2"]));
    await host.stop();
    expect((await replay(host.records())).difference).toBeUndefined();
    expect(host.disk.superseded).toHaveLength(1);
  });

  it("leaves alone, and tells of, what another run left in a market that is not the fleet's any more", async () => {
    const host = new Host().begin();
    await clock.advanceTo(70);
    await host.stop();
    const { request } = cloud.all[0]!;
    cloud.all[0] = { ...cloud.all[0]!, request: { ...request, market: { ...request.market, zone: "z9" } } };
    host.begin({}, true);
    await clock.advanceTo(140);
    expect(host.alarms[0]).toMatch(/^i-0 is tagged as of this fleet, in a market that it does not have: left alone/);
    expect(of("launch")).toHaveLength(3);
    expect(of("terminate")).toEqual([]);
    await host.stop();
  });

  it("stops what is sent requests although it ended while nobody looked, and no target that is not its own", async () => {
    const host = new Host().begin();
    await clock.advanceTo(70);
    await host.stop();
    cloud.all[0]!.ended = "reclaimed";
    cloud.targets.add("i-strange");
    host.begin();
    await clock.advanceTo(72);
    expect(of("deregister")).toEqual(["deregister i-0"]);
    expect(cloud.targets).toContain("i-strange");
    await host.stop();
  });

  it("keeps stopped spares: stops what is ready to wait, starts it at a notice, and registers it when it answers again", async () => {
    const wrappers = [{ name: "with-standby", params: { warmSpot: 0, stoppedOnDemand: 1 } }];
    const onDemand = { ...spec.markets[0]!, capacityType: "onDemand" as const };
    const host = new Host().begin({}, false, {
      spec: { ...spec, markets: [...spec.markets, onDemand] },
      policy: { ...policy, wrappers },
    });
    await clock.advanceTo(100);
    const spare = cloud.all.find(({ request }) => request.market.capacityType === "onDemand")!;
    expect(of("stop")).toEqual([`stop ${spare.id}`]);
    expect(spare.stopped).toBe(true);
    const doomed = cloud.all.find(({ request }) => request.market.capacityType === "spot")!;
    notices.put({ providerId: doomed.id, reclaimS: 220 });
    await clock.advanceTo(101);
    expect(of("start")).toEqual([`start ${spare.id}`]);
    cloud.engineS = 300; // the replacement takes longer than the spare
    await clock.advanceTo(140);
    expect(cloud.targets).toContain(spare.id);
    expect(cloud.targets.size).toBe(2);
    await clock.advanceTo(500); // it has come, and the spare waits again
    expect(cloud.targets).not.toContain(spare.id);
    expect(spare.stopped).toBe(true);
    await host.stop();
    expect((await replay(host.records())).difference).toBeUndefined();
  });

  it("is one of two: the other waits, and takes over when the first gives the lease back", async () => {
    const [first, second] = [new Host().begin(), new Host().begin()];
    await clock.advanceTo(200);
    expect(of("launch")).toHaveLength(2);
    expect(second.seen).toEqual([]);
    await first.stop();
    await clock.advanceTo(230);
    expect(second.seen[0]).toEqual({ kind: "resumed", epoch: 2 });
    expect(of("launch")).toHaveLength(2);
    await second.stop();
  });

  it("that cannot renew its lease changes nothing from 10 s before its end on, and goes on when it has it again", async () => {
    const host = new Host().begin();
    await clock.advanceTo(70);
    const write = store.write.bind(store);
    store.write = async () => {
      throw new Error("the store does not answer");
    };
    await clock.advanceTo(115); // last renewed at 60, so held until 110
    const before = cloud.changes.length;
    notices.put({ providerId: "i-0", reclaimS: 235 });
    await clock.advanceTo(180);
    expect(cloud.changes).toHaveLength(before);
    expect(host.alarms).toContain("the lease is lost: this process acts no more until it has it again");
    store.write = write;
    await clock.advanceTo(300);
    expect(cloud.changes.slice(before, before + 2).toSorted()).toEqual(["deregister i-0", "launch z0"]);
    expect(host.lease.epoch).toBe(2);
    await host.stop();
  });

  it("leaves alone what was ours and is tagged otherwise now, but stops its traffic only if the tag cannot be read", async () => {
    const host = new Host().begin();
    await clock.advanceTo(70);
    cloud.all[0]!.tags = {};
    notices.put({ providerId: "i-0", reclaimS: 190 });
    const ownerOf = cloud.ownerOf.bind(cloud);
    cloud.ownerOf = async (id) => (id === "i-1" ? "unknown" : ownerOf(id));
    notices.put({ providerId: "i-1", reclaimS: 190 });
    await clock.advanceTo(180);
    expect(of("deregister")).toEqual(["deregister i-1"]);
    expect(of("terminate")).toEqual([]);
    expect(host.alarms).toContain("i-0 is not tagged as of this fleet: left alone");
    await host.stop();
  });

  it("that an operator has stopped launches nothing and lets drains finish, and goes on when that is lifted", async () => {
    const stop = new StopSwitch({ file: "no such file", store, clock, alarm: () => {} });
    const host = new Host().begin({ stop });
    await clock.advanceTo(70);
    await store.write(STOP_KEY, "launches", "absent");
    await clock.advanceTo(80);
    notices.put({ providerId: "i-0", reclaimS: 200 });
    await clock.advanceTo(150);
    expect(of("launch")).toHaveLength(2);
    expect(of("deregister")).toEqual(["deregister i-0"]);
    expect(host.seen).toContainEqual({ kind: "fact", name: "drained", args: [0] });
    const refusals = host.seen.filter((entry) => JSON.stringify(entry).includes("StopActing"));
    expect(refusals.length).toBeGreaterThan(0);
    await store.write(STOP_KEY, "no", store.objects.get(STOP_KEY)!);
    await clock.advanceTo(250);
    expect(of("launch")).toHaveLength(3);
    await host.stop();
    expect((await replay(host.records())).difference).toBeUndefined();
  });
});
