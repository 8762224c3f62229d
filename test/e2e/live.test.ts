import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { describeMoto } from "../doubles/moto.ts";
import { start } from "../support/command.ts";
import { LiveAccount, writeManifestFor } from "../support/live-account.ts";

// The command that acts, as a process of its own, on an account of moto over the wire: EC2, ELBv2, SQS, S3.

describeMoto("acting on an account", () => {
  let account: LiveAccount;
  let folder: string;
  const at = (name: string) => join(folder, name);
  beforeAll(async () => {
    account = await LiveAccount.start();
  }, 60_000);
  afterAll(() => account.stop());
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "live-"));
    writeFileSync(at("fleet.yaml"), account.fleetText());
    await writeManifestFor(at("fleet.yaml"), "full", at("m.json"));
    return () => rmSync(folder, { recursive: true });
  });

  const run = (...more: string[]) =>
    start("orchestrator/main.ts", [
      ...["run", at("fleet.yaml"), "--live", "--manifest", at("m.json"), "--journal", at("run.ndjson")],
      ...["--endpoint", account.moto.url, ...more],
    ]);
  const orchestrate = (...args: string[]) => start("orchestrator/main.ts", args).ended;
  const journal = () => (existsSync(at("run.ndjson")) ? readFileSync(at("run.ndjson"), "utf8") : "");
  const ids = async () => (await account.instances()).map(({ id }) => id).sort();

  it("is refused, before anything is sent, without --live, a manifest that holds and a stage that acts", async () => {
    const refused = async (...args: string[]) => {
      const { code, err } = await orchestrate("run", at("fleet.yaml"), "--journal", at("none.ndjson"), ...args);
      expect([code, existsSync(at("none.ndjson"))], err).toEqual([2, false]);
      expect(err).not.toContain("    at ");
      return err;
    };
    expect(await refused()).toContain("--live and --manifest missing: acting needs both");
    expect(await refused("--manifest", at("m.json"))).toContain("--live missing");
    await writeManifestFor(at("fleet.yaml"), "shadow", at("shadow.json"));
    expect(await refused("--live", "--manifest", at("shadow.json"))).toContain("its stage is shadow");
    writeFileSync(at("fleet.yaml"), account.fleetText().replace("fleet: chat", "fleet: search"));
    expect(await refused("--live", "--manifest", at("m.json"))).toContain("fleet does not match");
    writeFileSync(at("fleet.yaml"), account.fleetText().replace(/live:.*?leaseS: 36\n/s, ""));
    await writeManifestFor(at("fleet.yaml"), "full", at("nowhere.json"));
    expect(await refused("--live", "--manifest", at("nowhere.json"))).toContain("live is missing; say where it acts");
    expect(await account.instances()).toEqual([]);
  }, 60_000);

  it("launches, registers, replaces what is taken back, survives being killed, and ends when it is told to", async () => {
    const first = run();
    // Killed as soon as both launches are on their way to the account.
    await expect.poll(() => journal().split('"kind":"intent"').length, { timeout: 60_000 }).toBeGreaterThan(2);
    first.child.kill("SIGKILL");
    await first.ended;

    const second = run();
    await expect.poll(() => account.targets(), { timeout: 150_000 }).toHaveLength(2);
    expect(await account.targets()).toEqual(await ids());
    const tags = (await account.instances()).map((each) => each.tags);
    expect(new Set(tags.map((each) => each["synkti:instance"]))).toEqual(new Set(["0", "1"]));

    const [doomed] = await ids();
    await account.notice(doomed!);
    await expect.poll(() => account.targets(), { timeout: 60_000 }).not.toContain(doomed);
    await expect.poll(() => account.targets(), { timeout: 60_000 }).toHaveLength(2);
    second.child.kill("SIGTERM");
    const ended = await second.ended;
    expect(ended, ended.err).toMatchObject({ code: 0, out: "" });
    expect(ended.err).not.toMatch(/very-secret-words|AKIATESTTESTTESTTEST/);

    expect((await orchestrate("replay", at("run.ndjson"))).out).toContain(": byte-equal");
    expect((await orchestrate("status", at("run.ndjson"))).out).toMatch(/^run chat\/.*, epoch 2:/);
  }, 300_000);
});
