import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { Calls } from "../../../orchestrator/aws/calls.ts";
import { Ec2Capacity, ec2Client } from "../../../orchestrator/aws/ec2-capacity.ts";
import { Ec2Prices } from "../../../orchestrator/aws/ec2-prices.ts";
import { Ec2Standby } from "../../../orchestrator/aws/ec2-standby.ts";
import { ElbBalancer, elbClient } from "../../../orchestrator/aws/elb-balancer.ts";
import { actingPolicy, type IamPolicy, type RoleFor } from "../../../orchestrator/aws/iam-policy.ts";
import { ssmDocument } from "../../../orchestrator/aws/ssm-document.ts";
import { SsmRemote, ssmClient } from "../../../orchestrator/aws/ssm-remote.ts";
import type { MarketName } from "../../../orchestrator/ports.ts";
import { SystemClock } from "../../../orchestrator/system-clock.ts";
import { FakeEc2 } from "../../doubles/fake-ec2.ts";
import { FakeElb } from "../../doubles/fake-elb.ts";
import { FakeSsm } from "../../doubles/fake-ssm.ts";
import { start } from "../../support/command.ts";

// Goal: what the adapters really send is allowed, and nothing beside it. Method: each request is taken from the wire, taken apart into
// the resources that AWS authorises it on with their conditions (Service Authorization Reference), and judged by a small evaluator of
// IAM's language. Whether AWS's own agrees, a DryRun tells.

process.env.AWS_ACCESS_KEY_ID = "test";
process.env.AWS_SECRET_ACCESS_KEY = "test";

const region = "us-east-1";
const account = "123456789012";
const role: RoleFor = {
  account,
  region,
  fleet: "chat",
  instanceTypes: ["g5.xlarge"],
  template: {
    imageId: "ami-0123456789abcdef0",
    subnets: { "us-east-1a": "subnet-01234567" },
    securityGroupIds: ["sg-01234567"],
    instanceProfileArn: `arn:aws:iam::${account}:instance-profile/node`,
  },
  nodeRoleArn: `arn:aws:iam::${account}:role/node`,
  targetGroupArn: `arn:aws:elasticloadbalancing:${region}:${account}:targetgroup/chat/0123456789abcdef`,
  stops: true,
  ssmDocument: "synkti-chat",
};
const spot: MarketName = { instanceType: "g5.xlarge", region, zone: "us-east-1a", capacityType: "spot" };

/** One thing that AWS asks the policy about. */
interface Question {
  readonly action: string;
  readonly resource: string;
  readonly context: Readonly<Record<string, string>>;
}

function isAllowed({ Statement }: IamPolicy, { action, resource, context }: Question): boolean {
  const matches = (pattern: string, text: string) =>
    new RegExp(`^${pattern.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*")}$`).test(text);
  return Statement.some(
    (each) =>
      each.Action.includes(action) &&
      each.Resource.some((pattern) => matches(pattern, resource)) &&
      Object.entries(each.Condition ?? {}).every(([operator, tests]) => {
        if (operator !== "StringEquals" && operator !== "Bool") throw new Error(`no evaluator of ${operator}`);
        return Object.entries(tests).every(([key, value]) => [value].flat().includes(context[key] ?? ""));
      }),
  );
}

/** What a call of SSM is authorised on. */
function questionsOfSsm(
  { action, body }: FakeSsm["calls"][number],
  tagsOf: (id: string) => Readonly<Record<string, string>>,
): Question[] {
  if (action !== "SendCommand") return [{ action: `ssm:${action}`, resource: "*", context: {} }];
  const [id] = body.InstanceIds as string[];
  const tags = Object.entries(tagsOf(id!)).map(([key, value]) => [`ssm:resourceTag/${key}`, value]);
  return [
    {
      action: "ssm:SendCommand",
      resource: `arn:aws:ssm:${region}:${account}:document/${body.DocumentName}`,
      context: {},
    },
    {
      action: "ssm:SendCommand",
      resource: `arn:aws:ec2:${region}:${account}:instance/${id}`,
      context: Object.fromEntries(tags),
    },
  ];
}

