import type { EC2Client } from "@aws-sdk/client-ec2";
import type { ElasticLoadBalancingV2Client } from "@aws-sdk/client-elastic-load-balancing-v2";
import type { S3Client } from "@aws-sdk/client-s3";
import type { SQSClient } from "@aws-sdk/client-sqs";
import seedrandom from "seedrandom";
import { Calls } from "../../../orchestrator/aws/calls.ts";
import { Ec2Capacity } from "../../../orchestrator/aws/ec2-capacity.ts";
import { Ec2Prices } from "../../../orchestrator/aws/ec2-prices.ts";
import { Ec2Standby } from "../../../orchestrator/aws/ec2-standby.ts";
import { ElbBalancer } from "../../../orchestrator/aws/elb-balancer.ts";
import { S3Store } from "../../../orchestrator/aws/s3-store.ts";
import { SqsNotices } from "../../../orchestrator/aws/sqs-notices.ts";
import { runController } from "../../../orchestrator/controller.ts";
import { Lease } from "../../../orchestrator/store/lease.ts";
import type { Seconds } from "../../../policies/contract/units.ts";
import type { Program } from "./controllers.ts";
import type { Plan } from "./plan.ts";
import { FLEET, REGION, TYPE } from "./world.ts";

/** The SDK is loaded with a first call, which takes time that no simulated clock sees. */
export async function loadClients(): Promise<void> {
  await Promise.all([
    import("@aws-sdk/client-ec2"),
    import("@aws-sdk/client-elastic-load-balancing-v2"),
    import("@aws-sdk/client-s3"),
    import("@aws-sdk/client-sqs"),
  ]);
}

const TTL_S: Seconds = 150;

/** The controller as the command assembles it, over clients of the simulated services instead of AWS's. */
export const controller =
  ({ seed, scenario, zones, replicas }: Plan, tell: (what: string) => void): Program =>
  async (world, process, host, ambush) => {
    const { clock } = process;
    const { signal } = new AbortController();
    const client = <Client>(service: (typeof world)["ec2" | "elb" | "sqs" | "s3"]) =>
      world.wire.client<Client>(service, process);
    const random = seedrandom.alea(`${seed}/process ${process.id}`) as unknown as () => number;
    const alarm = (what: string) => tell(`process ${process.id} alarm: ${what}`);
    const store = new S3Store(client<S3Client>(world.s3), new Calls(clock, { random }), "fleets", "chat/");
    const lease = new Lease({ store, clock, holder: `process ${process.id}`, ttlS: TTL_S });
    const calls = new Calls(clock, { random, mayChangeUntilS: () => lease.heldUntilS });
    const ec2 = client<EC2Client>(world.ec2);
    const markets = zones.flatMap((zone) =>
      (["spot", "onDemand"] as const).map((capacityType) => ({
        instanceType: TYPE,
        region: REGION,
        zone,
        capacityType,
      })),
    );
    const capacity = new Ec2Capacity({
      client: ec2,
      calls,
      clock,
      region: REGION,
      fleet: FLEET,
      template: { imageId: "ami-0123456789abcdef0", subnets: {}, securityGroupIds: [] },
      pollS: 40,
      alarm,
    });
    await runController({
      ports: {
        clock,
        account: capacity,
        standby: new Ec2Standby(ec2, calls),
        balancer: new ElbBalancer({
          client: client<ElasticLoadBalancingV2Client>(world.elb),
          calls,
          targetGroupArn: "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/t/0123456789abcdef",
          port: 8000,
        }),
        notices: [
          new SqsNotices({ client: client<SQSClient>(world.sqs), calls, clock, queueUrl: "https://queue", alarm }),
        ],
        engine: { ready: (id) => world.ready(id), load: (id) => world.load(id) },
        prices: new Ec2Prices({
          client: ec2,
          calls,
          clock,
          markets,
          onDemandUsdPerHour: { [TYPE]: 1.006 },
          everyS: 300,
          alarm,
        }),
        lease,
        store,
        disk: async () => host.disk.open(process, ambush),
      },
      fleet: {
        name: FLEET,
        spec: {
          markets: markets.map((market) => ({ ...market, slots: 1, gpuMemoryMiB: 24_000, networkMiBPerS: 1_000 })),
          launch: { answerS: 5, bootS: 40, warmS: 120, warmAgainS: 50 },
        },
        service: { name: "chat", replicas },
        policy: scenario,
        cadence: { onChange: true, everyS: 600 },
      },
      renewS: TTL_S / 3,
      alarm,
      signal,
    });
  };
