import type { EC2Client, Instance, RunInstancesCommandInput, Tag } from "@aws-sdk/client-ec2";
import type { Seconds } from "../../policies/contract/units.ts";
import type { EndReason } from "../../policies/contract/view.ts";
import type {
  Account,
  Clock,
  Held,
  InstanceReport,
  LaunchOutcome,
  LaunchRequest,
  MarketName,
  Owner,
  Permission,
  Standing,
} from "../ports.ts";
import { CallFailure, type Calls } from "./calls.ts";
import { Ec2Owners } from "./ec2-owners.ts";

/** What each instance of a fleet is made of, beside its market. */
export interface InstanceTemplate {
  readonly imageId: string;
  /** By zone. A zone without one uses the default subnet of the account. */
  readonly subnets: Readonly<Record<string, string>>;
  readonly securityGroupIds: readonly string[];
  readonly instanceProfileArn?: string;
}

export interface Ec2Options {
  readonly client: EC2Client;
  readonly calls: Calls;
  readonly clock: Clock;
  readonly region: string;
  /** What the tag of the fleet says. Nothing without it is ever ended. */
  readonly fleet: string;
  readonly template: InstanceTemplate;
  /** Between two looks at the fleet. */
  readonly pollS: Seconds;
  /** Something that an operator should see; nothing stops because of it. */
  readonly alarm: (what: string) => void;
}

/** Tags of ours begin so. */
export const PREFIX = "synkti:";
/** RunInstances is authorised on each of these by the tags that the request gives it, so all get them. */
const TAGGED = ["instance", "volume", "network-interface"] as const;

const LAUNCH_S = 60;
const READ_S = 30;
const TERMINATE_S = 30;
/** Ended instances stay described for about an hour, so one that is not described any more for so long has ended unseen. */
const VANISHED_S = 300;

/**
 * Capacity of one region of EC2. One explicit market an attempt, in the policy's order, by RunInstances: one recorded decision, one
 * outcome.
 */
export class Ec2Capacity implements Account {
  readonly #options: Ec2Options;
  #sdk: Promise<typeof import("@aws-sdk/client-ec2")> | undefined;
  /** Why nothing is launched any more: the code of a denial. */
  #denied: string | undefined;
  /** Tokens of launches that nobody answered in time: what appears under them has no use. */
  readonly #lost = new Set<string>();
  readonly #owners: Ec2Owners;
  readonly #addresses = new Map<string, string>();

  constructor(options: Ec2Options) {
    this.#options = options;
    const { client, calls, clock, fleet } = options;
    this.#owners = new Ec2Owners({ client, calls, clock, tag: { key: `${PREFIX}fleet`, value: fleet } });
  }

  /** Within the network, as last described. */
  addressOf(providerId: string): string | undefined {
    return this.#addresses.get(providerId);
  }

  async launch(request: LaunchRequest, signal: AbortSignal): Promise<LaunchOutcome> {
    const { client, calls } = this.#options;
    if (this.#denied !== undefined) return { ok: false, reason: "denied", scope: "all", code: this.#denied };
    const { RunInstancesCommand } = await this.#load();
    const input = runInstances(this.#options, request);
    try {
      const { Instances = [] } = await calls.call(
        { name: "RunInstances", kind: "launch", withinS: LAUNCH_S },
        signal,
        (abortSignal) => client.send(new RunInstancesCommand(input), { abortSignal }),
      );
      return { ok: true, providerId: idOf(Instances[0]) };
    } catch (error) {
      if (!(error instanceof CallFailure)) throw error;
      return this.#notGranted(error, request, signal);
    }
  }

  async #notGranted(failure: CallFailure, request: LaunchRequest, signal: AbortSignal): Promise<LaunchOutcome> {
    const { verdict, code } = failure;
    const lost = { ok: false, reason: "lost", scope: "market", code } as const;
    switch (verdict.is) {
      case "refused":
        if (verdict.reason === "guard") break;
        if (verdict.scope !== "market") this.#options.alarm(`launch refused for more than its market: ${code}`);
        return { ok: false, reason: verdict.reason, scope: verdict.scope, code };
      case "denied":
        this.#denied = code;
        this.#options.alarm(`no more launches: ${failure.message}`);
        return { ok: false, reason: "denied", scope: "all", code };
      case "spent":
        return lost;
      case "throttled": // at last: an attempt before may have got through
      case "unknown": {
        const found = await this.#launchedUnder(request.clientToken, signal);
        if (found !== undefined) return { ok: true, providerId: found };
        this.#lost.add(request.clientToken);
        this.#options.alarm(`launch without an answer (${code}); whatever appears under its token will be ended`);
        return lost;
      }
    }
    throw failure;
  }

  async #launchedUnder(token: string, signal: AbortSignal): Promise<string | undefined> {
    try {
      const held = await this.describe(signal);
      return held.find(({ tags, state }) => tags.launch === token && state !== "ended")?.providerId;
    } catch (error) {
      if (error instanceof CallFailure) return undefined;
      throw error;
    }
  }

