import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Calls } from "../../../orchestrator/aws/calls.ts";
import { ElbBalancer, elbClient } from "../../../orchestrator/aws/elb-balancer.ts";
import { FakeElb } from "../../doubles/fake-elb.ts";
import { describeMoto, Moto } from "../../doubles/moto.ts";
import { ScaledClock } from "../../doubles/scaled-clock.ts";

process.env.AWS_ACCESS_KEY_ID = "test";
process.env.AWS_SECRET_ACCESS_KEY = "test";

const region = "us-east-1";
const { signal } = new AbortController();
const ARN = `arn:aws:elasticloadbalancing:${region}:123456789012:targetgroup/t/0123456789abcdef`;

async function balancerAt(url: string, clock: ScaledClock, targetGroupArn = ARN): Promise<ElbBalancer> {
  const calls = new Calls(clock, { random: () => 0.1 });
  return new ElbBalancer({ client: await elbClient(region, url), calls, targetGroupArn, port: 8000 });
}

// The simulated cloud's balancer has no life of its own: parity tests run it.

/** Known differences are skipped with their reason. */
function balancerLaws(make: () => Promise<{ balancer: ElbBalancer; replica: string }>, slow?: string): void {
  it("registers a replica, and registering it again is done too", async () => {
    const { balancer, replica } = await make();
    await balancer.register(replica, signal);
    await balancer.register(replica, signal);
    expect(["initial", "healthy", "unused"]).toContain(await balancer.health(replica, signal));
  });

  it("deregisters a replica, one that is deregistered and one that never was", async () => {
    const { balancer, replica } = await make();
    await balancer.register(replica, signal);
    await balancer.deregister(replica, signal);
    await balancer.deregister(replica, signal);
    await balancer.deregister("i-0123456789abcdef9", signal);
    expect(["draining", "unused"]).toContain(await balancer.health(replica, signal));
  });

  it.skipIf(slow !== undefined)(
    `does not take a new replica for healthy at once, and lets a leaving one drain${slow === undefined ? "" : ` (${slow})`}`,
    async () => {
      const { balancer, replica } = await make();
      await balancer.register(replica, signal);
      expect(await balancer.health(replica, signal)).toBe("initial");
      while ((await balancer.health(replica, signal)) === "initial");
      expect(await balancer.health(replica, signal)).toBe("healthy");
      await balancer.deregister(replica, signal);
      expect(await balancer.health(replica, signal)).toBe("draining");
    },
  );
}

describe("the balancer ELBv2, over our own stateful double", () => {
  let elb: FakeElb;
  let balancer: ElbBalancer;
  beforeEach(async () => {
    elb = await new FakeElb().start();
    const clock = new ScaledClock(20);
    elb.nowS = () => clock.nowS();
    balancer = await balancerAt(elb.url, clock);
  });
  afterEach(() => elb.stop());
  balancerLaws(async () => ({ balancer, replica: "i-0123456789abcdef0" }));

  it("goes on registering and deregistering through failures, throttling and a denial (fault 15)", async () => {
    elb.faults.push("InternalFailure", "Throttling", "AccessDenied");
    await balancer.register("i-0123456789abcdef0", signal);
    elb.faults.push("AccessDenied", "InternalFailure");
    await balancer.deregister("i-0123456789abcdef0", signal);
    expect(await balancer.health("i-0123456789abcdef0", signal)).toBe("draining");
  });

  it("has nothing to do for a replica that has ended meanwhile", async () => {
    elb.faults.push("InvalidTarget", "InvalidTarget");
    expect(await balancer.register("i-0123456789abcdef0", signal)).toBe("absent");
    expect(await balancer.deregister("i-0123456789abcdef0", signal)).toBe("absent");
  });

  it("does not know a health that it cannot ask for", async () => {
    elb.faults.push(...Array(50).fill("AccessDenied"));
    expect(await balancer.health("i-0123456789abcdef0", signal)).toBe("unknown");
  });

  it("finds a target group that lets go too late for a notice, or asks too seldom, and says what to set", async () => {
    expect(await balancer.faults(signal)).toEqual([]);
    elb.delayS = 300;
    elb.intervalS = 30;
    expect(await balancer.faults(signal)).toEqual([
      "deregistration_delay.timeout_seconds is 300, longer than a notice leaves; set it to 100 or less",
      "the health check takes 30 s x 2 to stop traffic; set interval and unhealthy threshold to 15 s or less together, such as 5 and 2",
    ]);
  });
});

describeMoto("the balancer ELBv2, over moto", () => {
  let moto: Moto;
  let balancer: ElbBalancer;
  let replica: string;
  beforeAll(async () => {
    moto = await Moto.start();
    const { EC2Client, DescribeImagesCommand, DescribeVpcsCommand, RunInstancesCommand } = await import(
      "@aws-sdk/client-ec2"
    );
    const ec2 = new EC2Client({ region, endpoint: moto.url });
    const { Images = [] } = await ec2.send(new DescribeImagesCommand({}));
    const { Vpcs = [] } = await ec2.send(new DescribeVpcsCommand({}));
    const launch = new RunInstancesCommand({ ImageId: Images[0]!.ImageId!, MinCount: 1, MaxCount: 1 });
    replica = (await ec2.send(launch)).Instances![0]!.InstanceId!;
    const { CreateTargetGroupCommand } = await import("@aws-sdk/client-elastic-load-balancing-v2");
    const group = new CreateTargetGroupCommand({ Name: "t", Protocol: "HTTP", Port: 8000, VpcId: Vpcs[0]!.VpcId! });
    const { TargetGroups = [] } = await (await elbClient(region, moto.url)).send(group);
    balancer = await balancerAt(moto.url, new ScaledClock(20), TargetGroups[0]!.TargetGroupArn!);
  }, 60_000);
  afterAll(() => moto.stop());
  balancerLaws(async () => ({ balancer, replica }), "moto's targets are healthy at once and unused at once");

  it("finds that a group as it is made lets go too late for a notice", async () => {
    expect((await balancer.faults(signal))[0]).toContain("longer than a notice leaves; set it to 100 or less");
  });
});
