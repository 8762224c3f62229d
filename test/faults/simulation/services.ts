import type { Seconds } from "../../../policies/contract/units.ts";
import type { SimulatedEc2 } from "./ec2.ts";
import type { Process, VirtualTime } from "./virtual-time.ts";
import { AwsError, type Service } from "./wire.ts";

/** One target group of ELBv2. */
export class SimulatedElb implements Service {
  readonly name = "elb";
  readonly mutating: ReadonlySet<string> = new Set(["RegisterTargets", "DeregisterTargets"]);
  /** By instance: when requests began to be sent there. */
  readonly targets = new Map<string, Seconds>();
  /** When each was last deregistered. */
  readonly left = new Map<string, Seconds>();
  readonly #time: VirtualTime;
  readonly #ec2: SimulatedEc2;

  constructor(time: VirtualTime, ec2: SimulatedEc2) {
    this.#time = time;
    this.#ec2 = ec2;
  }

  apply(action: string, input: object): object {
    const [{ Id: id = "" } = {}] = (input as { Targets?: { Id?: string }[] }).Targets ?? [];
    switch (action) {
      case "RegisterTargets":
        if (this.#ec2.find(id)?.endedS !== undefined) throw new AwsError("InvalidTarget");
        if (!this.targets.has(id)) this.targets.set(id, this.#time.nowS);
        return {};
      case "DeregisterTargets":
        if (this.targets.delete(id)) this.left.set(id, this.#time.nowS);
        return {};
      case "DescribeTargetHealth": {
        const ids = id === "" ? [...this.targets.keys()] : [id];
        return { TargetHealthDescriptions: ids.map((each) => this.#health(each)) };
      }
      case "DescribeTargetGroupAttributes":
        return { Attributes: [{ Key: "deregistration_delay.timeout_seconds", Value: "60" }] };
      case "DescribeTargetGroups":
        return { TargetGroups: [{ HealthCheckIntervalSeconds: 5, UnhealthyThresholdCount: 2 }] };
      default:
        throw new Error(`nobody taught this double ${action}`);
    }
  }

  #health(id: string) {
    const sinceS = this.targets.get(id);
    const State =
      sinceS === undefined
        ? this.#time.nowS - (this.left.get(id) ?? -Infinity) < 60
          ? "draining"
          : "unused"
        : this.#time.nowS - sinceS < 5
          ? "initial"
          : "healthy";
    return { Target: { Id: id }, TargetHealth: { State } };
  }
}

interface Message {
  readonly body: string;
  readonly handle: string;
  visibleS: Seconds;
}

/** One queue of SQS: at least once, in no order, and handed out again when nobody has deleted it. */
export class SimulatedSqs implements Service {
  readonly name = "sqs";
  /** Reading and deleting what was read changes nothing of a fleet. */
  readonly mutating: ReadonlySet<string> = new Set();
  readonly #messages: Message[] = [];
  readonly #time: VirtualTime;
  #sent = 0;
  /** Who waits for a message. */
  #waiting: (() => void)[] = [];

  constructor(time: VirtualTime) {
    this.#time = time;
  }

  /** How many nobody has deleted. */
  get length(): number {
    return this.#messages.length;
  }

  send(body: string, visibleS = this.#time.nowS): void {
    this.#messages.push({ body, handle: String(this.#sent++), visibleS });
    this.#time.at(visibleS, () => {
      for (const wake of this.#waiting.splice(0)) wake();
    });
  }

  apply(action: string, input: object): object | Promise<object> {
    if (action === "ReceiveMessage")
      return this.#receive(input as { WaitTimeSeconds: Seconds; VisibilityTimeout: Seconds });
    if (action !== "DeleteMessage") throw new Error(`nobody taught this double ${action}`);
    const { ReceiptHandle } = input as { readonly ReceiptHandle: string };
    const at = this.#messages.findIndex(({ handle }) => handle === ReceiptHandle);
    if (at >= 0) this.#messages.splice(at, 1);
    return {};
  }

  #receive(question: {
    readonly WaitTimeSeconds: Seconds;
    readonly VisibilityTimeout: Seconds;
  }): object | Promise<object> {
    const found = this.#messages.filter(({ visibleS }) => visibleS <= this.#time.nowS).slice(0, 10);
    if (found.length > 0) {
      const againS = this.#time.nowS + question.VisibilityTimeout;
      for (const message of found) {
        message.visibleS = againS;
      }
      this.#time.at(againS, () => {
        for (const wake of this.#waiting.splice(0)) wake();
      });
      return { Messages: found.map(({ body, handle }) => ({ Body: body, ReceiptHandle: handle })) };
    }
    if (question.WaitTimeSeconds <= 0) return {};
    return new Promise((resolve) => {
      const untilS = this.#time.nowS + question.WaitTimeSeconds;
      const look = () => resolve(this.#receive({ ...question, WaitTimeSeconds: untilS - this.#time.nowS }));
      const takeBack = this.#time.at(untilS, () => {
        this.#waiting = this.#waiting.filter((each) => each !== wake);
        resolve({});
      });
      const wake = () => {
        takeBack();
        look();
      };
      this.#waiting.push(wake);
    });
  }
}

/** One bucket of S3. Source: "Conditional requests". */
export class SimulatedS3 implements Service {
  readonly name = "s3";
  /** What a controller writes here is about itself, and no change of a fleet. */
  readonly mutating: ReadonlySet<string> = new Set();
  readonly objects = new Map<string, { readonly text: string; readonly etag: string }>();
  /** Which process holds the lease, by what is stored; undefined: it was given back. */
  lease: { readonly by: Process } | undefined;
  readonly #time: VirtualTime;
  #writes = 0;

  constructor(time: VirtualTime) {
    this.#time = time;
  }

  apply(action: string, input: object, by: Process): object {
    const { Key = "", Prefix = "", Body, IfMatch, IfNoneMatch } = input as Readonly<Record<string, string | undefined>>;
    const stored = this.objects.get(Key);
    switch (action) {
      case "GetObject":
        if (stored === undefined) throw new AwsError("NoSuchKey", 404);
        return { ETag: stored.etag, Body: { transformToString: async () => stored.text } };
      case "PutObject": {
        if (IfNoneMatch === "*" && stored !== undefined) throw new AwsError("PreconditionFailed", 412);
        if (IfMatch !== undefined && stored === undefined) throw new AwsError("NoSuchKey", 404);
        if (IfMatch !== undefined && stored?.etag !== IfMatch) throw new AwsError("PreconditionFailed", 412);
        const etag = `"${++this.#writes}"`;
        this.objects.set(Key, { text: Body ?? "", etag });
        if (Key.endsWith("lease.json")) this.#leased(Body ?? "", by);
        return { ETag: etag };
      }
      case "DeleteObject":
        this.objects.delete(Key);
        return {};
      case "ListObjectsV2": {
        const keys = [...this.objects.keys()].filter((key) => key.startsWith(Prefix)).sort();
        return { Contents: keys.map((key) => ({ Key: key })) };
      }
      default:
        throw new Error(`nobody taught this double ${action}`);
    }
  }

  #leased(text: string, by: Process): void {
    const { holder, ttlS } = JSON.parse(text) as { readonly holder: string | null; readonly ttlS: Seconds };
    this.lease = holder === null ? undefined : { by };
    if (holder !== null) by.leasedUntilS = this.#time.nowS + ttlS;
  }
}
