import type { DescribeInstancesCommandInput, Instance, RunInstancesCommandInput, Tag } from "@aws-sdk/client-ec2";
import type { Seconds, UsdPerHour } from "../../../policies/contract/units.ts";
import type { VirtualTime } from "./virtual-time.ts";
import { AwsError, type Service } from "./wire.ts";

/** An instance as it really is, whoever knows of it. */
export interface RealInstance {
  readonly id: string;
  readonly token: string;
  readonly type: string;
  readonly zone: string;
  readonly spot: boolean;
  readonly launchedS: Seconds;
  /** Billed from here on. */
  runningS: Seconds;
  /** Its model server answers from here on; Infinity: never. Another life begins with each start. */
  readyS: Seconds;
  tags: Readonly<Record<string, string>>;
  /** Since when its tags are not what they were. */
  retaggedS?: Seconds;
  stoppedS?: Seconds;
  noticedS?: Seconds;
  reclaimS?: Seconds;
  endedS?: Seconds;
  endCode?: string;
}

export interface SpotMarket {
  readonly type: string;
  readonly zone: string;
  /** How many spot instances it holds at most. */
  capacity: number;
  usdPerHour: UsdPerHour;
}

/**
 * EC2 of one region: capacity by market, tokens, what is described late. Sources: API reference of its calls; "Ensuring idempotency";
 * "Eventual consistency"; "Spot Instance interruption notices".
 */
export class SimulatedEc2 implements Service {
  readonly name = "ec2";
  readonly mutating: ReadonlySet<string> = new Set([
    "RunInstances",
    "TerminateInstances",
    "StartInstances",
    "StopInstances",
  ]);
  readonly instances: RealInstance[] = [];
  /** Those that have not ended. */
  live: readonly RealInstance[] = [];
  /** What is described is as old as this. */
  lagS: Seconds = 2;
  /** Codes that each launch in a zone is refused with, before anybody looks at its capacity. */
  readonly refusals = new Map<string, string>();
  /** Starts of stopped instances are refused with this. */
  startRefusal: string | undefined;
  readonly #time: VirtualTime;
  readonly #draw: () => number;
  readonly #markets: readonly SpotMarket[];
  readonly #requests = new Map<string, string>();

  constructor(time: VirtualTime, draw: () => number, markets: readonly SpotMarket[]) {
    this.#time = time;
    this.#draw = draw;
    this.#markets = markets;
  }

  find(id: string): RealInstance | undefined {
    return this.instances.find((instance) => instance.id === id);
  }

  end(instance: RealInstance, code: string): void {
    instance.endedS ??= this.#time.nowS;
    instance.endCode ??= code;
    this.live = this.live.filter((each) => each !== instance);
  }

