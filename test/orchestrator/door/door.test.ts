import { generateKeyPairSync, sign, X509Certificate } from "node:crypto";
import { request } from "node:https";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { Door, type DoorOptions } from "../../../orchestrator/door/door.ts";
import { signedHello, signedSaying } from "../../../orchestrator/door/words.ts";
import { Controller } from "../../../orchestrator/node/controller.ts";
import type { Held, Notice } from "../../../orchestrator/ports.ts";
import { MemoryStore } from "../../doubles/memory-store.ts";
import { Certificates, describeOpenssl, type Pair } from "../../support/certificates.ts";

const account = "123456789012";
const region = "us-east-1";
const LAUNCHED = "2026-11-23T08:00:00Z";
const ID = "i-0123456789abcdef0";
const about = (changes: object = {}) =>
  JSON.stringify({
    accountId: account,
    region,
    instanceId: ID,
    privateIp: "10.0.0.7",
    pendingTime: LAUNCHED,
    imageId: "ami-1",
    version: "2017-09-30",
    ...changes,
  });

describeOpenssl("the door", () => {
  let made: Certificates;
  let tls: Pair;
  let another: Pair;
  let aws: X509Certificate;
  beforeAll(() => {
    made = new Certificates();
    tls = made.pair("door");
    another = made.pair("another");
    aws = new X509Certificate(made.pair("aws").cert);
  });
  afterAll(() => made.remove());

  let nowS: number;
  let fleet: Map<string, Partial<Held>>;
  let store: MemoryStore;
  let alarms: string[];
  let refused: string[];
  let heard: Notice[];
  let doors: Door[];
  const over = new AbortController();
  const openDoor = async (changes: Partial<DoorOptions> = {}) => {
    const door = new Door({
      certificate: aws,
      account,
      region,
      held: async (providerId) => fleet.get(providerId) as Held | undefined,
      clock: { nowS: () => nowS, sleepUntil: async () => {} },
      store,
      fleetSize: () => 10,
      tls,
      host: "127.0.0.1",
      port: 0,
      alarm: (what) => alarms.push(what),
      onRefused: (why) => refused.push(why),
      ...changes,
    });
    doors.push(door);
    (async () => {
      for await (const notice of door.stream(over.signal)) heard.push(notice);
    })();
    return { door, url: await door.listen() };
  };
  let url: string;
  let door: Door;
  beforeEach(async () => {
    nowS = 1000;
    store = new MemoryStore();
    fleet = new Map([[ID, { state: "running", address: "10.0.0.7", launchedMs: Date.parse(LAUNCHED) + 2_000 }]]);
    alarms = [];
    refused = [];
    heard = [];
    doors = [];
    ({ door, url } = await openDoor());
  });
  afterEach(() => Promise.all(doors.map((each) => each.close())));
  afterAll(() => over.abort());

  /** The agent of an instance whose metadata service gives it this document. */
  const agent = (document = made.signed("aws", about()), at = url, ca = tls.cert) =>
    new Controller({ url: at, ca, imds: { identity: async () => document } });
  const calm = { leftS: null, rebalance: false };

  const post = (path: string, body: string) =>
    new Promise<string>((resolve, reject) => {
      const asked = request(`${url}${path}`, { method: "POST", ca: tls.cert }, (response) => {
        let text = "";
        response.on("data", (part) => {
          text += part;
        });
        response.on("end", () => resolve(`${response.statusCode} ${text.trim()}`));
      });
      asked.on("error", reject);
      asked.end(body);
    });

  it("believes an agent that EC2 vouches for, and hands on its notice once, and a recommendation before it", async () => {
    const told = agent();
    await told.tell(calm);
    expect([door.agents, heard]).toEqual([1, []]);
    await told.tell({ leftS: null, rebalance: true });
    await told.tell({ leftS: null, rebalance: true });
    await told.tell({ leftS: 110, rebalance: true });
    await told.tell({ leftS: 105, rebalance: true });
    expect(heard).toEqual([
      { providerId: ID, reclaimS: null },
      { providerId: ID, reclaimS: 1110 },
    ]);
    expect([alarms, refused]).toEqual([[], []]);
  });

  it.each<[string, object, string]>([
    ["another-account", { accountId: "210987654321" }, "the document says account 210987654321, expected 123456789012"],
    ["another-region", { region: "us-west-2" }, "the document says region us-west-2"],
    [
      "foreign-instance",
      { instanceId: "i-0fffffffffffffff0" },
      "i-0fffffffffffffff0 is no living instance of this fleet",
    ],
    ["another-address", { privateIp: "10.0.0.8" }, "the document says address 10.0.0.8, expected 10.0.0.7"],
    [
      "stale-document",
      { pendingTime: "2026-11-22T08:00:00Z" },
      "a launch at 2026-11-22T08:00:00Z, expected 2026-11-23",
    ],
    ["forged-document", { instanceId: "no instance" }, "what was signed is no identity document"],
  ])("refuses by name: %s (fault 27)", async (why, changes, message) => {
    await expect(agent(made.signed("aws", about(changes))).tell(calm)).rejects.toThrow(`answers 403, ${why}`);
    expect(refused).toEqual([why]);
    expect(alarms[0]).toContain(message);
    expect([door.agents, heard]).toEqual([0, []]);
  });

  it("refuses what somebody else signed, and an instance that has ended", async () => {
    await expect(agent(made.signed("another", about())).tell(calm)).rejects.toThrow("403, forged-document");
    fleet.set(ID, { ...fleet.get(ID), state: "ended" });
    await expect(agent().tell(calm)).rejects.toThrow("403, foreign-instance");
  });

  it("keeps the first key of a life: a copied document brings nobody in, on another controller neither", async () => {
    const document = made.signed("aws", about());
    const first = agent(document);
    await first.tell(calm);
    await expect(agent(document).tell({ leftS: 5, rebalance: false })).rejects.toThrow("403, second-key");
    const takenOver = await openDoor();
    await expect(agent(document, takenOver.url).tell(calm)).rejects.toThrow("403, second-key");
    expect(heard).toEqual([]);
    // The next life has a document, and a key, of its own.
    fleet.set(ID, { ...fleet.get(ID), launchedMs: Date.parse("2026-11-23T10:00:00Z") });
    await agent(made.signed("aws", about({ pendingTime: "2026-11-23T10:00:00Z" }))).tell({
      leftS: 60,
      rebalance: false,
    });
    expect(heard).toEqual([{ providerId: ID, reclaimS: 1060 }]);
  });

  it("is greeted anew, with the same key, by agents of a controller that has gone", async () => {
    const { door: gone, url: where } = await openDoor();
    const told = agent(made.signed("aws", about()), where);
    await told.tell(calm);
    await gone.close();
    const { port } = new URL(where);
    await openDoor({ port: Number(port) });
    await told.tell({ leftS: 60, rebalance: false });
    expect(heard).toEqual([{ providerId: ID, reclaimS: 1060 }]);
    expect(alarms).toEqual([]);
  });

  it("takes each nonce once, and not for long; takes no message twice, nor one that was changed (fault 27)", async () => {
    const { privateKey, publicKey } = generateKeyPairSync("ed25519");
    const key = publicKey.export({ format: "der", type: "spki" }).toString("base64");
    const signed = (text: string) => sign(null, Buffer.from(text), privateKey).toString("base64");
    const document = made.signed("aws", about());
    const greet = async (waitS = 0) => {
      const { nonce } = JSON.parse((await post("/nonce", "{}")).slice(4));
      nowS += waitS;
      const words = { document, key, nonce };
      return JSON.stringify({ ...words, signature: signed(signedHello(words)) });
    };
    const greeting = await greet();
    const { session } = JSON.parse((await post("/hello", greeting)).slice(4));
    expect(await post("/hello", greeting)).toBe('403 {"refused":"replayed-nonce"}');
    expect(await post("/hello", await greet(31))).toBe('403 {"refused":"replayed-nonce"}');
    expect(await post("/hello", (await greet()).replace(key, key.replace(/..$/, "A=")))).toContain("forged-message");

    const say = (count: number, state: object) => {
      const words = { session, count, state: JSON.stringify(state) };
      return { ...words, signature: signed(signedSaying(words)) };
    };
    const second = say(2, calm);
    const sent = async (words: object) => post("/state", JSON.stringify(words));
    expect(await sent({ ...second, state: JSON.stringify({ leftS: 9, rebalance: false }) })).toContain(
      "forged-message",
    );
    expect(await sent(second)).toBe("200 {}");
    expect(await sent(second)).toBe('403 {"refused":"replayed-message"}');
    expect(await sent(say(1, calm))).toBe('403 {"refused":"replayed-message"}');
    expect(await sent(say(3, { ...calm, providerId: "i-0fffffffffffffff0" }))).toBe('403 {"refused":"unreadable"}');
    expect(await sent(say(4, calm))).toBe("200 {}");
    expect(heard).toEqual([]);
  });

  it("is not spoken to by an agent that does not know who signed its certificate", async () => {
    await expect(agent(undefined, url, another.cert).tell(calm)).rejects.toThrow(/self-signed|unable to verify/);
    expect(door.agents).toBe(0);
  });

  it("believes three notices a minute of agents alone; more wait for EC2's own word (fault 27)", async () => {
    const agents = Array.from({ length: 6 }, (_, i) => {
      const instanceId = `i-0123456789abcde${i}0`;
      fleet.set(instanceId, { state: "running", address: "10.0.0.7", launchedMs: Date.parse(LAUNCHED) });
      return agent(made.signed("aws", about({ instanceId })));
    });
    for (const each of agents) await each.tell({ leftS: 120, rebalance: false });
    expect(heard).toHaveLength(3);
    expect(alarms).toHaveLength(3);
    expect(alarms[0]).toContain("agents announce more than 3 interruptions a minute: i-0123456789abcde30 waits");
    nowS += 61;
    await agents[5]!.tell({ leftS: 59, rebalance: false });
    expect(heard.at(-1)).toEqual({ providerId: "i-0123456789abcde50", reclaimS: nowS + 59 });
  });

  it("answers nonsense, and too much of it, by its name; anything else is not there", async () => {
    expect(await post("/state", "{")).toBe('403 {"refused":"unreadable"}');
    expect(await post("/hello", "x".repeat(40_000))).toBe('403 {"refused":"unreadable"}');
    expect(await post("/", "{}")).toBe("404 {}");
    expect(
      await post(
        "/state",
        JSON.stringify({ session: "0".repeat(64), count: 1, state: "{}", signature: "A".repeat(88) }),
      ),
    ).toBe('403 {"refused":"no-session"}');
  });
});
