import type { MoveHow, ReparallelizeHow } from "../policies/contract/actions.ts";
import type { Facts, JobArrival, ServiceArrival, TaskArrival } from "../policies/contract/facts.ts";
import type { MarketSpec } from "../policies/contract/fleet.ts";
import type { Layout } from "../policies/contract/latency-profile.ts";
import type { MiB, PerSecond, Seconds, UsdPerHour } from "../policies/contract/units.ts";
import type { EndReason, RefusalReason, RefusalScope } from "../policies/contract/view.ts";
import type { JournalEntry } from "./records.ts";

// What the live loop asks of the world. Instances and jobs go by names of the provider's and the job system's own, never by
// our ids, so that a swapped id cannot pass; markets go by what they are. Times are the clock's. What is expected to happen is a
// value; a call or stream that throws stops the loop, because nobody knows what it has left behind.

/** A market as the provider knows it. */
export type MarketName = Pick<MarketSpec, "instanceType" | "region" | "zone" | "capacityType">;

export interface Clock {
  /** Monotonic, seconds since the loop's start: never steps back, whatever the wall clock does. */
  nowS(): Seconds;
  /**
   * Resolves at timeS (Infinity: never) or once the signal aborts. A time that is not ahead is a breath: it resolves once
   * the streams and calls had their chance to deliver what has happened up to now.
   */
  sleepUntil(timeS: Seconds, signal: AbortSignal): Promise<void>;
}

/** A clock that also knows the time of day: what the provider says in its own time is turned into ours once, on arrival. */
export interface WallClock extends Clock {
  /** Milliseconds since 1970; may step either way. */
  wallMs(): number;
}

export interface LaunchRequest {
  readonly market: MarketName;
  /** The same token is the same launch, however often it is asked for: journalled before the call, it survives a crash. */
  readonly clientToken: string;
  /** What the instance is known by outside. A repeat sends the same ones, whoever repeats it. */
  readonly tags: Readonly<Record<string, string>>;
}

export type LaunchOutcome =
  | { readonly ok: true; readonly providerId: string }
  | {
      readonly ok: false;
      readonly reason: Exclude<RefusalReason, "guard">;
      readonly scope: RefusalScope;
      /** The provider's own word for it. */
      readonly code?: string;
    };

/**
 * done: it is so, or will be. foreign: it is not of our fleet (any more), so it was left alone. absent: nobody knows it. superseded: given
 * up for a newer call about the same instance.
 */
export type ChangeOutcome = "done" | "foreign" | "absent" | "superseded";

/** The status of an instance after its grant. warming: billed and loading. */
export type InstanceReport =
  | { readonly providerId: string; readonly status: "warming" | "ready" }
  | { readonly providerId: string; readonly status: "ended"; readonly why: Exclude<EndReason, "refused"> };

/** An instance of the fleet as the provider describes it. */
export interface Held {
  readonly providerId: string;
  /** running: billed. stopped: its disk waits. */
  readonly state: "pending" | "running" | "stopped" | "ended";
  readonly why?: Exclude<EndReason, "refused">;
  readonly market: MarketName;
  /** Those it was launched with, and `launch`: its client token. */
  readonly tags: Readonly<Record<string, string>>;
  /** Where it can be reached from within the network. */
  readonly address?: string;
  /** When its life began, as the provider's clock has it. */
  readonly launchedMs?: number;
}

/** Whether we may make a call, as far as asking tells. */
export interface Permission {
  readonly call: string;
  readonly allowed: boolean | "unknown";
  readonly code: string;
}

/** An instance that a loop knew already when it went on. */
export interface Standing {
  readonly providerId: string;
  /** Deregistered, and not known to be drained. */
  readonly draining: boolean;
}

export interface Capacity {
  launch(request: LaunchRequest, signal: AbortSignal): Promise<LaunchOutcome>;
  /** Of an instance that has ended already: done. */
  terminate(providerId: string, signal: AbortSignal): Promise<ChangeOutcome>;
  /**
   * May repeat itself, speak of instances that are not ours, and of a new one before its launch has been answered.
   * @param standing what has ended of these meanwhile is told too
   */
  instances(signal: AbortSignal, standing: readonly Standing[]): AsyncIterable<InstanceReport>;
  /** How many more launches would be granted (null: nothing bounds it). Absent where a provider never tells, as EC2. */
  obtainable?(signal: AbortSignal): AsyncIterable<{ readonly market: MarketName; readonly count: number | null }>;
}

