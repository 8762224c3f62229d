import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { doorOf } from "../../../orchestrator/door/fleet-door.ts";
import { FleetError } from "../../../orchestrator/fleet-file.ts";
import { MemoryStore } from "../../doubles/memory-store.ts";
import { VirtualClock } from "../../doubles/virtual-clock.ts";
import { Certificates, describeOpenssl } from "../../support/certificates.ts";

describeOpenssl("the door of a fleet's file", () => {
  let made: Certificates;
  let folder: string;
  beforeAll(() => {
    made = new Certificates();
    folder = mkdtempSync(join(tmpdir(), "door-"));
    const [aws, door] = [made.pair("aws"), made.pair("door")];
    const weak = made.pair("weak", { bits: 1024 });
    const files = { aws: aws.cert, door: door.cert, key: door.key, weak: weak.cert, none: "no pem" };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  });
  afterAll(() => {
    made.remove();
    rmSync(folder, { recursive: true });
  });

  const doorAt = async (changes: object, inMs = 0) => {
    const files = { identityCertificate: "aws", certificate: "door", key: "key", ...changes };
    const paths = Object.fromEntries(Object.entries(files).map(([field, name]) => [field, join(folder, name)]));
    const door = { account: "123456789012", host: "127.0.0.1", port: 0, ...paths };
    const clock = new VirtualClock();
    clock.wallOffsetMs = Date.now() + inMs;
    const parts = { held: async () => undefined, clock, store: new MemoryStore(), fleetSize: () => 1, alarm: () => {} };
    const opened = doorOf({ fleet: "chat", region: "us-east-1", live: { door } as never }, parts)!;
    expect(await opened.listen()).toMatch(/^https:/);
    await opened.close();
  };

  it("opens with a pair of its own and the certificate of AWS, and there is none where none is wanted", async () => {
    await doorAt({});
    expect(doorOf({ fleet: "chat", region: "us-east-1" }, {} as never)).toBeUndefined();
  });

  it.each([
    ["identityCertificate", "nowhere", "cannot be read (ENOENT); correct the path"],
    ["identityCertificate", "none", "is no certificate; name a PEM file"],
    ["identityCertificate", "weak", "expected a key of RSA with 2048 bits; take AWS's certificate for RSA-2048"],
    ["certificate", "aws", "live.door.key is not the key of live.door.certificate; name the pair"],
    ["key", "none", "is no key; name a PEM file"],
    ["key", "nowhere", "cannot be read (ENOENT); correct the path"],
  ])("is refused: %s %s", async (field, name, message) => {
    const refused = doorAt({ [field]: name });
    await expect(refused).rejects.toThrow(FleetError);
    await expect(refused).rejects.toThrow(message);
  });

  it("is refused once a certificate has ended", async () => {
    await expect(doorAt({}, 3 * 24 * 3_600_000)).rejects.toThrow(
      /live.door.identityCertificate: .* ended on .*; renew it/,
    );
  });
});
