import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Calls } from "../../../orchestrator/aws/calls.ts";
import { S3Store, s3Client } from "../../../orchestrator/aws/s3-store.ts";
import type { ObjectStore } from "../../../orchestrator/store/object-store.ts";
import { SystemClock } from "../../../orchestrator/system-clock.ts";
import { MemoryStore } from "../../doubles/memory-store.ts";
import { describeMoto, Moto } from "../../doubles/moto.ts";

process.env.AWS_ACCESS_KEY_ID = "test";
process.env.AWS_SECRET_ACCESS_KEY = "test";

/** What a lease and the copy of a journal rely on. */
function storeLaws(name: string, make: () => ObjectStore): void {
  describe(`the store ${name}`, () => {
    const { signal } = new AbortController();
    let prefix = 0;
    const fresh = () => `p${prefix++}/`;

    it("has nothing under a name that nobody wrote", async () => {
      expect(await make().read(`${fresh()}a`, signal)).toBeUndefined();
    });

    it("gives back what was written, with the tag that the write had", async () => {
      const [store, key] = [make(), `${fresh()}a`];
      const written = await store.write(key, "text: ü\n", "absent", signal);
      expect(await store.read(key, signal)).toEqual({ text: "text: ü\n", etag: (written as { etag: string }).etag });
    });

    it("lets one of many create an object", async () => {
      const [store, key] = [make(), `${fresh()}a`];
      const all = await Promise.all(["1", "2", "3", "4"].map((text) => store.write(key, text, "absent", signal)));
      expect(all.filter(({ ok }) => ok)).toHaveLength(1);
    });

    it("replaces only what is still as it was seen", async () => {
      const [store, key] = [make(), `${fresh()}a`];
      const first = (await store.write(key, "1", "absent", signal)) as { etag: string };
      const second = (await store.write(key, "2", { etag: first.etag }, signal)) as { etag: string };
      expect(second.etag).not.toBe(first.etag);
      expect(await store.write(key, "3", { etag: first.etag }, signal)).toEqual({ ok: false });
      expect((await store.read(key, signal))?.text).toBe("2");
      expect(await store.write(`${key}-gone`, "3", { etag: first.etag }, signal)).toEqual({ ok: false });
    });

    it("lists the names that begin so, in order", async () => {
      const [store, at] = [make(), fresh()];
      for (const key of ["b/2", "a", "b/10", "b/1"]) await store.write(at + key, "", "absent", signal);
      expect(await store.list(`${at}b/`, signal)).toEqual(["b/1", "b/10", "b/2"].map((key) => at + key));
    });
  });
}

const memory = new MemoryStore();
storeLaws("in memory", () => memory);

describeMoto("S3", () => {
  let moto: Moto;
  let store: ObjectStore;
  beforeAll(async () => {
    moto = await Moto.start();
    const client = await s3Client("us-east-1", moto.url);
    const { CreateBucketCommand } = await import("@aws-sdk/client-s3");
    await client.send(new CreateBucketCommand({ Bucket: "fleets" }));
    store = new S3Store(client, new Calls(new SystemClock(), { random: Math.random }), "fleets", "fleet/");
  }, 60_000);
  afterAll(() => moto.stop());
  storeLaws("S3, over moto", () => store);
});