  apply(action: string, input: object): object {
    switch (action) {
      case "RunInstances":
        return { Instances: [this.#described(this.#run(input as RunInstancesCommandInput))] };
      case "DescribeInstances":
        return { Reservations: [{ Instances: this.#describe(input as DescribeInstancesCommandInput) }] };
      case "DescribeSpotPriceHistory":
        return { SpotPriceHistory: this.#prices() };
      case "TerminateInstances":
        for (const id of idsOf(input)) this.end(this.#known(id), "Client.UserInitiatedShutdown");
        return {};
      case "StopInstances":
        for (const id of idsOf(input)) this.#stop(this.#known(id));
        return {};
      case "StartInstances":
        for (const id of idsOf(input)) this.#start(this.#known(id));
        return {};
      default:
        throw new Error(`nobody taught this double ${action}`);
    }
  }

  #run(input: RunInstancesCommandInput): RealInstance {
    if (input.DryRun === true) throw new AwsError("DryRunOperation", 412);
    const { InstanceType: type = "", ClientToken: token = "", Placement, TagSpecifications = [] } = input;
    const zone = Placement?.AvailabilityZone ?? "";
    const spot = input.InstanceMarketOptions?.MarketType === "spot";
    const before = this.instances.find((instance) => instance.token === token);
    if (before !== undefined) {
      if (this.#requests.get(token) !== JSON.stringify(input)) throw new AwsError("IdempotentParameterMismatch");
      if (before.endedS !== undefined) throw new AwsError("IdempotentInstanceTerminated");
      return before;
    }
    const refusal = this.refusals.get(zone) ?? this.refusals.get(spot ? "spot" : "onDemand");
    if (refusal !== undefined) throw new AwsError(refusal);
    const market = this.#markets.find((each) => each.type === type && each.zone === zone);
    if (market === undefined) throw new AwsError("Unsupported");
    if (spot && this.#spotIn(market).length >= market.capacity) throw new AwsError("InsufficientInstanceCapacity", 500);
    const tags = TagSpecifications.find(({ ResourceType }) => ResourceType === "instance")?.Tags ?? [];
    this.#requests.set(token, JSON.stringify(input));
    return this.add({ token, type, zone, spot, tags: Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value])) });
  }

  add(made: Pick<RealInstance, "token" | "type" | "zone" | "spot" | "tags">): RealInstance {
    const number = this.instances.length + 1;
    const launchedS = this.#time.nowS;
    const runningS = launchedS + 15 + 45 * this.#draw();
    const instance: RealInstance = {
      ...made,
      id: `i-${(0xa0 + number).toString(16).padStart(17, "0")}`,
      launchedS,
      runningS,
      readyS: runningS + 40 + 160 * this.#draw(),
    };
    this.instances.push(instance);
    this.live = [...this.live, instance];
    return instance;
  }

  #spotIn({ type, zone }: SpotMarket): readonly RealInstance[] {
    return this.live.filter((each) => each.spot && each.type === type && each.zone === zone);
  }

  #known(id: string): RealInstance {
    const instance = this.find(id);
    if (instance === undefined) throw new AwsError("InvalidInstanceID.NotFound");
    return instance;
  }

  #stop(instance: RealInstance): void {
    if (instance.spot) throw new AwsError("UnsupportedOperation");
    if (instance.endedS !== undefined) throw new AwsError("IncorrectInstanceState");
    instance.stoppedS ??= this.#time.nowS;
  }

  #start(instance: RealInstance): void {
    if (instance.endedS !== undefined) throw new AwsError("IncorrectInstanceState");
    if (instance.stoppedS === undefined) return;
    if (this.startRefusal !== undefined) throw new AwsError(this.startRefusal);
    delete instance.stoppedS;
    instance.runningS = this.#time.nowS + 10 + 20 * this.#draw();
    instance.readyS = instance.runningS + 20 + 60 * this.#draw();
  }

  #describe({ InstanceIds = [], Filters = [] }: DescribeInstancesCommandInput): Instance[] {
    const seenS = this.#time.nowS - this.lagS;
    const seen = this.instances.filter(({ launchedS }) => launchedS <= seenS);
    for (const id of InstanceIds)
      if (!seen.some((each) => each.id === id)) throw new AwsError("InvalidInstanceID.NotFound");
    const matches = ({ id, tags }: RealInstance) =>
      (InstanceIds.length === 0 || InstanceIds.includes(id)) &&
      Filters.every(({ Name = "", Values = [] }) =>
        Values.includes(Name === "instance-id" ? id : (tags[Name.replace(/^tag:/, "")] ?? "")),
      );
    // Ended instances stay described for about an hour.
    return seen
      .filter((each) => matches(each) && seenS - (each.endedS ?? seenS) < 3600)
      .map((each) => this.#described(each));
  }

  #described(instance: RealInstance): Instance {
    const { id, type, zone, spot, tags, endCode } = instance;
    return {
      InstanceId: id,
      InstanceType: type as NonNullable<Instance["InstanceType"]>,
      Placement: { AvailabilityZone: zone },
      State: { Name: this.#stateOf(instance) },
      Tags: Object.entries(tags).map(([Key, Value]): Tag => ({ Key, Value })),
      ...(spot ? { InstanceLifecycle: "spot" as const } : {}),
      ...(endCode === undefined ? {} : { StateReason: { Code: endCode } }),
    };
  }

  #stateOf({ endedS, stoppedS, runningS }: RealInstance) {
    const seenS = this.#time.nowS - this.lagS;
    if (endedS !== undefined && endedS <= seenS) return "terminated";
    if (stoppedS !== undefined && stoppedS <= seenS) return seenS - stoppedS < 20 ? "stopping" : "stopped";
    return runningS <= seenS ? "running" : "pending";
  }

  #prices() {
    const Timestamp = new Date(0);
    return this.#markets.map(({ type, zone, usdPerHour }) => ({
      InstanceType: type,
      AvailabilityZone: zone,
      SpotPrice: String(usdPerHour),
      Timestamp,
    }));
  }
}

const idsOf = (input: object): readonly string[] =>
  (input as { readonly InstanceIds?: readonly string[] }).InstanceIds ?? [];
