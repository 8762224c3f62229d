import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Calls } from "../../../orchestrator/aws/calls.ts";
import { Ec2Capacity, ec2Client } from "../../../orchestrator/aws/ec2-capacity.ts";
import { Ec2Standby } from "../../../orchestrator/aws/ec2-standby.ts";
import type { MarketName } from "../../../orchestrator/ports.ts";
import { FakeEc2 } from "../../doubles/fake-ec2.ts";
import { describeMoto, Moto } from "../../doubles/moto.ts";
import { ScaledClock } from "../../doubles/scaled-clock.ts";

process.env.AWS_ACCESS_KEY_ID = "test";
process.env.AWS_SECRET_ACCESS_KEY = "test";

const region = "us-east-1";
const { signal } = new AbortController();
const spare: MarketName = { instanceType: "g5.xlarge", region, zone: "us-east-1a", capacityType: "onDemand" };

async function standbyAt(url: string, clock: ScaledClock, imageId: string) {
  const client = await ec2Client(region, url);
  const calls = new Calls(clock, { random: () => 0.1 });
  const template = { imageId, subnets: {}, securityGroupIds: [] };
  const capacity = new Ec2Capacity({
    client,
    calls,
    clock,
    region,
    fleet: "laws",
    template,
    pollS: 1,
    alarm: () => {},
  });
  const granted = await capacity.launch({ market: spare, clientToken: url, tags: { run: "laws" } }, signal);
  if (!granted.ok) throw new Error("refused");
  return { standby: new Ec2Standby(client, calls), capacity, id: granted.providerId };
}

// The simulated cloud's stopped spares are run by parity tests.

type Bench = Awaited<ReturnType<typeof standbyAt>>;
function standbyLaws(make: () => Bench): void {
  it("stops a spare, stops it again, and starts it, started or not; it keeps its name and is not taken for ended", async () => {
    const { standby, capacity, id } = make();
    const state = async () => (await capacity.describe(signal)).find(({ providerId }) => providerId === id)?.state;
    expect(await standby.stop(id, signal)).toBe("done");
    expect(await standby.stop(id, signal)).toBe("done");
    expect(await state()).toBe("stopped");
    expect(await standby.start(id, signal)).toEqual({ ok: true, providerId: id });
    expect(await standby.start(id, signal)).toEqual({ ok: true, providerId: id });
    expect(["pending", "running"]).toContain(await state());
  });

  it("of what nobody knows says so", async () => {
    const { standby } = make();
    expect(await standby.stop("i-0123456789abcdef0", signal)).toBe("absent");
    expect(await standby.start("i-0123456789abcdef0", signal)).toMatchObject({ ok: false, reason: "lost" });
  });
}

describe("standby on EC2, over our own stateful double", () => {
  let ec2: FakeEc2;
  let bench: Bench;
  beforeEach(async () => {
    const clock = new ScaledClock(20);
    ec2 = await new FakeEc2().start();
    ec2.nowS = () => clock.nowS();
    ec2.bootS = 5;
    bench = await standbyAt(ec2.url, clock, "ami-1");
  });
  afterEach(() => ec2.stop());
  standbyLaws(() => bench);

  it("a start may be refused, and the spare is stopped then as before (fault 32)", async () => {
    const { standby, id } = bench;
    await standby.stop(id, signal);
    ec2.room.set("g5.xlarge us-east-1a", 0);
    expect(await standby.start(id, signal)).toMatchObject({ ok: false, reason: "capacity", scope: "market" });
    ec2.room.clear();
    expect(await standby.start(id, signal)).toMatchObject({ ok: true });
  });

  it("reports the next life of a spare as it did its first: billed once it runs again", async () => {
    const { standby, capacity, id } = bench;
    const reports: string[] = [];
    const over = new AbortController();
    for await (const { status } of capacity.instances(over.signal, [])) {
      if (reports.push(status) === 2) break;
      await standby.stop(id, signal);
      setTimeout(() => standby.start(id, signal), 100);
    }
    expect(reports).toEqual(["warming", "warming"]);
    over.abort();
  });
});

describeMoto("standby on EC2, over moto", () => {
  let moto: Moto;
  let bench: Bench;
  beforeAll(async () => {
    moto = await Moto.start();
    const { DescribeImagesCommand } = await import("@aws-sdk/client-ec2");
    const { Images = [] } = await (await ec2Client(region, moto.url)).send(new DescribeImagesCommand({}));
    bench = await standbyAt(moto.url, new ScaledClock(20), Images[0]!.ImageId!);
  }, 60_000);
  afterAll(() => moto.stop());
  standbyLaws(() => bench);
});