  ownerOf(providerId: string, signal: AbortSignal): Promise<Owner> {
    return this.#owners.of(providerId, signal);
  }

  /** Whoever asks for it has read the tag. */
  async terminate(providerId: string, signal: AbortSignal): Promise<"done" | "absent"> {
    const { client, calls } = this.#options;
    const { TerminateInstancesCommand } = await this.#load();
    const ids = { InstanceIds: [providerId] };
    try {
      await calls.insist({ name: "TerminateInstances", kind: "safety", withinS: TERMINATE_S }, signal, (abortSignal) =>
        client.send(new TerminateInstancesCommand(ids), { abortSignal }),
      );
      return "done";
    } catch (error) {
      if (error instanceof CallFailure && error.verdict.is === "absent") return "absent";
      throw error;
    }
  }

  async describe(signal: AbortSignal): Promise<readonly Held[]> {
    const { client, calls, fleet, region } = this.#options;
    const { DescribeInstancesCommand } = await this.#load();
    const held: Held[] = [];
    let NextToken: string | undefined;
    do {
      const input = {
        Filters: [{ Name: `tag:${PREFIX}fleet`, Values: [fleet] }],
        MaxResults: 500,
        ...(NextToken === undefined ? {} : { NextToken }),
      };
      const page = await calls.call(
        { name: "DescribeInstances", kind: "read", withinS: READ_S },
        signal,
        (abortSignal) => client.send(new DescribeInstancesCommand(input), { abortSignal }),
      );
      for (const { Instances = [] } of page.Reservations ?? []) {
        for (const instance of Instances) held.push(heldOf(instance, region));
      }
      NextToken = page.NextToken || undefined;
    } while (NextToken !== undefined);
    return held;
  }

  async *instances(signal: AbortSignal, standing: readonly Standing[]): AsyncGenerator<InstanceReport> {
    const { clock, pollS, alarm } = this.#options;
    const told = new Map<string, { state: Held["state"]; seenS: Seconds }>();
    for (const { providerId } of standing) told.set(providerId, { state: "pending", seenS: clock.nowS() });
    let failures = 0;
    while (!signal.aborted) {
      try {
        const held = await this.describe(signal);
        failures = 0;
        const nowS = clock.nowS();
        for (const each of held) {
          const before = told.get(each.providerId)?.state;
          told.set(each.providerId, { state: each.state, seenS: nowS });
          if (each.address !== undefined) this.#addresses.set(each.providerId, each.address);
          this.#endIfLost(each, signal);
          // What had ended when it was first seen is of an earlier run, but may also be a launch of ours that failed at once.
          if (each.state !== before && (each.state === "running" || each.state === "ended")) yield reportOf(each);
        }
        for (const [providerId, { state, seenS }] of told) {
          if (nowS - seenS < VANISHED_S) continue;
          told.delete(providerId);
          this.#addresses.delete(providerId);
          if (state !== "ended") yield { providerId, status: "ended", why: "terminated" };
        }
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof CallFailure)) throw error;
        // Not seen is not ended: what is known stays as it was.
        if (++failures % 3 === 0) alarm(`the fleet has not been seen ${failures} times in a row: ${error.message}`);
      }
      await clock.sleepUntil(clock.nowS() + pollS, signal);
    }
  }

  #endIfLost({ providerId, tags, state }: Held, signal: AbortSignal): void {
    if (state === "ended" || !this.#lost.delete(tags.launch ?? "")) return;
    this.#options.alarm(`${providerId} was launched after all, and is ended`);
    this.terminate(providerId, signal).catch((error: unknown) => {
      if (!signal.aborted) this.#options.alarm(`${providerId} could not be ended: ${error}`);
    });
  }

  async probe(markets: readonly MarketName[], signal: AbortSignal): Promise<readonly Permission[]> {
    const { client } = this.#options;
    const { RunInstancesCommand, TerminateInstancesCommand } = await this.#load();
    const kinds = new Map(markets.map((market) => [market.capacityType, market]));
    const found: Permission[] = [];
    for (const [kind, market] of kinds) {
      const tags = { run: "probe", instance: "0", epoch: "0" };
      const input = runInstances(this.#options, { market, clientToken: `probe-${kind}`, tags });
      const dry = new RunInstancesCommand({ ...input, DryRun: true });
      found.push(
        await this.#permission(`RunInstances (${kind})`, signal, (abortSignal) => client.send(dry, { abortSignal })),
      );
    }
    // Whether we may end something is asked of something that could be ended.
    const living = (await this.describe(signal)).find(({ state }) => state !== "ended");
    if (living !== undefined) {
      const dry = new TerminateInstancesCommand({ InstanceIds: [living.providerId], DryRun: true });
      found.push(
        await this.#permission("TerminateInstances", signal, (abortSignal) => client.send(dry, { abortSignal })),
      );
    }
    return found;
  }

  async #permission(
    call: string,
    signal: AbortSignal,
    send: (signal: AbortSignal) => Promise<unknown>,
  ): Promise<Permission> {
    try {
      await this.#options.calls.call({ name: "DryRun", kind: "read", withinS: READ_S }, signal, send);
      return { call, allowed: "unknown", code: "ok" };
    } catch (error) {
      if (!(error instanceof CallFailure)) throw error;
      const { code, verdict } = error;
      return { call, allowed: code === "DryRunOperation" ? true : verdict.is === "denied" ? false : "unknown", code };
    }
  }

  /** 18 MB, so it is loaded with the first call. */
  #load() {
    this.#sdk ??= import("@aws-sdk/client-ec2");
    return this.#sdk;
  }
}

