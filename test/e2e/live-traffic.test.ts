import { X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { runController } from "../../orchestrator/controller.ts";
import { Door } from "../../orchestrator/door/door.ts";
import { FileDisk } from "../../orchestrator/journal-disk.ts";
import { recordsOf } from "../../orchestrator/journal-lines.ts";
import type { JournalEntry } from "../../orchestrator/records.ts";
import { replay } from "../../orchestrator/replay.ts";
import { Lease } from "../../orchestrator/store/lease.ts";
import { SystemClock } from "../../orchestrator/system-clock.ts";
import { describeHaproxy, Haproxy } from "../doubles/haproxy.ts";
import { MemoryStore } from "../doubles/memory-store.ts";
import { NodeCloud } from "../doubles/node-cloud.ts";
import { Certificates, describeOpenssl } from "../support/certificates.ts";

// Goal: traffic through a real balancer loses nothing when an instance is taken back. Method: HAProxy; two model servers that stream over
// HTTP, each with the real agent as a process; the real controller, which hears of the notice from the agent at its door, over TLS. Clients
// stream all the time, each request for a little more than a second, and count every token.

const account = "123456789012";
const region = "us-east-1";
const TOKENS = 25;

/** What became of one request. */
interface Stream {
  readonly beganMs: number;
  readonly tokens: number;
  readonly done: boolean;
  readonly why?: string;
}

async function stream(url: string): Promise<Stream> {
  const beganMs = Date.now();
  let text = "";
  try {
    const body = JSON.stringify({ model: "m", prompt: "a", max_tokens: TOKENS, stream: true });
    const response = await fetch(`${url}/v1/completions`, { method: "POST", body });
    if (response.status !== 200) return { beganMs, tokens: 0, done: false, why: `HTTP ${response.status}` };
    for await (const part of response.body! as AsyncIterable<Uint8Array>) text += Buffer.from(part).toString();
  } catch (error) {
    return { beganMs, tokens: text.split('"text"').length - 1, done: false, why: String(error) };
  }
  return { beganMs, tokens: text.split('"text"').length - 1, done: text.endsWith("data: [DONE]\n\n") };
}

describeOpenssl("traffic", () => {
  describeHaproxy("through HAProxy", () => {
    const over = new AbortController();
    const clock = new SystemClock();
    const store = new MemoryStore();
    const folder = mkdtempSync(join(tmpdir(), "traffic-"));
    const journal = join(folder, "run.ndjson");
    const seen: { readonly atMs: number; readonly entry: JournalEntry }[] = [];
    const alarms: string[] = [];
    let made: Certificates;
    let door: Door;
    let cloud: NodeCloud;
    let haproxy: Haproxy;
    let controller: Promise<void>;
    const streams: Stream[] = [];
    const clients: Promise<void>[] = [];
    let clientsGo = true;

    beforeAll(async () => {
      made = new Certificates();
      const tls = made.pair("door");
      const ca = join(folder, "ca.pem");
      writeFileSync(ca, tls.cert);
      door = new Door({
        certificate: new X509Certificate(made.pair("aws").cert),
        account,
        region,
        held: async (providerId) => (await cloud.describe()).find((each) => each.providerId === providerId),
        clock,
        store,
        fleetSize: () => cloud.nodes.length,
        tls,
        host: "127.0.0.1",
        port: 0,
        alarm: (what) => alarms.push(what),
      });
      const sign = (document: string) => made.signed("aws", document);
      const url = await door.listen();
      cloud = new NodeCloud({ clock, sign, account, region, door: { url, ca }, readyMs: 1_000 });
      haproxy = await Haproxy.start((id) => cloud.targetOf(id));
      const market = { instanceType: "g.x", region, zone: "z", capacityType: "spot" } as const;
      const never = async (): Promise<never> => {
        throw new Error("no spares here");
      };
      controller = runController({
        ports: {
          clock,
          account: cloud,
          standby: { start: never, stop: never },
          balancer: haproxy,
          notices: [door],
          engine: cloud,
          prices: { latest: async () => [{ market, priceUsdPerHour: 1 }] },
          lease: new Lease({ store, clock, holder: "host", ttlS: 60 }),
          store,
          disk: () => FileDisk.open(journal, "a", (warning) => alarms.push(warning)),
        },
        fleet: {
          name: "chat",
          spec: {
            markets: [{ ...market, slots: 1, gpuMemoryMiB: 1, networkMiBPerS: 1 }],
            launch: { answerS: 1, bootS: 1, warmS: 1, warmAgainS: 1 },
          },
          service: { name: "chat", replicas: 2 },
          policy: { scheduling: "even-spread", assignment: "earliest-node", failover: "drain" },
          cadence: { onChange: true },
        },
        renewS: 20,
        see: (entry) => seen.push({ atMs: Date.now(), entry }),
        alarm: (what) => alarms.push(what),
        signal: over.signal,
      });
      controller.catch((error: unknown) => alarms.push(String(error)));
    }, 30_000);
    afterAll(async () => {
      clientsGo = false;
      over.abort();
      await Promise.allSettled([controller, ...clients]);
      await haproxy.stop();
      await cloud.stop();
      await door.close();
      made.remove();
      rmSync(folder, { recursive: true });
    });

    const isUp = async (id: string) => (await haproxy.statusOf(id)).startsWith("UP");
    const becomes = (what: () => boolean | Promise<boolean>, withinS: number) =>
      expect.poll(what, { timeout: withinS * 1000, interval: 100 }).toBe(true);
    const idOf = (n: number) => cloud.nodes[n]!.id;

    it("loses no request and no token while a notice arrives and the replacement takes over", async () => {
      await becomes(async () => cloud.nodes.length === 2 && (await isUp(idOf(0))) && (await isUp(idOf(1))), 20);
      await becomes(() => door.agents === 2, 10);
      for (let client = 0; client < 6; client++) {
        clients.push(
          (async () => {
            while (clientsGo) streams.push(await stream(haproxy.url));
          })(),
        );
      }
      await becomes(() => streams.length > 12, 20);
      expect(cloud.nodes[0]!.engine.running).toBeGreaterThan(0);
      const noticedMs = Date.now();
      const reclaimed = cloud.reclaim(idOf(0), 20);
      await becomes(async () => cloud.nodes.length === 3 && (await isUp(idOf(2))), 20);
      await becomes(() => cloud.nodes[0]!.ended !== undefined, 30);
      await becomes(() => cloud.nodes[2]!.engine.arrivedMs.length > 3, 10);

      const call = (what: string) =>
        seen.find(
          ({ atMs, entry }) =>
            atMs >= noticedMs &&
            entry.kind === "intent" &&
            entry.what.do === what &&
            (!("providerId" in entry.what) || entry.what.providerId === idOf(0)),
        )!.atMs;
      // From the metadata service, over the agent's second and its door, to the balancer: and nothing new arrives from then on.
      expect(call("deregister") - noticedMs).toBeLessThan(4_000);
      expect(call("launch") - noticedMs).toBeLessThan(4_000);
      expect(Math.max(...cloud.nodes[0]!.engine.arrivedMs) - call("deregister")).toBeLessThan(500);
      // It was drained in time, and left to EC2, which charges nothing for an hour that it breaks; it took nothing with it.
      expect([cloud.nodes[0]!.ended, cloud.nodes[0]!.cut]).toEqual(["reclaimed", 0]);
      expect(seen.map(({ entry }) => entry)).toContainEqual({ kind: "fact", name: "drained", args: [0] });
      clientsGo = false;
      await Promise.all(clients);
      await reclaimed;
      expect(streams.filter(({ tokens, done }) => tokens !== TOKENS || !done)).toEqual([]);
      expect(streams.length).toBeGreaterThan(30);
      expect(alarms).toEqual([]);
    }, 90_000);

    it("stops the traffic of an instance under notice by its agent alone, when the controller is gone (fault 28)", async () => {
      over.abort();
      await controller;
      const { difference, actions } = await replay(recordsOf(await linesOf(journal), journal));
      expect([difference, actions > 4]).toEqual([undefined, true]);
      const noticedMs = Date.now();
      streams.length = 0;
      clientsGo = true;
      const client = (async () => {
        while (clientsGo) streams.push(await stream(haproxy.url));
      })();
      await setTimeout(300);
      void cloud.reclaim(idOf(1), 8);
      await becomes(async () => !(await isUp(idOf(1))), 5);
      const downMs = Date.now();
      await becomes(() => cloud.nodes[1]!.ended === "reclaimed", 12);
      clientsGo = false;
      await client;
      expect(downMs - noticedMs).toBeLessThan(5_000);
      expect(cloud.nodes[1]!.cut).toBe(0);
      expect(Math.max(...cloud.nodes[1]!.engine.arrivedMs)).toBeLessThan(downMs + 200);
      expect(streams.filter(({ tokens, done }) => tokens !== TOKENS || !done)).toEqual([]);
      expect(streams.length).toBeGreaterThan(3);
    }, 60_000);
  });
});

async function linesOf(path: string): Promise<AsyncIterable<Buffer>> {
  const { wholeLines } = await import("../../orchestrator/journal-disk.ts");
  return wholeLines(path, () => {});
}