/** Whose an instance is, by its tag as of now. unknown: the tag could not be read in time. */
export type Owner = "ours" | "foreign" | "absent" | "unknown";

/** Capacity that outlives us: it can be looked at without having been told of it, and asked what we may do. */
export interface Account extends Capacity {
  /** Read anew each time: tags change. */
  ownerOf(providerId: string, signal: AbortSignal): Promise<Owner>;
  /** All that is tagged as of the fleet, what ended lately included; may be some seconds old. */
  describe(signal: AbortSignal): Promise<readonly Held[]>;
  /** The calls of `launch` for these markets, as they would be sent; nothing is changed. */
  probe(markets: readonly MarketName[], signal: AbortSignal): Promise<readonly Permission[]>;
}

export interface Notice {
  readonly providerId: string;
  /** When the instance is taken back; null: nothing is announced, but the provider recommends to replace it. */
  readonly reclaimS: Seconds | null;
  /** To be called once the notice is on disk: until then its source will repeat it. */
  readonly acknowledge?: () => void;
}

export interface Notices {
  /** May repeat itself and speak of instances that are not ours. */
  stream(signal: AbortSignal): AsyncIterable<Notice>;
}

/** Spares that wait stopped: on-demand only. */
export interface Standby {
  /** Its disk and its name stay. Of an instance that is stopped already: done. */
  stop(providerId: string, signal: AbortSignal): Promise<ChangeOutcome>;
  /** Of a stopped instance; it may be refused, and is stopped then as before. Of one that is started already: granted. */
  start(providerId: string, signal: AbortSignal): Promise<LaunchOutcome>;
}

/** What a model server has to do at the moment. */
export interface EngineLoad {
  /** Requests that it works on, and that wait. */
  readonly inFlight: number;
  /** Share of the memory for keys and values that is taken; undefined where the server does not say. */
  readonly kvShare: number | undefined;
}

/** The model servers, one an instance. What cannot be read is unknown: neither ready nor idle. */
export interface Engine {
  /** Whether it answers a request now. One that hangs is not ready, whatever it says of its health. */
  ready(providerId: string, signal: AbortSignal): Promise<boolean | "unknown">;
  load(providerId: string, signal: AbortSignal): Promise<EngineLoad | "unknown">;
}

/** Which replicas of a service are sent requests. */
export interface Balancer {
  /** All that are registered, whosever they are. Absent where only registering tells. */
  registered?(signal: AbortSignal): Promise<readonly string[]>;
  /** Of one that is registered already: done. */
  register(providerId: string, signal: AbortSignal): Promise<ChangeOutcome>;
  /** Requests that it has may finish. Of one that is not registered: done. */
  deregister(providerId: string, signal: AbortSignal): Promise<ChangeOutcome>;
}

export interface Prices {
  /** The newest price of each market that is known. Asked before every decision, so answered from what was fetched before. */
  latest(
    signal: AbortSignal,
  ): Promise<readonly { readonly market: MarketName; readonly priceUsdPerHour: UsdPerHour }[]>;
}

