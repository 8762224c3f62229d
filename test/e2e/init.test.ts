import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Calls } from "../../orchestrator/aws/calls.ts";
import { ElbBalancer, elbClient } from "../../orchestrator/aws/elb-balancer.ts";
import { sqsClient } from "../../orchestrator/aws/sqs-notices.ts";
import { ssmClient } from "../../orchestrator/aws/ssm-remote.ts";
import { readFleet } from "../../orchestrator/fleet-file.ts";
import { SystemClock } from "../../orchestrator/system-clock.ts";
import { describeMoto, Moto } from "../doubles/moto.ts";
import { scratchFolder } from "../experiments/support/studies.ts";
import { start } from "../support/command.ts";

process.env.AWS_ACCESS_KEY_ID = "test";
process.env.AWS_SECRET_ACCESS_KEY = "test";

const region = "us-east-1";
const NAMED = ["--fleet", "chat", "--region", region, "--account", "123456789012"];
const init = (folder: string, ...args: string[]) => start("orchestrator/main.ts", ["init", folder, ...args]).ended;
const FILES = ["fleet.yaml", "queue-policy.json", "setup.sh", "shadow-policy.json", "ssm-document.json"];

/** An environment in which `aws` asks a double. Its first version heeds no variable for queues, so the endpoint is put into each call. */
function towards(url: string): NodeJS.ProcessEnv {
  const folder = scratchFolder();
  const aws = spawnSync("sh", ["-c", "command -v aws"], { encoding: "utf8" }).stdout.trim();
  writeFileSync(join(folder, "aws"), `#!/bin/sh\nexec "${aws}" --endpoint-url "${url}" "$@"\n`, { mode: 0o755 });
  const PATH = `${folder}:${process.env.PATH}`;
  return { ...process.env, PATH };
}

it("init writes a fleet that is right as it stands, over nothing that is there", async () => {
  const folder = join(scratchFolder(), "new");
  const { code, out } = await init(folder, ...NAMED);
  expect([code, out.trim().split("\n").length]).toEqual([0, FILES.length]);
  expect(readdirSync(folder).sort()).toEqual(FILES);
  const checked = await start("orchestrator/main.ts", ["check", join(folder, "fleet.yaml")]).ended;
  expect(checked).toMatchObject({ code: 0 });
  expect(checked.out).toContain("chat: 4 markets in us-east-1");
  expect(JSON.parse(readFileSync(join(folder, "shadow-policy.json"), "utf8")).Statement).toHaveLength(1);

  const again = scratchFolder();
  mkdirSync(join(again, "setup.sh"));
  const refused = await init(again, ...NAMED);
  expect(refused).toMatchObject({ code: 2, out: "" });
  expect(refused.err).toBe(`InitError: ${join(again, "setup.sh")}: is there already; name a new folder\n`);
  expect(readdirSync(again)).toEqual(["setup.sh"]);
}, 30_000);

it.each([
  ["--fleet", "chat; reboot", 'fleet "chat; reboot": expected 2 to 32 lower case letters'],
  ["--region", "mars", 'region "mars": expected a region such as us-east-1'],
  ["--account", "me", 'account "me": expected 12 digits'],
  ["--type", "$(x)", 'instanceType "$(x)": expected an instance type'],
])("init refuses %s %s, since it goes into a script", async (option, value, message) => {
  const folder = join(scratchFolder(), "new");
  const named = NAMED.includes(option)
    ? NAMED.map((each, i) => (NAMED[i - 1] === option ? value : each))
    : [...NAMED, option, value];
  const { code, err } = await init(folder, ...named);
  expect([code, existsSync(folder)]).toEqual([2, false]);
  expect(err).toContain(message);
});

describeMoto("the commands that init writes, by AWS's own client on moto", () => {
  let moto: Moto;
  beforeAll(async () => {
    moto = await Moto.start();
  }, 60_000);
  afterAll(() => moto.stop());

  it("make what a fleet acts on, again without harm, and print the part of its file that names it", async () => {
    const folder = join(scratchFolder(), "new");
    await init(folder, ...NAMED);
    const env = towards(moto.url);
    const setUp = () => spawnSync("sh", [join(folder, "setup.sh")], { env, encoding: "utf8" });
    const first = setUp();
    expect([first.status, first.stderr]).toEqual([0, ""]);
    const second = setUp();
    expect([second.status, second.stderr, second.stdout]).toEqual([0, "", first.stdout]);

    const path = join(folder, "fleet.yaml");
    writeFileSync(path, `${readFileSync(path, "utf8")}\n${first.stdout}`);
    const { live } = readFleet(path).file;
    const { signal } = new AbortController();
    const calls = new Calls(new SystemClock(), { random: Math.random });
    const client = await elbClient(region, moto.url);
    const balancer = new ElbBalancer({ client, calls, targetGroupArn: live!.targetGroupArn, port: 8000 });
    expect(await balancer.faults(signal)).toEqual([]);

    const { GetQueueAttributesCommand } = await import("@aws-sdk/client-sqs");
    const asked = new GetQueueAttributesCommand({ QueueUrl: live!.queueUrl!, AttributeNames: ["Policy"] });
    const { Attributes } = await (await sqsClient(region, moto.url)).send(asked);
    expect(JSON.parse(Attributes!.Policy!).Statement[0]).toMatchObject({
      Principal: { Service: "events.amazonaws.com" },
      Resource: "arn:aws:sqs:us-east-1:123456789012:synkti-chat",
    });
    const { GetDocumentCommand } = await import("@aws-sdk/client-ssm");
    const { Content } = await (await ssmClient(region, moto.url)).send(
      new GetDocumentCommand({ Name: live!.ssmDocument! }),
    );
    expect(JSON.parse(Content!)).toEqual(JSON.parse(readFileSync(join(folder, "ssm-document.json"), "utf8")));
    const rule = spawnSync("aws", ["events", "list-targets-by-rule", "--rule", "synkti-chat", "--region", region], {
      env,
      encoding: "utf8",
    });
    expect(JSON.parse(rule.stdout).Targets[0].Arn).toBe("arn:aws:sqs:us-east-1:123456789012:synkti-chat");
  }, 120_000);

  it("are refused with credentials of another account, before anything is made", async () => {
    const folder = join(scratchFolder(), "new");
    await init(folder, "--fleet", "other", "--region", region, "--account", "210987654321");
    const env = towards(moto.url);
    const { status, stderr } = spawnSync("sh", [join(folder, "setup.sh")], { env, encoding: "utf8" });
    expect([status, stderr]).toEqual([
      2,
      "these credentials are of account 123456789012, and this was written for 210987654321\n",
    ]);
  }, 60_000);
});
