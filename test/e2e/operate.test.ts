import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Calls } from "../../orchestrator/aws/calls.ts";
import { S3Store, s3Client } from "../../orchestrator/aws/s3-store.ts";
import { ssmDocument } from "../../orchestrator/aws/ssm-document.ts";
import { ssmClient } from "../../orchestrator/aws/ssm-remote.ts";
import { OperateError, switchInStore } from "../../orchestrator/operate.ts";
import { STOP_KEY } from "../../orchestrator/stop-switch.ts";
import { SystemClock } from "../../orchestrator/system-clock.ts";
import { MemoryStore } from "../doubles/memory-store.ts";
import { describeMoto } from "../doubles/moto.ts";
import { scratchFolder } from "../experiments/support/studies.ts";
import { start } from "../support/command.ts";
import { LiveAccount } from "../support/live-account.ts";

const { signal } = new AbortController();

describe("the switch of a fleet", () => {
  it("is written over what it said, and not over what somebody else writes at the same time", async () => {
    const store = new MemoryStore();
    for (const to of ["launches", "everything", "no"] as const) {
      await switchInStore(store, to, signal);
      expect(store.objects.get(STOP_KEY)!.text).toBe(to);
    }
    store.write = async () => ({ ok: false });
    await expect(switchInStore(store, "launches", signal)).rejects.toThrow(OperateError);
  });
});

describeMoto("an operator's commands, over moto", () => {
  let account: LiveAccount;
  let folder: string;
  let fleet: string;
  beforeAll(async () => {
    account = await LiveAccount.start();
  }, 60_000);
  afterAll(() => account.stop());
  beforeEach(() => {
    folder = scratchFolder();
    fleet = join(folder, "fleet.yaml");
    writeFileSync(fleet, account.fleetText().replace("  leaseS:", "  ssmDocument: synkti-chat\n  leaseS:"));
  });
  const orchestrate = (...args: string[]) => start("orchestrator/main.ts", args).ended;
  const at = () => ["--endpoint", account.moto.url];

  it("stop a fleet on all hosts, or one loop of this host, and let it go on", async () => {
    const calls = new Calls(new SystemClock(), { random: Math.random });
    const store = new S3Store(await s3Client("us-east-1", account.moto.url), calls, "fleet-state", "chat/");
    const said = async () => (await store.read(STOP_KEY, signal))?.text;
    expect((await orchestrate("stop-acting", fleet, ...at())).out).toBe("chat: stopped: launches\n");
    expect(await said()).toBe("launches");
    expect((await orchestrate("go-on", fleet, ...at())).out).toBe("chat: goes on\n");
    expect(await said()).toBe("no");
    const journal = join(folder, "run.ndjson");
    await orchestrate("stop-acting", fleet, "--everything", "--journal", journal);
    expect(readFileSync(`${journal}.stop`, "utf8")).toBe("everything\n");
    await orchestrate("go-on", fleet, "--journal", journal);
    expect(existsSync(`${journal}.stop`)).toBe(false);
    expect(await said()).toBe("no");
  }, 60_000);

  it("send a fixed verb to an instance of the fleet, and to no other", async () => {
    const { EC2Client, RunInstancesCommand } = await import("@aws-sdk/client-ec2");
    const { CreateDocumentCommand, ListCommandsCommand } = await import("@aws-sdk/client-ssm");
    const ec2 = new EC2Client({ region: "us-east-1", endpoint: account.moto.url });
    const launched = async (value: string) => {
      const TagSpecifications = [{ ResourceType: "instance" as const, Tags: [{ Key: "synkti:fleet", Value: value }] }];
      const launch = new RunInstancesCommand({ ImageId: account.imageId, MinCount: 1, MaxCount: 1, TagSpecifications });
      return (await ec2.send(launch)).Instances![0]!.InstanceId!;
    };
    const [ours, theirs] = [await launched("chat"), await launched("search")];
    const ssm = await ssmClient("us-east-1", account.moto.url);
    const Content = JSON.stringify(ssmDocument());
    await ssm.send(new CreateDocumentCommand({ Name: "synkti-chat", DocumentType: "Command", Content }));
    expect(await orchestrate("remote", fleet, "drain", ours, ...at())).toMatchObject({
      code: 0,
      out: `drain on ${ours}: done\n`,
    });
    const refused = await orchestrate("remote", fleet, "drain", theirs, ...at());
    expect(refused).toMatchObject({ code: 2, out: "" });
    expect(refused.err).toBe(`OperateError: drain on ${theirs}: foreign: ${theirs} is not known as of this fleet\n`);
    const { Commands = [] } = await ssm.send(new ListCommandsCommand({}));
    // To whom is not asked of moto, which adds all the instances that there are.
    expect(Commands.map(({ DocumentName, Parameters }) => [DocumentName, Parameters])).toEqual([
      ["synkti-chat", { verb: ["drain"], epoch: ["0"] }],
    ]);
    for (const [args, why] of [
      [["reboot", ours], "Invalid values"],
      [["drain", "i-1; reboot"], "expected an id such as"],
    ] as const) {
      const { code, err } = await orchestrate("remote", fleet, ...args, ...at());
      expect([code, err.includes(why), err.includes("    at ")], err).toEqual([2, true, false]);
    }
  }, 60_000);
});