/** What the job system says, in the order in which it happened to each job; see `Facts` for what each means. */
export type JobReport =
  | { readonly job: string; readonly what: "arrived"; readonly task: TaskArrival }
  | { readonly job: string; readonly what: "deadlineJobArrived"; readonly deadlineJob: JobArrival }
  | { readonly job: string; readonly what: "serviceArrived"; readonly service: ServiceArrival }
  | { readonly job: string; readonly what: "replicasWanted"; readonly count: number }
  | { readonly job: string; readonly what: "requestRate"; readonly perS: PerSecond }
  | {
      readonly job: string;
      readonly what: "progress";
      readonly doneS: Seconds;
      readonly keptS: Seconds;
      readonly ratePerS: number;
    }
  | { readonly job: string; readonly what: "stateLeft" | "ended" }
  | { readonly providerId: string; readonly what: "modelWarm"; readonly model: string }
  /** It can serve: its model server answers. */
  | { readonly providerId: string; readonly what: "ready" }
  /** Nothing runs on a deregistered replica any more. What could not be read is not said. */
  | { readonly providerId: string; readonly what: "drained" }
  /** Of a replica under notice, told before an ask as prices are; what could not be read is not said. */
  | { readonly providerId: string; readonly what: "cachesHeld"; readonly miB: MiB }
  /** Of replicas cut over GPUs; see `Facts`. */
  | { readonly providerId: string; readonly what: "shards"; readonly shards: Parameters<Facts["shards"]>[1] }
  | { readonly providerId: string; readonly what: "batch"; readonly batch: Parameters<Facts["batch"]>[1] };

/** restarted: its engine gives no caches away: what it does not finish there begins again, where its client asks next. */
export type MoveOutcome = "moved" | "restarted";

/** The instances of each replica, and what of it moves how. */
export interface Move {
  readonly job: string;
  readonly from: readonly (readonly string[])[];
  readonly to: readonly (readonly string[])[];
  readonly how: MoveHow;
  readonly share: number;
}

/** A replica cut over the GPUs of these instances. */
export interface ReplicaLayout {
  readonly providerIds: readonly string[];
  readonly layout: Layout;
}

/** Calls about one job take effect in the order in which they were made. */
export interface Jobs {
  /**
   * Runs there as soon as it can: once all of the instances are ready, weights and state are loaded. Of a service: a replica more. Of
   * what runs there already: nothing, since a loop that was stopped repeats the calls it has no result of.
   */
  start(job: string, providerIds: readonly string[], signal: AbortSignal, layout?: Layout): Promise<void>;
  /** Of a service: that replica, and what it has in flight. */
  stop(job: string, providerIds: readonly string[], signal: AbortSignal): Promise<void>;
  /** These are a service's replicas from now on; see `Actions.reparallelize`. Where they stand so already, nothing happens. */
  reparallelize(
    job: string,
    replicas: readonly ReplicaLayout[],
    how: ReparallelizeHow,
    signal: AbortSignal,
  ): Promise<void>;
  /** A service is to have so many ready replicas from now on; starting and stopping them is ours. */
  scale(job: string, replicas: number, signal: AbortSignal): Promise<void>;
  /**
   * What a service has in flight on some of its replicas goes over to others; see `Actions.move`. Moving what lies in a GPU is the
   * engine's to do: one that cannot is restarted, and that is what is answered.
   */
  move(move: Move, signal: AbortSignal): Promise<MoveOutcome>;
  /** Stops, and writes its state through the card of the instance it is on. */
  checkpoint(job: string, signal: AbortSignal): Promise<void>;
  /** May repeat an arrival. */
  reports(signal: AbortSignal, standing: readonly Standing[]): AsyncIterable<JobReport>;
}

export interface Journal {
  /** Appends in the order of the calls. Resolves once written, and if durable once a power cut would not undo it. */
  append(entries: readonly JournalEntry[], options: { readonly durable: boolean }): Promise<void>;
  /** Whether all that has been appended is outside the host too, after waiting for it. Absent: nobody copies it. */
  copied?(): Promise<boolean>;
}

/** Where the journal of this host lies, opened for one writer. What is read of it is checked by whoever reads it. */
export interface JournalDisk {
  /** For messages. */
  readonly path: string;
  /** All whole lines, without their ends; read to the end, what is torn there is cut off. */
  lines(): AsyncIterable<Buffer>;
  /** This instead of all there was, which is kept aside. */
  replace(text: string): Promise<void>;
  /** Resolves once written. */
  append(text: string): Promise<void>;
  /** Resolves once a power cut would not undo what was appended. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

export interface Ports {
  readonly clock: Clock;
  readonly capacity: Capacity;
  readonly notices: Notices;
  readonly standby: Standby;
  readonly balancer: Balancer;
  readonly prices: Prices;
  readonly jobs: Jobs;
  readonly journal: Journal;
}
