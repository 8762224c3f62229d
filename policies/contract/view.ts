import type { Moves } from "./facts.ts";
import type { Layout } from "./latency-profile.ts";
import type { BatchView, ServedModel, WeightShard } from "./served-model.ts";
import type { InstanceId, MarketId, MiB, PerSecond, Seconds, UsdPerHour, WorkId } from "./units.ts";

/**
 * What a policy sees. The view IS the fleet state behind readonly interfaces: observing allocates nothing. Compare entities
 * by id, not by `===`: a wrapper may hand on an overlay. Lists are in id order and hold live entities; the array you hold
 * stands still while you act and changes when the same list is next read.
 */
export interface FleetView {
  readonly nowS: Seconds;
  /** Longest time until the next ask; undefined if only changes and wakeAt lead to one. A safety net rounds to it. */
  readonly everyS: Seconds | undefined;
  readonly markets: readonly MarketView[];
  readonly instances: InstanceIndex;
  readonly work: WorkIndex;
}

export interface InstanceIndex {
  /** Ready, nothing placed on it, no notice, not draining: billed for nothing. */
  readonly idle: readonly InstanceView[];
  /** A slot free, no notice, not draining; requested and booting ones included: the targets of assignment. */
  readonly withRoom: readonly InstanceView[];
  /** The provider has said when it takes them back. */
  readonly noticed: readonly InstanceView[];
  /** Launched to learn whether their market grants. Never offered to work: neither in `idle` nor in `withRoom`. */
  readonly probes: readonly InstanceView[];
  /**
   * Kept to stand in for a replica, stopped ones and those that stand in now included. Never offered to other work: neither in
   * `idle` nor in `withRoom`.
   */
  readonly spares: readonly InstanceView[];
}

export interface WorkIndex {
  /** Tasks arrived, not ended, placed nowhere; in order of arrival. */
  readonly pending: readonly TaskView[];
  /** Deadline jobs arrived and not ended, placed or not. They are never `pending`: a gang is placed by the policy. */
  readonly jobs: readonly JobView[];
  /** Services arrived and not ended. They are never `pending`: how many replicas one needs, and where, is the policy's question. */
  readonly services: readonly ServiceView[];
}

export type CapacityType = "spot" | "onDemand";

/** Instance type x zone x capacity type. AWS: "capacity pool"; Karpenter: "offering". */
export interface MarketView {
  readonly id: MarketId;
  readonly instanceType: string;
  readonly region: string;
  readonly zone: string;
  readonly capacityType: CapacityType;
  readonly priceUsdPerHour: UsdPerHour;
  /** What a new instance of this market offers. */
  readonly slots: number;
  readonly gpuMemoryMiB: MiB;
  /** Undefined where nobody describes them. */
  readonly gpus: number | undefined;
  /** How many more launches would be granted now, Infinity if nothing bounds it. Undefined under visibility "tried", so always on EC2. */
  readonly obtainable: number | undefined;
  /** Requested or up, not ended and not stopped. */
  readonly held: number;
  /** Launches that have been neither granted nor refused yet. */
  readonly unanswered: number;
  /** Grants after the instant of the newest refusal for lack of capacity; all grants where there was none. */
  readonly grantedSinceRefusal: number;
  /** The newest refusal that covers this market; one with a wider scope is entered in all it covers. */
  readonly refusal: Refusal | undefined;
  /** When the provider last announced that it takes an instance of this market back. */
  readonly lastReclaimS: Seconds | undefined;
}

export interface Refusal {
  readonly reason: RefusalReason;
  readonly scope: RefusalScope;
  readonly timeS: Seconds;
}
/**
 * Which markets one refusal speaks for: the market that was asked; all of its zone (a full subnet); its instance type in its zone, as
 * spot and on-demand; all of its region, quota family (`quotaFamily`) and capacity type; all there are.
 */
export type RefusalScope = "market" | "zone" | "type" | "family" | "all";
/**
 * capacity: the provider has none. quota: the account may not hold more. unsupported: not offered there. denied: we may not launch.
 * lost: launched or not, it is of no use: no answer in time, or ended before it. guard: our own caps.
 */
export type RefusalReason = "capacity" | "quota" | "unsupported" | "denied" | "lost" | "guard";

/**
 * Forward only, until it is stopped: a start opens its next life at "requested". Billed from "warming" on (EC2's `running`) and
 * not while stopped.
 */
export type InstanceStatus = "requested" | "pending" | "warming" | "ready" | "stopped" | "ended";
export type EndReason = "terminated" | "reclaimed" | "refused";

/** What it was launched for. */
export type InstancePurpose = "work" | "probe" | "spare";

