import { afterAll, beforeAll, expect, it } from "vitest";
import { Calls } from "../../../orchestrator/aws/calls.ts";
import { Ec2Capacity, ec2Client } from "../../../orchestrator/aws/ec2-capacity.ts";
import type { MarketName } from "../../../orchestrator/ports.ts";
import { FakeEc2 } from "../../doubles/fake-ec2.ts";
import { describeMoto, Moto } from "../../doubles/moto.ts";
import { ScaledClock } from "../../doubles/scaled-clock.ts";
import { SimulatedPorts } from "../../parity/simulated-ports.ts";
import { handCloud, input, table } from "../../support/runs.ts";
import { type CapacityBench, capacityLaws } from "./capacity-laws.ts";

process.env.AWS_ACCESS_KEY_ID = "test";
process.env.AWS_SECRET_ACCESS_KEY = "test";

const region = "us-east-1";
const market = (zone: string): MarketName => ({ instanceType: "g5.xlarge", region, zone, capacityType: "spot" });

async function overHttp(
  url: string,
  imageId: string,
): Promise<Omit<CapacityBench, "reclaim" | "stop"> & { clock: ScaledClock }> {
  const clock = new ScaledClock(20);
  const capacity = new Ec2Capacity({
    client: await ec2Client(region, url),
    calls: new Calls(clock, { random: Math.random }),
    clock,
    region,
    fleet: "laws",
    template: { imageId, subnets: {}, securityGroupIds: [] },
    pollS: 2,
    alarm: () => {},
  });
  return { capacity, clock, open: market("us-east-1a"), full: market("us-east-1b"), until: (promise) => promise };
}

capacityLaws("EC2, over our own stateful double", async () => {
  const ec2 = await new FakeEc2().start();
  const bench = await overHttp(ec2.url, "ami-1");
  ec2.nowS = () => bench.clock.nowS();
  ec2.bootS = 5;
  ec2.lagS = 1;
  ec2.room.set("g5.xlarge us-east-1b", 0);
  return { ...bench, reclaim: (id) => ec2.reclaim(id), stop: () => ec2.stop() };
});

describeMoto("moto", () => {
  let moto: Moto;
  let imageId: string;
  beforeAll(async () => {
    moto = await Moto.start();
    const { DescribeImagesCommand } = await import("@aws-sdk/client-ec2");
    const { Images = [] } = await (await ec2Client(region, moto.url)).send(new DescribeImagesCommand({}));
    imageId = Images[0]!.ImageId!;
  }, 60_000);
  afterAll(() => moto.stop());

  capacityLaws(
    "EC2, over moto",
    async () => ({ ...(await overHttp(moto.url, imageId)), reclaim: () => {}, stop: () => Promise.resolve() }),
    {
      idempotent: "moto launches a second instance for a repeated token",
      refuses: "moto's capacity is endless",
      reclaims: "moto takes nothing back",
    },
  );

  it("is told what a fleet is by its tags, and finds nothing of another's", async () => {
    const { capacity } = await overHttp(moto.url, imageId);
    const signal = new AbortController().signal;
    const held = await (capacity as Ec2Capacity).describe(signal);
    expect(held.length).toBeGreaterThan(0);
    expect(new Set(held.map(({ tags }) => tags.fleet))).toEqual(new Set(["laws"]));
    expect(held[0]).toMatchObject({ market: market("us-east-1a"), tags: { run: "laws" } });
  });
});

capacityLaws("the simulated cloud", async () => {
  // Two zones for an hour: one with room for ten until the tenth minute, the other with none.
  const simulated = new SimulatedPorts(
    input({
      table: table(
        [
          {
            capacity: [
              [0, 10],
              [600, 0],
            ],
          },
          { capacity: [[0, 0]] },
        ],
        3600,
      ),
      cloud: { ...handCloud, visibility: "tried", slotsPerInstance: 1 },
    }),
    "laws",
  );
  const { capacity, clock } = simulated.ports({ append: async () => {} });
  const never = new AbortController().signal;
  const [open, full] = simulated.fleet.markets.map(({ instanceType, region, zone, capacityType }) => ({
    instanceType,
    region,
    zone,
    capacityType,
  }));
  return {
    capacity,
    open: open!,
    full: full!,
    reclaim: () => {}, // the trace does, in the tenth minute
    until: async (promise) => {
      let over = false;
      const end = () => {
        over = true;
      };
      promise.then(end, end);
      for (let step = 0; !over && step < 3600; step++) await clock.sleepUntil(clock.nowS() + 1, never);
      return promise;
    },
    stop: async () => {},
  };
});