/** A client whose calls end up on our own retries and deadlines alone. */
export async function ec2Client(region: string, endpoint?: string): Promise<EC2Client> {
  const { EC2Client } = await import("@aws-sdk/client-ec2");
  return new EC2Client({ region, maxAttempts: 1, ...(endpoint === undefined ? {} : { endpoint }) });
}

/** All that is sent for a launch. The same request gives the same bytes, whoever sends it. */
export function runInstances(
  { fleet, template }: Pick<Ec2Options, "fleet" | "template">,
  { market, clientToken, tags }: LaunchRequest,
): RunInstancesCommandInput {
  const { imageId, subnets, securityGroupIds, instanceProfileArn } = template;
  const spot = market.capacityType === "spot";
  const subnet = subnets[market.zone];
  const all = { ...tags, fleet, launch: clientToken };
  const Tags = Object.entries(all).map(([key, Value]): Tag => ({ Key: PREFIX + key, Value }));
  return {
    MinCount: 1,
    MaxCount: 1,
    ImageId: imageId,
    InstanceType: market.instanceType as NonNullable<RunInstancesCommandInput["InstanceType"]>,
    Placement: { AvailabilityZone: market.zone },
    ...(subnet === undefined ? {} : { SubnetId: subnet }),
    ...(securityGroupIds.length === 0 ? {} : { SecurityGroupIds: [...securityGroupIds] }),
    ...(instanceProfileArn === undefined ? {} : { IamInstanceProfile: { Arn: instanceProfileArn } }),
    ...(spot && {
      InstanceMarketOptions: {
        MarketType: "spot",
        SpotOptions: { SpotInstanceType: "one-time", InstanceInterruptionBehavior: "terminate" },
      },
    }),
    // Hop limit 1: containers on a bridge, which run what users send, cannot reach the metadata service.
    MetadataOptions: { HttpTokens: "required", HttpPutResponseHopLimit: 1 },
    TagSpecifications: [...TAGGED, ...(spot ? (["spot-instances-request"] as const) : [])].map((ResourceType) => ({
      ResourceType,
      Tags,
    })),
    ClientToken: clientToken,
  };
}

function heldOf(instance: Instance, region: string): Held {
  const state = stateOf(instance);
  return {
    providerId: idOf(instance),
    state,
    ...(state === "ended" ? { why: whyOf(instance) } : {}),
    market: {
      instanceType: instance.InstanceType ?? "",
      region,
      zone: instance.Placement?.AvailabilityZone ?? "",
      capacityType: instance.InstanceLifecycle === "spot" ? "spot" : "onDemand",
    },
    tags: tagsOf(instance),
    ...(instance.PrivateIpAddress === undefined ? {} : { address: instance.PrivateIpAddress }),
    ...(instance.LaunchTime === undefined ? {} : { launchedMs: instance.LaunchTime.getTime() }),
  };
}

function reportOf({ providerId, state, why = "terminated" }: Held): InstanceReport {
  return state === "ended" ? { providerId, status: "ended", why } : { providerId, status: "warming" };
}

function stateOf({ State }: Instance): Held["state"] {
  switch (State?.Name) {
    case "pending":
      return "pending";
    case "running":
      return "running";
    case "stopping":
    case "stopped":
      return "stopped";
    default:
      return "ended"; // billing ends with shutting-down
  }
}

/** Source: AWS, "Find interrupted Spot Instances": these two codes, and no others, are EC2's doing. */
function whyOf({ StateReason }: Instance): Exclude<EndReason, "refused"> {
  const byEc2 = ["Server.SpotInstanceTermination", "Server.SpotInstanceShutdown"];
  return byEc2.includes(StateReason?.Code ?? "") ? "reclaimed" : "terminated";
}

function tagsOf({ Tags = [] }: Instance): Readonly<Record<string, string>> {
  const ours = Tags.filter(({ Key }) => Key?.startsWith(PREFIX));
  return Object.fromEntries(ours.map(({ Key, Value }) => [Key!.slice(PREFIX.length), Value ?? ""]));
}

function idOf(instance: Instance | undefined): string {
  if (instance?.InstanceId === undefined) throw new Error("EC2 answered with an instance that has no id");
  return instance.InstanceId;
}