/** What the request is authorised on. */
function questionsOf(call: URLSearchParams, tagsOf: (id: string) => Readonly<Record<string, string>>): Question[] {
  const action = call.get("Action")!;
  const ec2 = (kind: string, name: string) => `arn:aws:ec2:${region}:${account}:${kind}/${name}`;
  if (/Target/.test(action)) {
    const resource = action.startsWith("Describe") ? "*" : call.get("TargetGroupArn")!;
    return [{ action: `elasticloadbalancing:${action}`, resource, context: {} }];
  }
  if (/^(Terminate|Stop|Start)Instances$/.test(action)) {
    const id = call.get("InstanceId.1")!;
    const tags = Object.entries(tagsOf(id)).map(([key, value]) => [`aws:ResourceTag/${key}`, value]);
    return [{ action: `ec2:${action}`, resource: ec2("instance", id), context: Object.fromEntries(tags) }];
  }
  if (action !== "RunInstances") return [{ action: `ec2:${action}`, resource: "*", context: {} }];
  const isSpot = call.get("InstanceMarketOptions.MarketType") === "spot";
  const tags = new Map<string, Record<string, string>>();
  for (let n = 1; call.has(`TagSpecification.${n}.ResourceType`); n++) {
    const given: Record<string, string> = {};
    for (let t = 1; call.has(`TagSpecification.${n}.Tag.${t}.Key`); t++) {
      const key = call.get(`TagSpecification.${n}.Tag.${t}.Key`);
      given[`aws:RequestTag/${key}`] = call.get(`TagSpecification.${n}.Tag.${t}.Value`)!;
    }
    tags.set(call.get(`TagSpecification.${n}.ResourceType`)!, given);
  }
  const type = { "ec2:InstanceType": call.get("InstanceType")! };
  const kinds = ["instance", "volume", "network-interface", ...(isSpot ? ["spot-instances-request"] : [])];
  const launch = (resource: string, context = {}): Question => ({ action: "ec2:RunInstances", resource, context });
  return [
    ...kinds.map((kind) => launch(ec2(kind, "new"), { ...type, ...tags.get(kind) })),
    launch(`arn:aws:ec2:${region}::image/${call.get("ImageId")}`),
    launch(ec2("subnet", call.get("SubnetId")!)),
    launch(ec2("security-group", call.get("SecurityGroupId.1")!)),
    ...[...tags].map(([kind, given]) => ({
      action: "ec2:CreateTags",
      resource: ec2(kind, "new"),
      context: { ...given, "ec2:CreateAction": "RunInstances" },
    })),
    { action: "iam:PassRole", resource: role.nodeRoleArn!, context: { "iam:PassedToService": "ec2.amazonaws.com" } },
  ];
}

const FLEET = `fleet: chat
region: us-east-1
markets: [{ instanceType: g5.xlarge, zones: [us-east-1a] }]
service: { name: chat, replicas: 1 }
policy: { scheduling: even-spread, assignment: earliest-node }
live:
  targetGroupArn: ${role.targetGroupArn}
  engine: { model: m }
  queueUrl: https://sqs.${region}.amazonaws.com/${account}/notices
  store: { bucket: fleet-state, prefix: chat/ }
  ssmDocument: synkti-chat
template:
  imageId: ${role.template.imageId}
  subnets: { us-east-1a: subnet-01234567 }
  securityGroupIds: [sg-01234567]
  instanceProfileArn: ${role.template.instanceProfileArn}
`;