export interface InstanceView {
  readonly id: InstanceId;
  readonly market: MarketView;
  readonly purpose: InstancePurpose;
  readonly status: InstanceStatus;
  readonly requestedS: Seconds;
  /** Since when it is billed; undefined before. */
  readonly runningS: Seconds | undefined;
  /** Expected seconds until it is ready, from the launch parts still to come; 0 once ready. Of a stopped one: if it were started now. */
  readonly readyInS: Seconds;
  /** When the provider takes it back, from the notice. Such an instance still works. */
  readonly reclaimS: Seconds | undefined;
  /** Since when the provider has recommended to replace it: it may, or may not, be taken back before long. */
  readonly rebalanceS: Seconds | undefined;
  /** Takes no new work; what runs may finish. */
  readonly draining: boolean;
  /** The balancer sends requests to it. */
  readonly registered: boolean;
  /** Since when the balancer has been told to send it no more; undefined before, and when it was told otherwise since. */
  readonly deregisteredS: Seconds | undefined;
  /** Nothing that it took before it was deregistered runs any more. Unknown is false. */
  readonly drained: boolean;
  /** What it had in flight then is on its way to others. */
  readonly moving: boolean;
  /** Of a replica under notice: what its requests in flight hold in caches, as of this ask; undefined where nobody tells. */
  readonly cachesMiB: MiB | undefined;
  readonly freeSlots: number;
  readonly freeMemoryMiB: MiB;
  readonly networkMiBPerS: number;
  /** Models whose weights it holds: work on these starts without a load. */
  readonly warmModels: readonly string[];
  /** What each GPU holds of the model that is served cut over several: null for none. Empty before it holds any. */
  readonly shards: readonly (WeightShard | null)[];
  readonly placements: readonly PlacementView[];
  /** How many pieces of work still have their state on it: being written or fetched through its one network card. */
  readonly statesHeld: number;
}

/**
 * Where work runs: one instance for a task, `nodes` of them for a gang, which runs when all are ready and stops when one goes.
 * A service has one placement a replica: of one instance, or of as many as its layout takes GPUs of, which serves while all of them
 * are there; it goes with any of its instances, or is released.
 */
export interface Placement {
  /** Of a layout: stage by stage, each with its GPUs in order of rank. Requests come to the first. */
  readonly instances: readonly InstanceView[];
  /** Of a replica cut over the GPUs of its instances, which it takes whole. How many such placements a service has is its data-parallel degree. */
  readonly layout?: Layout;
  /** Takes all free slots, so that no assignment strategy adds to it. */
  readonly exclusive?: boolean;
}
export interface PlacementView extends Placement {
  readonly work: WorkView;
  /** What it runs, where it has a layout; undefined while it is idle. */
  readonly batch: BatchView | undefined;
}

export type WorkView = TaskView | JobView | ServiceView;

/** What happens to a task's progress when its instance is taken back. */
export type OnReclaim = "restart" | "checkpointEvery" | "checkpointInGrace" | "migrate";

/** What an assignment strategy looks at: a task, or a replica that a service lacks. */
export interface Assignable {
  readonly id: WorkId;
  readonly memoryMiB: MiB;
  readonly model: string | undefined;
  readonly weightsMiB: MiB;
  /** What was known to survive the loss of its instance when its progress was last reported. */
  readonly keptS: Seconds;
  /** What must move when it moves, as of now. */
  readonly stateMiB: MiB;
  /** The instance its state is still on (being written or fetched), when that is not where it is placed. */
  readonly stateOn: InstanceView | undefined;
  /** How often it has been given a place. */
  readonly timesPlaced: number;
}

/** One of many: hours of work and a state that grows with them. */
export interface TaskView extends Assignable {
  readonly kind: "task";
  readonly arrivalS: Seconds;
  readonly workS: Seconds;
  /** Work done as of now, integrated from the last fact; falls back to `keptS` when its instance is lost. */
  readonly doneS: Seconds;
  readonly onReclaim: OnReclaim;
  readonly placements: readonly PlacementView[];
  /** How often it lost its place to the provider. */
  readonly reclaims: number;
}

/** Can't Be Late's job: hours of work, a deadline, and a restart overhead, on n nodes that run together or not at all. */
export interface JobView {
  readonly kind: "deadlineJob";
  readonly id: WorkId;
  readonly arrivalS: Seconds;
  /** Hours of work of the whole gang: it ends when all nodes have run together for so long. */
  readonly workS: Seconds;
  /** Work done as of now, integrated from the last fact. What a reclaim costs is in the overhead, but for checkpointEveryS. */
  readonly doneS: Seconds;
  readonly deadlineS: Seconds;
  /** Time without progress after the gang's last instance is ready; begins anew with each placement. */
  readonly restartOverheadS: Seconds;
  readonly nodes: number;
  /** How much of its work a reclaim may take beside the overhead: what it did since its last checkpoint; undefined: none. */
  readonly checkpointEveryS: Seconds | undefined;
  /** What it costs and takes to take its state to another region. */
  readonly moves: Moves;
  /** The region where its gang was last ready, which is where its state lies; undefined before the first. */
  readonly stateIn: string | undefined;
  /** Past its overhead: making progress. */
  readonly running: boolean;
  readonly placements: readonly PlacementView[];
}

/** Equal replicas of one model behind one balancer: it wants so many of them ready, for as long as it lasts. */
export interface ServiceView {
  readonly kind: "service";
  readonly id: WorkId;
  readonly arrivalS: Seconds;
  /** Undefined where each replica is on one instance. */
  readonly model: ServedModel | undefined;
  /** Ready replicas wanted now. More may be kept: the policy's insurance. */
  readonly replicasWanted: number;
  /** Requests a second that were sent to it, retries among them, over the last 60 whole seconds (REQUEST_RATE_WINDOW_S); undefined where nobody counts them. */
  readonly requestsPerS: PerSecond | undefined;
  /** One a replica, requested ones included, in order of placing. */
  readonly placements: readonly PlacementView[];
  /** How many replicas it lost to the provider. */
  readonly reclaims: number;
  /** How many of them were ready, no spares that stood in, and went without a notice. */
  readonly lostUnnoticed: number;
}
