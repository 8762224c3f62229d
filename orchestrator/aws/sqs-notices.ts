import type { Message, SQSClient } from "@aws-sdk/client-sqs";
import { z } from "zod";
import type { Seconds } from "../../policies/contract/units.ts";
import { secondsLeft } from "../node/imds.ts";
import type { Notice, Notices, WallClock } from "../ports.ts";
import { CallFailure, type Calls } from "./calls.ts";

export interface SqsOptions {
  readonly client: SQSClient;
  readonly calls: Calls;
  readonly clock: WallClock;
  readonly queueUrl: string;
  readonly alarm: (what: string) => void;
}

/** As AWS's node termination handler has them: a question waits so long for an answer, and what was handed out comes again after it. */
const WAIT_S = 20;
const VISIBLE_AGAIN_S = 20;
/** One attempt takes longer than the wait: a question that waits its whole time is no failure. */
const ASK_S = WAIT_S + 5;
/** The event of a notice has no end time. Source: AWS, "Spot Instance interruption notices": two minutes after it. */
const NOTICE_MS = 120_000;

/** Notices of a whole account and region, as EventBridge puts them into a queue. What is not of our fleet is the loop's to tell. */
export class SqsNotices implements Notices {
  readonly #options: SqsOptions;

  constructor(options: SqsOptions) {
    this.#options = options;
  }

  /** Whether the queue can be read. What is there stays. @throws CallFailure when it cannot */
  async heard(signal: AbortSignal): Promise<void> {
    const { client, calls, queueUrl } = this.#options;
    const { ReceiveMessageCommand } = await import("@aws-sdk/client-sqs");
    const glance = { QueueUrl: queueUrl, MaxNumberOfMessages: 1, WaitTimeSeconds: 0, VisibilityTimeout: 0 };
    await calls.call({ name: "ReceiveMessage", kind: "read", withinS: ASK_S }, signal, (abortSignal) =>
      client.send(new ReceiveMessageCommand(glance), { abortSignal }),
    );
  }

  /** A message is deleted when its notice is acknowledged; until then it comes again. */
  async *stream(signal: AbortSignal): AsyncGenerator<Notice> {
    const { client, calls, clock, queueUrl, alarm } = this.#options;
    const { ReceiveMessageCommand } = await import("@aws-sdk/client-sqs");
    const question = {
      QueueUrl: queueUrl,
      MaxNumberOfMessages: 10,
      WaitTimeSeconds: WAIT_S,
      VisibilityTimeout: VISIBLE_AGAIN_S,
    };
    while (!signal.aborted) {
      try {
        const { Messages = [] } = await calls.call(
          { name: "ReceiveMessage", kind: "read", withinS: 60, attemptS: ASK_S },
          signal,
          (abortSignal) => client.send(new ReceiveMessageCommand(question), { abortSignal }),
        );
        for (const message of Messages) {
          const said = noticeOf(message.Body ?? "", clock);
          if (said === undefined) {
            alarm(`a message of the queue cannot be read, and is deleted: ${(message.Body ?? "").slice(0, 200)}`);
          }
          if (said === undefined || said === "other") this.#delete(message, signal);
          else yield { ...said, acknowledge: () => this.#delete(message, signal) };
        }
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof CallFailure)) throw error;
        alarm(`notices are not heard: ${error.message}`);
        await clock.sleepUntil(clock.nowS() + 5, signal);
      }
    }
  }

  /** What could not be deleted comes again, and says nothing new. */
  async #delete({ ReceiptHandle }: Message, signal: AbortSignal): Promise<void> {
    const { client, calls, queueUrl, alarm } = this.#options;
    const { DeleteMessageCommand } = await import("@aws-sdk/client-sqs");
    const gone = { QueueUrl: queueUrl, ReceiptHandle };
    await calls
      .call({ name: "DeleteMessage", kind: "safety", withinS: 30 }, signal, (abortSignal) =>
        client.send(new DeleteMessageCommand(gone), { abortSignal }),
      )
      .catch((error: unknown) => {
        if (!signal.aborted) alarm(`a message was not deleted: ${error}`);
      });
  }
}

const event = z.object({
  "detail-type": z.string(),
  source: z.string(),
  time: z.string(),
  detail: z.object({ "instance-id": z.string().regex(/^i-[0-9a-f]{8,17}$/) }),
});

/**
 * What a message of EventBridge says: a notice, its time in ours; "other" for an event that is none; undefined for what cannot be read.
 * Only `detail` names the instance: the ARN under `resources` has the zone where the region belongs.
 */
export function noticeOf(
  body: string,
  clock: WallClock,
): { providerId: string; reclaimS: Seconds | null } | "other" | undefined {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return undefined;
  }
  const { success, data } = event.safeParse(json);
  if (!success || data.source !== "aws.ec2") return undefined;
  const providerId = data.detail["instance-id"];
  const atMs = Date.parse(data.time);
  switch (data["detail-type"]) {
    case "EC2 Spot Instance Interruption Warning":
      if (Number.isNaN(atMs)) return undefined;
      return { providerId, reclaimS: clock.nowS() + secondsLeft(atMs + NOTICE_MS, clock.wallMs(), undefined) };
    case "EC2 Instance Rebalance Recommendation":
      return { providerId, reclaimS: null };
    default:
      return "other";
  }
}

/** A client whose calls end up on our own retries and deadlines alone. */
export async function sqsClient(region: string, endpoint?: string): Promise<SQSClient> {
  const { SQSClient } = await import("@aws-sdk/client-sqs");
  return new SQSClient({ region, maxAttempts: 1, ...(endpoint === undefined ? {} : { endpoint }) });
}
