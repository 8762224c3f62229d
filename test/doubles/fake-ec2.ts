import type { IncomingMessage, ServerResponse } from "node:http";
import { HttpDouble } from "./http-double.ts";

type Fault = "hang" | "reset" | "apply, then hang" | { readonly code: string; readonly status?: number };
type Tags = Readonly<Record<string, string>>;

interface FakeInstance {
  readonly id: string;
  readonly token: string;
  readonly type: string;
  readonly zone: string;
  readonly spot: boolean;
  /** Of its present life. */
  launchedS: number;
  stoppedS?: number;
  tags: Tags;
  ended?: { readonly reason: string };
}

/**
 * EC2 as AWS documents it, over HTTP: capacity by market, idempotent tokens, statuses that take time, descriptions that lag, and the
 * faults that a test orders. Its time is handed in. Sources: API reference of RunInstances, TerminateInstances, DescribeInstances,
 * DescribeSpotPriceHistory; "Ensuring idempotency"; "Eventual consistency".
 */
export class FakeEc2 extends HttpDouble {
  nowS: () => number = () => 0;
  bootS = 30;
  /** How long it takes to stop. */
  stopS = 20;
  /** How long what was launched stays undescribed. */
  lagS = 0;
  /** How many more are granted, by "type zone"; absent: any number. */
  readonly room = new Map<string, number>();
  /** Types and zones that are not offered. */
  readonly unsupported = new Set<string>();
  /** How many instances of one capacity type may be held at a time. */
  quota = Infinity;
  readonly instances: FakeInstance[] = [];
  /** Faults of the next calls, by action. */
  readonly faults = new Map<string, Fault[]>();
  readonly prices: { type: string; zone: string; usd: string; time: string }[] = [];
  /** Every call, in order. */
  readonly calls: URLSearchParams[] = [];
  readonly #requests = new Map<string, string>();

  count(action: string): number {
    return this.calls.filter((call) => call.get("Action") === action).length;
  }

  get live(): readonly FakeInstance[] {
    return this.instances.filter(({ ended }) => ended === undefined);
  }

  /** EC2 takes it back. */
  reclaim(id: string): void {
    this.#instance(id).ended = { reason: "Server.SpotInstanceTermination" };
  }

  retag(id: string, tags: Tags): void {
    this.#instance(id).tags = tags;
  }

