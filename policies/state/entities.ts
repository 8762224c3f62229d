import type { JobArrival, Moves, ServiceArrival, TaskArrival } from "../contract/facts.ts";
import type { LaunchExpectation, MarketSpec } from "../contract/fleet.ts";
import type { Layout } from "../contract/latency-profile.ts";
import type { BatchView, ServedModel, WeightShard } from "../contract/served-model.ts";
import type { InstanceId, MarketId, MiB, PerSecond, Seconds, UsdPerHour, WorkId } from "../contract/units.ts";
import { HOUR_S } from "../contract/units.ts";
import type {
  CapacityType,
  InstancePurpose,
  InstanceStatus,
  InstanceView,
  JobView,
  MarketView,
  OnReclaim,
  PlacementView,
  Refusal,
  ServiceView,
  TaskView,
} from "../contract/view.ts";
import type { Listed } from "./listing.ts";
import { NONE } from "./lists.ts";

// The fleet as plain mutable objects; policies see them through the readonly interfaces of contract/view.ts.

/** The one clock that entities integrate by. */
export interface StateClock {
  nowS: Seconds;
}

export class MarketState implements MarketView {
  readonly id: MarketId;
  readonly instanceType: string;
  readonly region: string;
  readonly zone: string;
  readonly capacityType: CapacityType;
  readonly slots: number;
  readonly gpuMemoryMiB: MiB;
  readonly networkMiBPerS: number;
  readonly gpus: number | undefined;
  priceUsdPerHour: UsdPerHour = 0;
  obtainable: number | undefined = undefined;
  held = 0;
  unanswered = 0;
  grantedSinceRefusal = 0;
  refusal: Refusal | undefined = undefined;
  lastReclaimS: Seconds | undefined = undefined;

  constructor(id: MarketId, spec: MarketSpec) {
    this.id = id;
    this.instanceType = spec.instanceType;
    this.region = spec.region;
    this.zone = spec.zone;
    this.capacityType = spec.capacityType;
    this.slots = spec.slots;
    this.gpuMemoryMiB = spec.gpuMemoryMiB;
    this.networkMiBPerS = spec.networkMiBPerS;
    this.gpus = spec.gpus;
  }
}

export class InstanceState implements InstanceView, Listed {
  readonly id: InstanceId;
  readonly market: MarketState;
  readonly purpose: InstancePurpose;
  // Numbers from the start: a field that was undefined first is boxed anew by every write.
  /** Of its present life. */
  requestedS: Seconds = 0;
  readonly networkMiBPerS: number;
  status: InstanceStatus = "requested";
  runningS: Seconds | undefined = undefined;
  reclaimS: Seconds | undefined = undefined;
  rebalanceS: Seconds | undefined = undefined;
  draining = false;
  registered = false;
  deregisteredS: Seconds | undefined = undefined;
  drained = false;
  moving = false;
  cachesMiB: MiB | undefined = undefined;
  /** It has been stopped before: its disk holds what it needs, and a refused start leaves it stopped. */
  startsWarm = false;
  freeSlots: number;
  freeMemoryMiB: MiB = 0;
  warmModels: readonly string[] = NONE;
  shards: readonly (WeightShard | null)[] = NONE;
  placements: readonly PlacementState[] = NONE;
  statesHeld = 0;
  memberOf = 0;
  presentIn = 0;
  /** When it is expected to be ready, from the status it has and since when it has it. */
  expectedReadyS: Seconds = 0;
  readonly #clock: StateClock;
  readonly #launch: LaunchExpectation;

  constructor(
    id: InstanceId,
    market: MarketState,
    purpose: InstancePurpose,
    clock: StateClock,
    launch: LaunchExpectation,
  ) {
    this.id = id;
    this.market = market;
    this.purpose = purpose;
    this.requestedS = clock.nowS;
    this.networkMiBPerS = market.networkMiBPerS;
    this.freeSlots = market.slots;
    this.freeMemoryMiB = market.gpuMemoryMiB;
    this.#clock = clock;
    this.#launch = launch;
    this.expectedReadyS = clock.nowS + launch.answerS + launch.bootS + launch.warmS;
  }

  /** Expected seconds from `running` to ready. */
  get warmS(): Seconds {
    return this.startsWarm ? this.#launch.warmAgainS : this.#launch.warmS;
  }

  get readyInS(): Seconds {
    if (this.status === "stopped") return this.#launch.answerS + this.#launch.bootS + this.warmS;
    return this.status === "ready" ? 0 : Math.max(0, this.expectedReadyS - this.#clock.nowS);
  }
}

export class PlacementState implements PlacementView {
  readonly work: WorkState;
  readonly instances: readonly InstanceState[];
  readonly exclusive: boolean;
  /** Slots taken on each instance. */
  readonly slots: number;
  readonly layout?: Layout;
  batch: BatchView | undefined = undefined;

