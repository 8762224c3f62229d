import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { AwsAccount } from "../../orchestrator/aws/account.ts";
import { Calls } from "../../orchestrator/aws/calls.ts";
import { Ec2Capacity, ec2Client } from "../../orchestrator/aws/ec2-capacity.ts";
import { ElbBalancer, elbClient } from "../../orchestrator/aws/elb-balancer.ts";
import { ServerClock } from "../../orchestrator/aws/server-clock.ts";
import type { Fleet } from "../../orchestrator/fleet-file.ts";
import type { WallClock } from "../../orchestrator/ports.ts";
import { preflight } from "../../orchestrator/preflight.ts";
import { SystemClock } from "../../orchestrator/system-clock.ts";
import { FakeEc2 } from "../doubles/fake-ec2.ts";
import { FakeElb } from "../doubles/fake-elb.ts";
import { MemoryStore } from "../doubles/memory-store.ts";

process.env.AWS_ACCESS_KEY_ID = "test";
process.env.AWS_SECRET_ACCESS_KEY = "test";

const region = "us-east-1";
const { signal } = new AbortController();
const markets = (["spot", "onDemand"] as const).map((capacityType) => ({
  instanceType: "g5.xlarge",
  region,
  zone: "us-east-1a",
  capacityType,
}));
const fleet = { file: { fleet: "chat" }, spec: { markets } } as unknown as Fleet;

let ec2: FakeEc2;
let elb: FakeElb;
beforeEach(async () => {
  ec2 = await new FakeEc2().start();
  elb = await new FakeElb().start();
});
afterEach(async () => {
  await ec2.stop();
  await elb.stop();
});

/** @param aheadS of the machine's clock */
async function look(aheadS = 0): Promise<string[]> {
  const real = new SystemClock();
  const clock: WallClock = {
    nowS: () => real.nowS(),
    wallMs: () => real.wallMs() + aheadS * 1000,
    sleepUntil: (timeS, until) => real.sleepUntil(timeS, until),
  };
  const calls = new Calls(clock, { random: () => 0 });
  const client = await ec2Client(region, ec2.url);
  const template = { imageId: "ami-1", subnets: {}, securityGroupIds: [] };
  const account = new Ec2Capacity({ client, calls, clock, region, fleet: "chat", template, pollS: 5, alarm: () => {} });
  const serverClock = new ServerClock(client, clock);
  const balancer = new ElbBalancer({
    client: await elbClient(region, elb.url),
    calls,
    targetGroupArn: `arn:aws:elasticloadbalancing:${region}:123456789012:targetgroup/t/0123456789abcdef`,
    port: 8000,
  });
  const ports = { account, balancer, store: new MemoryStore(), notices: [], serverClock } as unknown as AwsAccount;
  try {
    await preflight(ports, fleet, signal);
    return [];
  } catch (error) {
    expect((error as Error).name).toBe("PreflightError");
    return (error as Error).message.split("\n");
  }
}

describe("the look before anything is launched", () => {
  it("finds nothing where all is as it should be, and changes nothing", async () => {
    expect(await look()).toEqual([]);
    expect(ec2.instances).toEqual([]);
    const sent = new Set(ec2.calls.map((call) => `${call.get("Action")} ${call.get("DryRun") ?? ""}`));
    expect(sent).toEqual(new Set(["RunInstances true", "DescribeInstances "]));
  });

  it("names what may not be done, for each capacity type", async () => {
    ec2.faults.set("RunInstances", [{ code: "UnauthorizedOperation", status: 403 }, { code: "InvalidAMIID.NotFound" }]);
    expect(await look()).toEqual([
      "chat: RunInstances (spot): UnauthorizedOperation; allow what `iam-policy` prints for this fleet",
      "chat: RunInstances (onDemand): InvalidAMIID.NotFound; correct the template, or the markets",
    ]);
  });

  it("refuses a target group that lets go later than a notice leaves, and one that cannot be seen", async () => {
    elb.delayS = 300;
    expect(await look()).toEqual([
      "chat: deregistration_delay.timeout_seconds is 300, longer than a notice leaves; set it to 100 or less",
    ]);
    elb.faults.push("TargetGroupNotFound");
    expect(await look()).toEqual([
      "chat: the target group: DescribeTargetGroupAttributes: TargetGroupNotFound; correct region and names, or try again",
    ]);
  });

  it.each([
    [30, "ahead of"],
    [-30, "behind"],
  ])("refuses a clock that is wrong by %i s, since notices are told by EC2's", async (aheadS, how) => {
    const [fault, ...others] = await look(aheadS);
    expect(others).toEqual([]);
    expect(fault).toMatch(new RegExp(`^chat: the clock is (29|30|31) s ${how} EC2's; set it by the network's time$`));
  });
});
