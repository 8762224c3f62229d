import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Calls } from "../../../orchestrator/aws/calls.ts";
import { ssmDocument } from "../../../orchestrator/aws/ssm-document.ts";
import { SsmRemote, ssmClient } from "../../../orchestrator/aws/ssm-remote.ts";
import type { Owner } from "../../../orchestrator/ports.ts";
import { FakeSsm } from "../../doubles/fake-ssm.ts";
import { describeMoto, Moto } from "../../doubles/moto.ts";
import { ScaledClock } from "../../doubles/scaled-clock.ts";

process.env.AWS_ACCESS_KEY_ID = "test";
process.env.AWS_SECRET_ACCESS_KEY = "test";

const region = "us-east-1";
const { signal } = new AbortController();

async function remoteAt(url: string, owner: Owner = "ours", speed = 20): Promise<SsmRemote> {
  const clock = new ScaledClock(speed);
  const calls = new Calls(clock, { random: () => 0.1 });
  const account = { ownerOf: async () => owner };
  return new SsmRemote({ client: await ssmClient(region, url), calls, clock, documentName: "synkti-chat", account });
}

// The simulated cloud has no hosts to run anything on.

function remoteLaws(
  at: () => { readonly url: string; readonly instance: string; readonly sent: () => Promise<number> },
) {
  it("does each of the fixed verbs on an instance of the fleet, and waits for what comes of it", async () => {
    const { url, instance } = at();
    const remote = await remoteAt(url);
    for (const verb of ["drain", "restart-agent", "start-engine", "stop-engine"] as const) {
      expect(await remote.run(instance, verb, 7, signal)).toEqual({ ok: true });
    }
  });

  it.each(["foreign", "absent", "unknown"] as const)("sends nothing to an instance that is %s", async (owner) => {
    const { url, instance, sent } = at();
    const before = await sent();
    const remote = await remoteAt(url, owner);
    expect(await remote.run(instance, "drain", 7, signal)).toMatchObject({ ok: false, why: owner });
    expect(await sent()).toBe(before);
  });
}

describe("commands by SSM, over our own stateful double", () => {
  const instance = "i-0123456789abcdef0";
  let ssm: FakeSsm;
  beforeEach(async () => {
    ssm = await new FakeSsm().start();
    ssm.documents.set("synkti-chat", ssmDocument() as never);
  });
  afterEach(() => ssm.stop());
  remoteLaws(() => ({ url: ssm.url, instance, sent: async () => ssm.sent.length }));

  it("are sent by one document with its own two parameters, and one that the document does not allow is refused", async () => {
    const remote = await remoteAt(ssm.url);
    await remote.run(instance, "drain", 12, signal);
    expect(ssm.sent).toEqual([
      {
        DocumentName: "synkti-chat",
        InstanceIds: [instance],
        Parameters: { verb: ["drain"], epoch: ["12"] },
        TimeoutSeconds: 30,
      },
    ]);
    for (const [verb, epoch] of [
      ["drain; reboot", 1],
      ["drain", -1],
      ["drain", 1.5],
    ] as [never, number][]) {
      expect(await remote.run(instance, verb, epoch, signal)).toMatchObject({ ok: false, why: "refused" });
    }
    expect(ssm.sent).toHaveLength(1);
  });

  it("that fail say what the instance said; what is denied is not repeated, what is throttled is", async () => {
    const remote = await remoteAt(ssm.url);
    ssm.ends.push({ Status: "Failed", StandardErrorContent: "epoch 3 is older than 4\n" });
    expect(await remote.run(instance, "drain", 3, signal)).toEqual({
      ok: false,
      why: "failed",
      said: "Failed: epoch 3 is older than 4",
    });
    ssm.faults.push({ code: "AccessDeniedException", status: 400 });
    expect(await remote.run(instance, "drain", 4, signal)).toMatchObject({ ok: false, why: "refused" });
    ssm.faults.push({ code: "ThrottlingException", status: 400 }, { code: "InternalServerError", status: 500 });
    expect(await remote.run(instance, "drain", 4, signal)).toEqual({ ok: true });
    expect(ssm.sent).toHaveLength(2);
  });

  it("that nobody answers are lost, not failed", async () => {
    const remote = await remoteAt(ssm.url, "ours", 200);
    ssm.ends.push({ Status: "Running", StandardErrorContent: "" });
    expect(await remote.run(instance, "stop-engine", 4, signal)).toMatchObject({ ok: false, why: "lost" });
  });
});

describeMoto("commands by SSM, over moto", () => {
  let moto: Moto;
  let instance: string;
  beforeAll(async () => {
    moto = await Moto.start();
    const { EC2Client, DescribeImagesCommand, RunInstancesCommand } = await import("@aws-sdk/client-ec2");
    const ec2 = new EC2Client({ region, endpoint: moto.url });
    const { Images = [] } = await ec2.send(new DescribeImagesCommand({}));
    const launch = new RunInstancesCommand({ ImageId: Images[0]!.ImageId!, MinCount: 1, MaxCount: 1 });
    instance = (await ec2.send(launch)).Instances![0]!.InstanceId!;
    const { CreateDocumentCommand } = await import("@aws-sdk/client-ssm");
    await (await ssmClient(region, moto.url)).send(
      new CreateDocumentCommand({
        Name: "synkti-chat",
        DocumentType: "Command",
        Content: JSON.stringify(ssmDocument()),
      }),
    );
  }, 60_000);
  afterAll(() => moto.stop());
  remoteLaws(() => ({
    url: moto.url,
    instance,
    sent: async () => {
      const { ListCommandsCommand } = await import("@aws-sdk/client-ssm");
      return (await (await ssmClient(region, moto.url)).send(new ListCommandsCommand({}))).Commands!.length;
    },
  }));

  it("go by a document whose parameters moto reads as we wrote them", async () => {
    const { DescribeDocumentCommand } = await import("@aws-sdk/client-ssm");
    const { Document } = await (await ssmClient(region, moto.url)).send(
      new DescribeDocumentCommand({ Name: "synkti-chat" }),
    );
    expect(Document).toMatchObject({ SchemaVersion: "2.2", DocumentType: "Command" });
    expect(Document!.Parameters!.map(({ Name }) => Name)).toEqual(["verb", "epoch"]);
  });
});
