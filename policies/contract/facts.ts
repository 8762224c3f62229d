import type { BatchView, ServedModel, WeightShard } from "./served-model.ts";
import type { InstanceId, MarketId, MiB, PerSecond, Seconds, Usd, UsdPerHour, WorkId } from "./units.ts";
import type { EndReason, OnReclaim, RefusalReason, RefusalScope } from "./view.ts";

/** What is known of a task when it arrives. */
export type TaskArrival = {
  readonly workS: Seconds;
  readonly memoryMiB: MiB;
  /** State as a function of work done: base + perHour x hours done, at most max. */
  readonly stateMiBBase: MiB;
  readonly stateMiBPerHour: MiB;
  readonly stateMiBMax: MiB;
  readonly model: string | null;
  readonly weightsMiB: MiB;
  readonly onReclaim: OnReclaim;
};

/** What is known of a deadline job when it arrives. */
export type JobArrival = {
  readonly workS: Seconds;
  readonly deadlineS: Seconds;
  readonly restartOverheadS: Seconds;
  readonly nodes: number;
  /** Absent: none of its work is ever lost. */
  readonly checkpointEveryS?: Seconds;
  /** Absent: it moves for nothing. */
  readonly moves?: Moves;
};

/** What it takes to go on in a region, by the region where the state lies; a pair that is absent takes nothing. */
export type Moves = { readonly [from: string]: { readonly [to: string]: Move } };

/** Beside the restart overhead. */
export type Move = { readonly usd: Usd; readonly moveS: Seconds };

/** What is known of a service when it arrives. */
export type ServiceArrival = {
  readonly replicasWanted: number;
  /** Absent: each replica is on one instance. */
  readonly model?: ServedModel;
};

/** Over how many whole seconds before now the rate of a service's requests is taken. SkyServe's autoscaler has the same. */
export const REQUEST_RATE_WINDOW_S = 60;

/**
 * The seam between hosts and state: FleetState implements it. Facts of one instant may come in any order: lists are kept by
 * id. Every argument is JSON, so that a journal holds facts as they are.
 */
export interface Facts {
  advance(nowS: Seconds): void;
  price(market: MarketId, usdPerHour: UsdPerHour): void;
  /** Only under visibility "told". Requests still unanswered count as taken; null: nothing bounds it. */
  obtainable(market: MarketId, count: number | null): void;
  status(instance: InstanceId, status: "pending" | "warming" | "ready"): void;
  refused(instance: InstanceId, reason: RefusalReason, scope: RefusalScope): void;
  reclaimNotice(instance: InstanceId, reclaimS: Seconds): void;
  rebalanceRecommended(instance: InstanceId): void;
  /** Deregistered, and nothing runs there any more: as surely known as two idle readings in a row. */
  drained(instance: InstanceId): void;
  ended(instance: InstanceId, why: EndReason): void;
  /** Held already, and serving as a replica, when a host began: it enters as if it had just been asked for. Its id is the next one. */
  adopted(instance: InstanceId, market: MarketId, service: WorkId): void;
  modelWarm(instance: InstanceId, model: string): void;
  workArrived(work: WorkId, task: TaskArrival): void;
  jobArrived(work: WorkId, job: JobArrival): void;
  serviceArrived(work: WorkId, service: ServiceArrival): void;
  /** From now on the service wants so many ready replicas. */
  replicasWanted(work: WorkId, count: number): void;
  /** So many requests a second were sent to it over the last REQUEST_RATE_WINDOW_S. Like a price, it leads to no ask. */
  requestRate(work: WorkId, perS: PerSecond): void;
  /** What the requests in flight of a replica under notice hold in its caches. A level, as the rate of requests is. */
  cachesHeld(instance: InstanceId, miB: MiB): void;
  /** What the GPUs of an instance hold of a model cut over several. A level, as the rate is. */
  shards(instance: InstanceId, shards: readonly (WeightShard | null)[]): void;
  /** What the replica whose first instance this is runs from now on; null: nothing. A level, as the rate is. */
  batch(instance: InstanceId, batch: BatchView | null): void;
  /** An anchor: from now on doneS grows by ratePerS (0 or 1). The view integrates, so nobody reports progress ask by ask. */
  progress(work: WorkId, doneS: Seconds, keptS: Seconds, ratePerS: number): void;
  /** The state has left the instance it was held on: written, fetched, or lost with it. */
  stateLeft(work: WorkId): void;
  workEnded(work: WorkId): void;
}