  #instance(id: string): FakeInstance {
    const found = this.instances.find((instance) => instance.id === id);
    if (found === undefined) throw new Error(`no instance ${id}`);
    return found;
  }

  protected override answer(request: IncomingMessage, body: string, response: ServerResponse): void {
    const call = new URLSearchParams(body);
    const action = call.get("Action") ?? "";
    this.calls.push(call);
    const fault = this.faults.get(action)?.shift();
    if (fault === "hang") return;
    if (fault === "reset") return void request.socket.destroy();
    if (fault === "apply, then hang") return void this.#apply(action, call);
    const answer = fault === undefined ? this.#apply(action, call) : error(fault.code, fault.status);
    response.writeHead(answer.status, { "content-type": "text/xml" }).end(answer.body);
  }

  #apply(action: string, call: URLSearchParams): Answer {
    switch (action) {
      case "RunInstances":
        return this.#run(call);
      case "DescribeInstances":
        return this.#describe(call);
      case "TerminateInstances":
        return this.#terminate(call);
      case "StopInstances":
        return this.#stop(call);
      case "StartInstances":
        return this.#start(call);
      case "DescribeSpotPriceHistory":
        return this.#priceHistory(call);
      default:
        return error("InvalidAction");
    }
  }

  #run(call: URLSearchParams): Answer {
    if (call.get("DryRun") === "true") return error("DryRunOperation", 412);
    const type = call.get("InstanceType")!;
    const zone = call.get("Placement.AvailabilityZone")!;
    const spot = call.get("InstanceMarketOptions.MarketType") === "spot";
    const token = call.get("ClientToken")!;
    const before = this.instances.find((instance) => instance.token === token);
    if (before !== undefined) {
      if (this.#requests.get(token) !== call.toString()) return error("IdempotentParameterMismatch");
      if (before.ended) return error("IdempotentInstanceTerminated");
      return ok("RunInstances", `<instancesSet>${this.#xml(before)}</instancesSet>`);
    }
    if (this.unsupported.has(`${type} ${zone}`)) return error("Unsupported");
    if (this.live.filter((instance) => instance.spot === spot).length >= this.quota) {
      return error(spot ? "MaxSpotInstanceCountExceeded" : "VcpuLimitExceeded");
    }
    const room = this.room.get(`${type} ${zone}`) ?? Infinity;
    if (room < 1) return error("InsufficientInstanceCapacity", 500);
    this.room.set(`${type} ${zone}`, room - 1);
    const tags: Record<string, string> = {};
    for (let n = 1; call.has(`TagSpecification.${n}.ResourceType`); n++) {
      if (call.get(`TagSpecification.${n}.ResourceType`) !== "instance") continue;
      for (let t = 1; call.has(`TagSpecification.${n}.Tag.${t}.Key`); t++) {
        tags[call.get(`TagSpecification.${n}.Tag.${t}.Key`)!] = call.get(`TagSpecification.${n}.Tag.${t}.Value`)!;
      }
    }
    const id = `i-${(this.instances.length + 0xa1).toString(16).padStart(17, "0")}`;
    const instance: FakeInstance = { id, token, type, zone, spot, launchedS: this.nowS(), tags };
    this.instances.push(instance);
    this.#requests.set(token, call.toString());
    return ok("RunInstances", `<instancesSet>${this.#xml(instance)}</instancesSet>`);
  }

  #describe(call: URLSearchParams): Answer {
    const wanted = call.get("InstanceId.1");
    const seen = this.instances.filter(({ launchedS }) => this.nowS() - launchedS >= this.lagS);
    if (wanted !== null && !seen.some(({ id }) => id === wanted)) return error("InvalidInstanceID.NotFound");
    const filters: (readonly [name: string, values: readonly string[]])[] = [];
    for (let n = 1; call.has(`Filter.${n}.Name`); n++) {
      const values = [...call].flatMap(([key, value]) => (key.startsWith(`Filter.${n}.Value.`) ? [value] : []));
      filters.push([call.get(`Filter.${n}.Name`)!, values]);
    }
    const matching = seen.filter(
      ({ id, tags }) =>
        (wanted === null || id === wanted) &&
        filters.every(([name, values]) =>
          values.includes(name === "instance-id" ? id : (tags[name.replace(/^tag:/, "")] ?? "")),
        ),
    );
    const sets = matching.map((each) => `<item><instancesSet>${this.#xml(each)}</instancesSet></item>`);
    return ok("DescribeInstances", `<reservationSet>${sets.join("")}</reservationSet>`);
  }

  #terminate(call: URLSearchParams): Answer {
    const found = this.instances.find(({ id }) => id === call.get("InstanceId.1"));
    if (found === undefined) return error("InvalidInstanceID.NotFound");
    found.ended ??= { reason: "Client.UserInitiatedShutdown" };
    return ok("TerminateInstances", `<instancesSet>${this.#xml(found)}</instancesSet>`);
  }

  #stop(call: URLSearchParams): Answer {
    const found = this.instances.find(({ id }) => id === call.get("InstanceId.1"));
    if (found === undefined) return error("InvalidInstanceID.NotFound");
    if (found.spot) return error("UnsupportedOperation"); // of a one-time request
    found.stoppedS ??= this.nowS();
    return ok("StopInstances", "");
  }

  #start(call: URLSearchParams): Answer {
    const found = this.instances.find(({ id }) => id === call.get("InstanceId.1"));
    if (found === undefined) return error("InvalidInstanceID.NotFound");
    if (found.stoppedS === undefined) return ok("StartInstances", "");
    if (this.nowS() - found.stoppedS < this.stopS) return error("IncorrectInstanceState");
    if ((this.room.get(`${found.type} ${found.zone}`) ?? Infinity) < 1)
      return error("InsufficientInstanceCapacity", 500);
    found.launchedS = this.nowS();
    delete found.stoppedS;
    return ok("StartInstances", "");
  }

  #priceHistory(call: URLSearchParams): Answer {
    const types = [...call].flatMap(([key, value]) => (key.startsWith("InstanceType.") ? [value] : []));
    const rows = this.prices
      .filter(({ type }) => types.includes(type))
      .map(
        ({ type, zone, usd, time }) =>
          `<item><instanceType>${type}</instanceType><productDescription>Linux/UNIX</productDescription><spotPrice>${usd}</spotPrice><timestamp>${time}</timestamp><availabilityZone>${zone}</availabilityZone></item>`,
      );
    return ok("DescribeSpotPriceHistory", `<spotPriceHistorySet>${rows.join("")}</spotPriceHistorySet>`);
  }

  #xml({ id, type, zone, spot, launchedS, stoppedS, tags, ended }: FakeInstance): string {
    const [code, name] = ended
      ? [48, "terminated"]
      : stoppedS !== undefined
        ? this.nowS() - stoppedS < this.stopS
          ? [64, "stopping"]
          : [80, "stopped"]
        : this.nowS() - launchedS < this.bootS
          ? [0, "pending"]
          : [16, "running"];
    const tagSet = Object.entries(tags).map(([key, value]) => `<item><key>${key}</key><value>${value}</value></item>`);
    return `<item><instanceId>${id}</instanceId><instanceState><code>${code}</code><name>${name}</name></instanceState><instanceType>${type}</instanceType><placement><availabilityZone>${zone}</availabilityZone></placement>${spot ? "<instanceLifecycle>spot</instanceLifecycle>" : ""}<tagSet>${tagSet.join("")}</tagSet>${ended ? `<stateReason><code>${ended.reason}</code><message>m</message></stateReason>` : ""}</item>`;
  }
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

const ok = (action: string, inner: string): Answer => ({
  status: 200,
  body: `<${action}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r</requestId>${inner}</${action}Response>`,
});
const error = (code: string, status = 400): Answer => ({
  status,
  body: `<Response><Errors><Error><Code>${code}</Code><Message>as ordered</Message></Error></Errors><RequestID>r</RequestID></Response>`,
});
