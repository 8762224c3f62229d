import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CodeDigests } from "../../experiments/closure.ts";
import { digestOf, sha256 } from "../../experiments/digest.ts";
import { ec2Client } from "../../orchestrator/aws/ec2-capacity.ts";
import { elbClient } from "../../orchestrator/aws/elb-balancer.ts";
import { s3Client } from "../../orchestrator/aws/s3-store.ts";
import { sqsClient } from "../../orchestrator/aws/sqs-notices.ts";
import { readFleet } from "../../orchestrator/fleet-file.ts";
import type { Stage } from "../../policies/manifest/stage.ts";
import { Moto } from "../doubles/moto.ts";
import { Routes } from "../doubles/routes.ts";
import { root } from "../rules/project-files.ts";

process.env.AWS_ACCESS_KEY_ID = "AKIATESTTESTTESTTEST";
process.env.AWS_SECRET_ACCESS_KEY = "very-secret-words";

const region = "us-east-1";

/** An account of moto with all that a fleet acts on, and one model server that stands for those of all instances. */
export class LiveAccount {
  readonly moto: Moto;
  readonly engine: Routes;
  readonly imageId: string;
  readonly targetGroupArn: string;
  readonly queueUrl: string;

  private constructor(moto: Moto, engine: Routes, imageId: string, targetGroupArn: string, queueUrl: string) {
    this.moto = moto;
    this.engine = engine;
    this.imageId = imageId;
    this.targetGroupArn = targetGroupArn;
    this.queueUrl = queueUrl;
  }

  static async start(): Promise<LiveAccount> {
    const moto = await Moto.start();
    const [{ DescribeImagesCommand, DescribeVpcsCommand }, elbSdk, { CreateBucketCommand }, { CreateQueueCommand }] =
      await Promise.all([
        import("@aws-sdk/client-ec2"),
        import("@aws-sdk/client-elastic-load-balancing-v2"),
        import("@aws-sdk/client-s3"),
        import("@aws-sdk/client-sqs"),
      ]);
    const ec2 = await ec2Client(region, moto.url);
    const { Images = [] } = await ec2.send(new DescribeImagesCommand({}));
    const { Vpcs = [] } = await ec2.send(new DescribeVpcsCommand({}));
    const elb = await elbClient(region, moto.url);
    const group = {
      Name: "chat",
      Protocol: "HTTP",
      Port: 8000,
      VpcId: Vpcs[0]!.VpcId!,
      HealthCheckIntervalSeconds: 5,
      UnhealthyThresholdCount: 2,
    } as const;
    const { TargetGroups = [] } = await elb.send(new elbSdk.CreateTargetGroupCommand(group));
    const { TargetGroupArn } = TargetGroups[0]!;
    const delay = { Key: "deregistration_delay.timeout_seconds", Value: "60" };
    await elb.send(
      new elbSdk.ModifyTargetGroupAttributesCommand({ TargetGroupArn: TargetGroupArn!, Attributes: [delay] }),
    );
    await (await s3Client(region, moto.url)).send(new CreateBucketCommand({ Bucket: "fleet-state" }));
    const { QueueUrl } = await (await sqsClient(region, moto.url)).send(
      new CreateQueueCommand({ QueueName: "notices" }),
    );
    const engine = await new Routes().start();
    engine.routes.set("GET /health", {});
    engine.routes.set("GET /v1/models", { text: '{"data":[{"id":"m"}]}' });
    engine.routes.set("POST /v1/completions", { text: "{}" });
    engine.routes.set("GET /metrics", { text: "vllm:num_requests_running 0\nvllm:num_requests_waiting 0\n" });
    return new LiveAccount(moto, engine, Images[0]!.ImageId!, TargetGroupArn!, QueueUrl!);
  }

  async stop(): Promise<void> {
    await this.engine.stop();
    await this.moto.stop();
  }

  /** Of a service on two zones of spot. */
  fleetText(service = "{ name: chat, replicas: 2 }"): string {
    return `fleet: chat
region: ${region}
markets:
  - { instanceType: g5.xlarge, zones: [us-east-1a, us-east-1b] }
service: ${service}
policy:
  scheduling: even-spread
  wrappers: [{ name: with-capacity-memory }]
  assignment: earliest-node
  failover: drain
  caps: { instances: 4 }
cadence: { onChange: true, everyS: 1 }
launch: { answerS: 0.1, bootS: 0.2, warmS: 0.2, warmAgainS: 0.1 }
template: { imageId: ${this.imageId} }
live:
  targetGroupArn: ${this.targetGroupArn}
  engine: { url: "${this.engine.url}", model: m }
  queueUrl: ${this.queueUrl}
  store: { bucket: fleet-state, prefix: chat/ }
  leaseS: 36
pollS: 1
pricesEveryS: 1
`;
  }

  /** What runs, by its tags. */
  async instances(): Promise<readonly { readonly id: string; readonly tags: Readonly<Record<string, string>> }[]> {
    const { DescribeInstancesCommand } = await import("@aws-sdk/client-ec2");
    const running = { Filters: [{ Name: "instance-state-name", Values: ["pending", "running"] }] };
    const { Reservations = [] } = await (await ec2Client(region, this.moto.url)).send(
      new DescribeInstancesCommand(running),
    );
    return Reservations.flatMap(({ Instances = [] }) => Instances).map(({ InstanceId = "", Tags = [] }) => ({
      id: InstanceId,
      tags: Object.fromEntries(Tags.map(({ Key = "", Value = "" }) => [Key, Value])),
    }));
  }

  /** What the balancer sends requests to. */
  async targets(): Promise<readonly string[]> {
    const { DescribeTargetHealthCommand } = await import("@aws-sdk/client-elastic-load-balancing-v2");
    const { TargetHealthDescriptions = [] } = await (await elbClient(region, this.moto.url)).send(
      new DescribeTargetHealthCommand({ TargetGroupArn: this.targetGroupArn }),
    );
    return TargetHealthDescriptions.flatMap(({ Target }) => Target?.Id ?? []).sort();
  }

  /** As EventBridge hands on that EC2 takes an instance back. */
  async notice(id: string): Promise<void> {
    const { SendMessageCommand } = await import("@aws-sdk/client-sqs");
    const MessageBody = JSON.stringify({
      "detail-type": "EC2 Spot Instance Interruption Warning",
      source: "aws.ec2",
      time: new Date().toISOString(),
      detail: { "instance-id": id, "instance-action": "terminate" },
    });
    await (await sqsClient(region, this.moto.url)).send(
      new SendMessageCommand({ QueueUrl: this.queueUrl, MessageBody }),
    );
  }
}

/** A manifest that holds for a fleet's file, as if its policy had passed all gates up to a stage. */
export async function writeManifestFor(fleetPath: string, stage: Stage, path: string): Promise<void> {
  const { file, sha256: fleetSha256 } = readFleet(fleetPath);
  const unsigned = {
    format: 1,
    policy: file.policy,
    cadence: file.cadence,
    codeSha256: await new CodeDigests(root, root).scenario(file.policy),
    lockfileSha256: sha256(readFileSync(join(root, "package-lock.json"))),
    traceSha256: [],
    seeds: [],
    looks: 1,
    metrics: {},
    gates: [],
    fleet: file.fleet,
    region: file.region,
    fleetSha256,
    expires: new Date(Date.now() + 3_600_000).toISOString(),
    stage,
  };
  writeFileSync(path, JSON.stringify({ ...unsigned, sha256: digestOf(unsigned) }));
}
