import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Calls } from "../../../orchestrator/aws/calls.ts";
import { noticeOf, SqsNotices, sqsClient } from "../../../orchestrator/aws/sqs-notices.ts";
import type { Notice } from "../../../orchestrator/ports.ts";
import { SystemClock } from "../../../orchestrator/system-clock.ts";
import { describeMoto, Moto } from "../../doubles/moto.ts";
import { VirtualClock } from "../../doubles/virtual-clock.ts";

process.env.AWS_ACCESS_KEY_ID = "test";
process.env.AWS_SECRET_ACCESS_KEY = "test";

const WARNING = "EC2 Spot Instance Interruption Warning";
const event = (type: string, id: string, time = "2026-11-23T08:00:00Z", more: object = {}) =>
  JSON.stringify({
    version: "0",
    "detail-type": type,
    source: "aws.ec2",
    account: "123456789012",
    time,
    region: "us-east-1",
    resources: [`arn:aws:ec2:us-east-1b:instance/${id}`],
    detail: { "instance-id": id, "instance-action": "terminate" },
    ...more,
  });

describe("a message of EventBridge", () => {
  const clock = new VirtualClock(); // 08:00:00
  it("of an interruption is two minutes after its own time, as much as is left of them", async () => {
    await clock.advanceTo(12);
    expect(noticeOf(event(WARNING, "i-0123456789abcdef0"), clock)).toEqual({
      providerId: "i-0123456789abcdef0",
      reclaimS: 12 + 108,
    });
    expect(noticeOf(event(WARNING, "i-0123456789abcdef0", "2026-11-23T07:00:00Z"), clock)).toMatchObject({
      reclaimS: 12,
    });
  });

  it("of a recommendation has no time, and of a change of state is no notice", () => {
    const recommended = event("EC2 Instance Rebalance Recommendation", "i-0123456789abcdef0");
    expect(noticeOf(recommended, clock)).toMatchObject({ reclaimS: null });
    expect(noticeOf(event("EC2 Instance State-change Notification", "i-0123456789abcdef0"), clock)).toBe("other");
  });

  it.each([
    ["is no JSON", "hello"],
    ["is of another source", event(WARNING, "i-0123456789abcdef0", undefined, { source: "evil" })],
    ["names no instance", event(WARNING, "i-0123456789abcdef0", undefined, { detail: {} })],
    ["names an instance that is no name", event(WARNING, "i-0; rm -rf /")],
    ["has no time", event(WARNING, "i-0123456789abcdef0", "soon")],
  ])("that %s cannot be read", (_, body) => {
    expect(noticeOf(body, clock)).toBeUndefined();
  });
});

describeMoto("notices of SQS, over moto", () => {
  let moto: Moto;
  beforeAll(async () => {
    moto = await Moto.start();
  }, 60_000);
  afterAll(() => moto.stop());

  it("come in order, are gone once they are acknowledged, and what is no notice is gone at once", async () => {
    const client = await sqsClient("us-east-1", moto.url);
    const { CreateQueueCommand, GetQueueAttributesCommand, SendMessageCommand } = await import("@aws-sdk/client-sqs");
    const { QueueUrl } = await client.send(new CreateQueueCommand({ QueueName: "notices" }));
    const bodies = [
      event(WARNING, "i-0123456789abcdef0"),
      "not an event",
      event("EC2 Instance State-change Notification", "i-0123456789abcdef1"),
      event("EC2 Instance Rebalance Recommendation", "i-0123456789abcdef2"),
    ];
    for (const MessageBody of bodies) await client.send(new SendMessageCommand({ QueueUrl: QueueUrl!, MessageBody }));
    const clock = new SystemClock();
    const alarms: string[] = [];
    const calls = new Calls(clock, { random: Math.random });
    const notices = new SqsNotices({ client, calls, clock, queueUrl: QueueUrl!, alarm: (what) => alarms.push(what) });
    const over = new AbortController();
    const heard: Notice[] = [];
    for await (const notice of notices.stream(over.signal)) if (heard.push(notice) === 2) break;
    expect(heard.map(({ providerId }) => providerId)).toEqual(["i-0123456789abcdef0", "i-0123456789abcdef2"]);
    expect(alarms).toEqual(["a message of the queue cannot be read, and is deleted: not an event"]);
    const left = async () => {
      const AttributeNames = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"] as const;
      const { Attributes = {} } = await client.send(
        new GetQueueAttributesCommand({ QueueUrl: QueueUrl!, AttributeNames: [...AttributeNames] }),
      );
      return AttributeNames.reduce((sum, name) => sum + Number(Attributes[name]), 0);
    };
    await expect.poll(left).toBe(2); // the two notices, until they are acknowledged
    for (const { acknowledge } of heard) acknowledge!();
    await expect.poll(left).toBe(0);
    over.abort();
  }, 30_000);
});
