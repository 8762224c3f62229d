import type { EC2Client } from "@aws-sdk/client-ec2";
import type { ControllerPorts } from "../controller.ts";
import { type Fleet, FleetError, type FleetFile } from "../fleet-file.ts";
import { VllmFleet } from "../node/vllm-fleet.ts";
import type { WallClock } from "../ports.ts";
import { Lease } from "../store/lease.ts";
import { type Attempt, Calls } from "./calls.ts";
import { Ec2Capacity, ec2Client } from "./ec2-capacity.ts";
import { Ec2Prices } from "./ec2-prices.ts";
import { Ec2Standby } from "./ec2-standby.ts";
import { ElbBalancer, elbClient } from "./elb-balancer.ts";
import { S3Store, s3Client } from "./s3-store.ts";
import { ServerClock } from "./server-clock.ts";
import { SqsNotices, sqsClient } from "./sqs-notices.ts";

export interface AccountOptions {
  readonly fleet: Fleet;
  readonly clock: WallClock;
  /** Another name for every process. */
  readonly holder: string;
  /** Of a double of AWS. */
  readonly endpoint?: string;
  readonly onAttempt: (attempt: Attempt) => void;
  readonly alarm: (what: string) => void;
}

/** The ports of a controller over AWS, as their own types where a check before the start asks more of them. */
export interface AwsAccount extends Omit<ControllerPorts, "disk"> {
  readonly account: Ec2Capacity;
  readonly balancer: ElbBalancer;
  readonly notices: readonly SqsNotices[];
  /** What EC2 said of the time. */
  readonly serverClock: ServerClock;
  close(): void;
}

/** @throws FleetError when the fleet's file does not say where to act */
export function actingParts({ file }: Fleet): Required<Pick<FleetFile, "live" | "template">> {
  const { live, template } = file;
  if (live === undefined) throw new FleetError(`${file.fleet}: live is missing; say where it acts`);
  if (template === undefined)
    throw new FleetError(`${file.fleet}: template is missing; say what instances are made of`);
  return { live, template };
}

/** Everything that goes out to one account, for one fleet. Changes wait for the lease, the lease for nothing. */
export async function awsAccount(options: AccountOptions): Promise<AwsAccount> {
  const { fleet, clock, holder, endpoint, onAttempt, alarm } = options;
  const { file, spec, onDemandUsdPerHour } = fleet;
  const { region } = file;
  const { live, template } = actingParts(fleet);
  const random = Math.random;
  const [ec2, elb, s3, sqs] = await Promise.all([
    ec2Client(region, endpoint),
    elbClient(region, endpoint),
    s3Client(region, endpoint),
    sqsClient(region, endpoint),
  ]);
  const { bucket, prefix } = live.store;
  const store = new S3Store(s3, new Calls(clock, { random, onAttempt }), bucket, prefix);
  const lease = new Lease({ store, clock, holder, ttlS: live.leaseS });
  const calls = new Calls(clock, { random, onAttempt, mayChangeUntilS: () => lease.heldUntilS });
  const account = new Ec2Capacity({
    client: ec2,
    calls,
    clock,
    region,
    fleet: file.fleet,
    template,
    pollS: file.pollS,
    alarm,
  });
  const { url, port, model } = live.engine;
  return {
    clock,
    account,
    standby: new Ec2Standby(ec2, calls),
    balancer: new ElbBalancer({ client: elb, calls, targetGroupArn: live.targetGroupArn, port }),
    notices:
      live.queueUrl === undefined
        ? []
        : [new SqsNotices({ client: sqs, calls, clock, queueUrl: live.queueUrl, alarm })],
    engine: new VllmFleet(url, model, (providerId) => account.addressOf(providerId)),
    prices: new Ec2Prices({
      client: ec2,
      calls,
      clock,
      markets: spec.markets,
      onDemandUsdPerHour,
      everyS: file.pricesEveryS,
      alarm,
    }),
    lease,
    store,
    serverClock: new ServerClock(ec2 as EC2Client, clock),
    close: () => {
      for (const client of [ec2, elb, s3, sqs]) client.destroy();
    },
  };
}