  constructor(
    work: WorkState,
    instances: readonly InstanceState[],
    exclusive: boolean,
    slots: number,
    layout: Layout | undefined,
  ) {
    if (layout !== undefined) this.layout = layout;
    this.work = work;
    this.instances = instances;
    this.exclusive = exclusive;
    this.slots = slots;
  }
}

export type WorkState = TaskState | JobState | ServiceState;

/** What all work has: where it is placed, and progress that grows by itself between two facts. */
abstract class Progressing {
  readonly id: WorkId;
  readonly arrivalS: Seconds;
  readonly workS: Seconds;
  placements: readonly PlacementState[] = NONE;
  keptS: Seconds = 0;
  timesPlaced = 0;
  reclaims = 0;
  // The anchor: doneS as of anchorS, growing by ratePerS.
  anchorDoneS: Seconds = 0;
  anchorS: Seconds = 0;
  ratePerS = 0;
  readonly #clock: StateClock;

  constructor(id: WorkId, workS: Seconds, clock: StateClock) {
    this.id = id;
    this.arrivalS = clock.nowS;
    this.workS = workS;
    this.#clock = clock;
  }

  get doneS(): Seconds {
    if (this.ratePerS === 0) return this.anchorDoneS;
    return Math.min(this.workS, this.anchorDoneS + this.ratePerS * (this.#clock.nowS - this.anchorS));
  }

  /** Stops the clock of its progress; whether that progress survives, a fact will tell. */
  pause(): void {
    this.anchorDoneS = this.doneS;
    this.anchorS = this.#clock.nowS;
    this.ratePerS = 0;
  }
}

export class TaskState extends Progressing implements TaskView, Listed {
  readonly kind = "task";
  readonly memoryMiB: MiB;
  readonly model: string | undefined;
  readonly weightsMiB: MiB;
  readonly onReclaim: OnReclaim;
  stateOn: InstanceState | undefined = undefined;
  memberOf = 0;
  presentIn = 0;
  readonly #arrival: TaskArrival;

  constructor(id: WorkId, arrival: TaskArrival, clock: StateClock) {
    super(id, arrival.workS, clock);
    this.memoryMiB = arrival.memoryMiB;
    this.model = arrival.model ?? undefined;
    this.weightsMiB = arrival.weightsMiB;
    this.onReclaim = arrival.onReclaim;
    this.#arrival = arrival;
  }

  get stateMiB(): MiB {
    return stateMiBAt(this.#arrival, this.doneS);
  }
}

export class JobState extends Progressing implements JobView {
  readonly kind = "deadlineJob";
  /** It takes its instances whole, so their memory is nobody else's. */
  readonly memoryMiB = 0;
  readonly deadlineS: Seconds;
  readonly restartOverheadS: Seconds;
  readonly nodes: number;
  readonly checkpointEveryS: Seconds | undefined;
  readonly moves: Moves;
  stateIn: string | undefined = undefined;

  constructor(id: WorkId, arrival: JobArrival, clock: StateClock) {
    super(id, arrival.workS, clock);
    this.deadlineS = arrival.deadlineS;
    this.restartOverheadS = arrival.restartOverheadS;
    this.nodes = arrival.nodes;
    this.checkpointEveryS = arrival.checkpointEveryS;
    this.moves = arrival.moves ?? {};
  }

  get running(): boolean {
    return this.ratePerS > 0;
  }
}

export class ServiceState implements ServiceView {
  readonly kind = "service";
  readonly id: WorkId;
  readonly arrivalS: Seconds;
  /** Its replicas take their instances whole, so their memory is nobody else's. */
  readonly memoryMiB = 0;
  readonly model: ServedModel | undefined;
  replicasWanted: number;
  requestsPerS: PerSecond | undefined = undefined;
  placements: readonly PlacementState[] = NONE;
  reclaims = 0;
  lostUnnoticed = 0;

  constructor(id: WorkId, arrival: ServiceArrival, clock: StateClock) {
    this.id = id;
    this.arrivalS = clock.nowS;
    this.model = arrival.model;
    this.replicasWanted = arrival.replicasWanted;
  }
}

/** Size of a task's state once `doneS` of it is done. */
export function stateMiBAt(task: TaskArrival, doneS: Seconds): MiB {
  return Math.min(task.stateMiBMax, task.stateMiBBase + (task.stateMiBPerHour * doneS) / HOUR_S);
}