let ec2: FakeEc2;
let elb: FakeElb;
let ssm: FakeSsm;
let questions: Question[];
beforeEach(async () => {
  ec2 = await new FakeEc2().start();
  elb = await new FakeElb().start();
  ssm = await new FakeSsm().start();
  ssm.documents.set("synkti-chat", ssmDocument() as never);
  const { signal } = new AbortController();
  const clock = new SystemClock();
  const calls = new Calls(clock, { random: Math.random });
  const client = await ec2Client(region, ec2.url);
  const alarm = () => {};
  const capacity = new Ec2Capacity({
    client,
    calls,
    clock,
    region,
    fleet: "chat",
    template: role.template,
    pollS: 5,
    alarm,
  });
  const prices = new Ec2Prices({ client, calls, clock, markets: [spot], onDemandUsdPerHour: {}, everyS: 60, alarm });
  const balancer = new ElbBalancer({
    client: await elbClient(region, elb.url),
    calls,
    targetGroupArn: role.targetGroupArn!,
    port: 8000,
  });
  const tags = { run: "r", instance: "0", epoch: "1" };
  const granted = await capacity.launch({ market: spot, clientToken: "a", tags }, signal);
  const spare = await capacity.launch(
    { market: { ...spot, capacityType: "onDemand" }, clientToken: "b", tags },
    signal,
  );
  const { providerId } = granted as { providerId: string };
  await capacity.describe(signal);
  await prices.latest(signal);
  await balancer.faults(signal);
  await balancer.register(providerId, signal);
  await balancer.health(providerId, signal);
  await balancer.deregister(providerId, signal);
  const standby = new Ec2Standby(client, calls);
  ec2.stopS = 0;
  await standby.stop((spare as { providerId: string }).providerId, signal);
  await standby.start((spare as { providerId: string }).providerId, signal);
  const owned = { ownerOf: async () => "ours" as const };
  const sending = {
    client: await ssmClient(region, ssm.url),
    calls,
    clock,
    documentName: "synkti-chat",
    account: owned,
  };
  expect(await new SsmRemote(sending).run(providerId, "drain", 1, signal)).toEqual({ ok: true });
  await capacity.terminate(providerId, signal);
  const tagsOf = (id: string) => ec2.instances.find((each) => each.id === id)!.tags;
  questions = [
    ...[...ec2.calls, ...elb.calls].flatMap((call) => questionsOf(call, tagsOf)),
    ...ssm.calls.flatMap((call) => questionsOfSsm(call, tagsOf)),
  ];
});
afterEach(async () => {
  await ec2.stop();
  await elb.stop();
  await ssm.stop();
});

const denied = (policy: IamPolicy, changed = questions) => changed.filter((question) => !isAllowed(policy, question));
const about = (action: string, resource: string) =>
  questions.filter((each) => each.action === action && each.resource.includes(resource));

describe("the policy of a controller that acts", () => {
  it("allows all that is really sent, on every resource that AWS asks about", () => {
    expect(questions.length).toBeGreaterThan(25);
    expect(denied(actingPolicy(role))).toEqual([]);
  });

  it("has no statement and no action that nothing sent needs", () => {
    const { Version, Statement } = actingPolicy(role);
    for (const statement of Statement) {
      const rest = Statement.filter((each) => each !== statement);
      for (const action of statement.Action) {
        const without = { ...statement, Action: statement.Action.filter((each) => each !== action) };
        expect(denied({ Version, Statement: [...rest, without] }), `${statement.Sid} ${action}`).not.toEqual([]);
      }
    }
  });

  it.each(["instance/", "volume/", "network-interface/", "spot-instances-request/"])(
    "denies a launch that does not tag its %s as of the fleet",
    (kind) => {
      const untagged = about("ec2:RunInstances", `:${kind}`).map((each) => ({ ...each, context: {} }));
      expect(untagged.length).toBeGreaterThan(0);
      expect(denied(actingPolicy(role), untagged)).toEqual(untagged);
      expect(denied(actingPolicy({ ...role, fleet: "search" }), about("ec2:RunInstances", `:${kind}`))).not.toEqual([]);
    },
  );

  it("denies another image, subnet, type, target group, role and service, and tags outside a launch", () => {
    const policy = actingPolicy(role);
    const another = (action: string, resource: string, change: Partial<Question>) => {
      const changed = about(action, resource).map((each) => ({ ...each, ...change }));
      expect(changed.length, action).toBeGreaterThan(0);
      expect(denied(policy, changed), action).toEqual(changed);
    };
    another("ec2:RunInstances", ":image/", { resource: `arn:aws:ec2:${region}::image/ami-ffffffffffffffff0` });
    another("ec2:RunInstances", ":subnet/", { resource: `arn:aws:ec2:${region}:${account}:subnet/subnet-ffffffff` });
    another("ec2:RunInstances", ":instance/", {
      context: { "aws:RequestTag/synkti:fleet": "chat", "ec2:InstanceType": "p5.48xlarge" },
    });
    another("elasticloadbalancing:RegisterTargets", "", { resource: `${role.targetGroupArn}0` });
    another("ssm:SendCommand", ":document/", { resource: "arn:aws:ssm:us-east-1::document/AWS-RunShellScript" });
    another("ssm:SendCommand", ":instance/", { context: { "ssm:resourceTag/synkti:fleet": "search" } });
    another("iam:PassRole", "", { resource: `arn:aws:iam::${account}:role/admin` });
    another("iam:PassRole", "", { context: { "iam:PassedToService": "lambda.amazonaws.com" } });
    another("ec2:CreateTags", "", { context: { "aws:RequestTag/synkti:fleet": "chat" } });
  });

  it("denies ending what is not tagged as of the fleet", () => {
    const [end] = about("ec2:TerminateInstances", "");
    for (const context of [{}, { "aws:ResourceTag/synkti:fleet": "search" }]) {
      expect(isAllowed(actingPolicy(role), { ...end!, context })).toBe(false);
    }
  });

  it("allows stopping and starting only where spares wait stopped", () => {
    const { stops: _, ...unstopped } = role;
    expect(denied(actingPolicy(unstopped)).map(({ action }) => action)).toEqual([
      "ec2:StopInstances",
      "ec2:StartInstances",
    ]);
  });

  it("names queue and store only where there are any, and wants the role of an instance profile", () => {
    const sids = (changes: Partial<RoleFor>) => actingPolicy({ ...role, ...changes }).Statement.map(({ Sid }) => Sid);
    expect(sids({})).not.toContain("Hear");
    expect(sids({ queueArn: "arn:aws:sqs:us-east-1:1:q", store: { bucket: "b", prefix: "chat/" } })).toEqual(
      expect.arrayContaining(["Hear", "Keep", "ListKept"]),
    );
    const { nodeRoleArn: _, ...without } = role;
    expect(() => actingPolicy(without)).toThrow("name its role");
  });

  it("is printed for a fleet's file, and what is missing for it is named", async () => {
    const folder = mkdtempSync(join(tmpdir(), "iam-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const fleet = join(folder, "fleet.yaml");
    writeFileSync(fleet, FLEET);
    const command = (...args: string[]) => start("orchestrator/main.ts", ["iam-policy", fleet, ...args]).ended;
    const printed = await command("--account", account, "--node-role", role.nodeRoleArn!);
    const shared = {
      queueArn: `arn:aws:sqs:${region}:${account}:notices`,
      store: { bucket: "fleet-state", prefix: "chat/" },
    };
    expect(JSON.parse(printed.out)).toEqual(actingPolicy({ ...role, ...shared, stops: false }));
    writeFileSync(
      fleet,
      FLEET.replace("even-spread,", "even-spread, wrappers: [{ name: with-standby, params: { stoppedOnDemand: 1 } }],"),
    );
    expect((await command("--account", account, "--node-role", role.nodeRoleArn!)).out).toContain("ec2:StopInstances");
    expect((await command("--account", account)).err).toContain("--node-role is missing");
    expect((await command("--account", "me")).err).toContain("--account me: expected 12 digits");
  }, 30_000);
});
