import type { Facts, JobArrival, ServiceArrival, TaskArrival } from "../contract/facts.ts";
import type { FleetSpec } from "../contract/fleet.ts";
import type { Layout } from "../contract/latency-profile.ts";
import type { BatchView, WeightShard } from "../contract/served-model.ts";
import type { InstanceId, MarketId, MiB, PerSecond, Seconds, UsdPerHour, WorkId } from "../contract/units.ts";
import type {
  EndReason,
  FleetView,
  InstanceIndex,
  InstancePurpose,
  InstanceStatus,
  InstanceView,
  MarketView,
  RefusalReason,
  RefusalScope,
  WorkIndex,
  WorkView,
} from "../contract/view.ts";
import { covers } from "../refusal-scope.ts";
import {
  InstanceState,
  JobState,
  MarketState,
  PlacementState,
  ServiceState,
  type StateClock,
  TaskState,
  type WorkState,
} from "./entities.ts";
import { Fingerprint } from "./fingerprint.ts";
import { Listing } from "./listing.ts";
import { having, NONE, without } from "./lists.ts";

/** One number a kind of fact or action, for the fingerprint only. */
const FACT = {
  price: 1,
  obtainable: 2,
  status: 3,
  refused: 4,
  notice: 5,
  ended: 6,
  warm: 7,
  arrived: 8,
  progress: 9,
  stateLeft: 10,
  workEnded: 11,
  jobArrived: 12,
  serviceArrived: 13,
  replicasWanted: 14,
  requestRate: 15,
  rebalance: 16,
  drained: 17,
  cachesHeld: 18,
  shards: 19,
  batch: 20,
  adopted: 21,
} as const;
const END = { terminated: 0, reclaimed: 1, refused: 2 } as const;

/**
 * What a fleet is known to be: facts in, view out, the same in every host. Facts about an instance or work that is already
 * gone here (it was terminated while the fact was under way) are ignored and do not count as a change. Every fact and action
 * enters the fingerprint.
 */
export class FleetState implements Facts, FleetView {
  readonly markets: readonly MarketState[];
  readonly instances: InstanceIndex;
  readonly work: Work;
  /** Set by whoever asks: a host polls at its own cadence. */
  everyS: Seconds | undefined = undefined;
  readonly fingerprint = new Fingerprint();
  /** Rises with every fact but a price and the clock: a host asks again when it has moved. */
  version = 0;
  /** Rises when an instance under notice changes: only then has failover anything new to look at. */
  noticedVersion = 0;

  readonly #clock: StateClock = { nowS: 0 };
  readonly #spec: FleetSpec;
  readonly #instances: (InstanceState | undefined)[] = [];
  readonly #tasks: (TaskState | undefined)[] = [];
  readonly #idle = new Listing<InstanceState>(0);
  readonly #withRoom = new Listing<InstanceState>(1);
  readonly #noticed = new Listing<InstanceState>(2);
  readonly #probes = new Listing<InstanceState>(3);
  readonly #spares = new Listing<InstanceState>(4);
  readonly #pending = new Listing<TaskState>(0);

  constructor(spec: FleetSpec) {
    this.#spec = spec;
    this.markets = spec.markets.map((market, id) => new MarketState(id as MarketId, market));
    this.instances = new Instances(this.#idle, this.#withRoom, this.#noticed, this.#probes, this.#spares);
    this.work = new Work(this.#pending);
  }

  get nowS(): Seconds {
    return this.#clock.nowS;
  }

  // ── facts ──────────────────────────────────────────────────────────────────────────

  advance(nowS: Seconds): void {
    if (!(nowS >= this.#clock.nowS)) throw new Error(`the clock ran back from ${this.#clock.nowS} s to ${nowS} s`);
    if (nowS === this.#clock.nowS) return;
    this.#clock.nowS = nowS;
    this.fingerprint.number(nowS);
  }

  price(market: MarketId, usdPerHour: UsdPerHour): void {
    this.#mark(FACT.price, market);
    this.fingerprint.number(usdPerHour);
    this.#market(market).priceUsdPerHour = usdPerHour;
  }

  obtainable(market: MarketId, count: number | null): void {
    this.#change(FACT.obtainable, market);
    this.fingerprint.number(count ?? -1);
    this.#market(market).obtainable = count ?? Infinity;
  }

  status(id: InstanceId, status: "pending" | "warming" | "ready"): void {
    const instance = this.#instances[id];
    // Forward only: a provider that is polled repeats itself, and one that lags speaks of the past.
    if (instance === undefined || stepOf(status) <= stepOf(instance.status)) return;
    this.#change(FACT.status, id);
    this.fingerprint.int(stepOf(status));
    if (instance.status === "requested") {
      const { market } = instance;
      market.unanswered--;
      // Not one of the refusal's own instant: the two may arrive in either order.
      const { refusal } = market;
      if (refusal?.reason !== "capacity" || refusal.timeS < this.#clock.nowS) market.grantedSinceRefusal++;
    }
    instance.status = status;
    if (instance.reclaimS !== undefined) this.noticedVersion++;
    const { nowS } = this.#clock;
    if (status === "pending") {
      instance.expectedReadyS = nowS + this.#spec.launch.bootS + instance.warmS;
    } else if (status === "warming") {
      instance.runningS = nowS;
      instance.expectedReadyS = nowS + instance.warmS;
    } else {
      instance.runningS ??= nowS;
      instance.expectedReadyS = nowS;
      if (instance.placements.length === 0 && open(instance)) this.#idle.add(instance);
      for (const { work, instances } of instance.placements)
        if (work.kind === "deadlineJob") startIfReady(work, instances);
    }
  }

  refused(id: InstanceId, reason: RefusalReason, scope: RefusalScope): void {
    const instance = this.#instances[id];
    if (instance === undefined) return;
    this.#change(FACT.refused, id);
    this.fingerprint.text(reason);
    this.fingerprint.text(scope);
    const refusal = { reason, scope, timeS: this.#clock.nowS };
    for (const market of this.markets) {
      if (!covers(scope, instance.market, market)) continue;
      market.refusal = refusal;
      if (reason === "capacity") market.grantedSinceRefusal = 0;
    }
    // The provider never saw it: what launch() took from the count goes back.
    if (reason === "guard" && instance.market.obtainable !== undefined) instance.market.obtainable++;
    if (instance.startsWarm) this.#down(instance);
    else this.#end(instance);
  }

  reclaimNotice(id: InstanceId, reclaimS: Seconds): void {
    const instance = this.#instances[id];
    if (instance === undefined || instance.reclaimS !== undefined) return;
    this.#change(FACT.notice, id);
    this.fingerprint.number(reclaimS);
    instance.reclaimS = reclaimS;
    this.noticedVersion++;
    instance.market.lastReclaimS = this.#clock.nowS;
    for (const placement of instance.placements) placement.work.reclaims++;
    this.#noticed.add(instance);
    this.#close(instance);
  }

  rebalanceRecommended(id: InstanceId): void {
    const instance = this.#instances[id];
    if (instance === undefined || instance.rebalanceS !== undefined) return;
    this.#change(FACT.rebalance, id);
    instance.rebalanceS = this.#clock.nowS;
  }

  drained(id: InstanceId): void {
    const instance = this.#instances[id];
    if (instance?.deregisteredS === undefined || instance.drained) return;
    this.#change(FACT.drained, id);
    instance.drained = true;
  }

  ended(id: InstanceId, why: EndReason): void {
    const instance = this.#instances[id];
    if (instance === undefined) return;
    this.#change(FACT.ended, id);
    this.fingerprint.int(END[why]);
    if (why === "reclaimed" && instance.reclaimS === undefined) {
      instance.market.lastReclaimS = this.#clock.nowS;
      for (const { work } of instance.placements) {
        work.reclaims++;
        if (work.kind === "service" && instance.status === "ready" && instance.purpose === "work") work.lostUnnoticed++;
      }
    }
    this.#end(instance);
  }

  adopted(id: InstanceId, market: MarketId, service: WorkId): void {
    const work = find(this.work.services, service);
    if (work === undefined || id !== this.nextInstance)
      throw new Error(`no service ${service}, or ${id} is not the next instance`);
    this.#change(FACT.adopted, id);
    this.fingerprint.int(market);
    this.place(work, [this.launch(this.#market(market))], true);
  }

  modelWarm(id: InstanceId, model: string): void {
    const instance = this.#instances[id];
    if (instance === undefined || instance.warmModels.includes(model)) return;
    this.#change(FACT.warm, id);
    this.fingerprint.text(model);
    instance.warmModels = having(instance.warmModels, model);
  }

  workArrived(id: WorkId, arrival: TaskArrival): void {
    this.#change(FACT.arrived, id);
    this.fingerprint.number(arrival.workS);
    this.fingerprint.number(arrival.memoryMiB);
    const task = new TaskState(id, arrival, this.#clock);
    this.#tasks[id] = task;
    this.#pending.add(task);
  }

  jobArrived(id: WorkId, arrival: JobArrival): void {
    this.#change(FACT.jobArrived, id);
    this.fingerprint.number(arrival.workS);
    this.fingerprint.number(arrival.deadlineS);
    this.fingerprint.number(arrival.restartOverheadS);
    this.fingerprint.int(arrival.nodes);
    if (arrival.checkpointEveryS !== undefined) this.fingerprint.number(arrival.checkpointEveryS);
    for (const [from, into] of Object.entries(arrival.moves ?? {})) {
      for (const [to, { usd, moveS }] of Object.entries(into)) {
        this.fingerprint.text(`${from}/${to}`);
        this.fingerprint.number(usd);
        this.fingerprint.number(moveS);
      }
    }
    this.work.jobs = having(this.work.jobs, new JobState(id, arrival, this.#clock));
  }

  serviceArrived(id: WorkId, arrival: ServiceArrival): void {
    this.#change(FACT.serviceArrived, id);
    this.fingerprint.int(arrival.replicasWanted);
    this.work.services = having(this.work.services, new ServiceState(id, arrival, this.#clock));
  }

  replicasWanted(id: WorkId, count: number): void {
    const service = find(this.work.services, id);
    if (service === undefined) return;
    this.#change(FACT.replicasWanted, id);
    this.fingerprint.int(count);
    service.replicasWanted = count;
  }

  requestRate(id: WorkId, perS: PerSecond): void {
    const service = find(this.work.services, id);
    if (service === undefined) return;
    this.#mark(FACT.requestRate, id);
    this.fingerprint.number(perS);
    service.requestsPerS = perS;
  }

  cachesHeld(id: InstanceId, miB: MiB): void {
    const instance = this.#instances[id];
    if (instance === undefined) return;
    this.#mark(FACT.cachesHeld, id);
    this.fingerprint.number(miB);
    instance.cachesMiB = miB;
  }

  shards(id: InstanceId, shards: readonly (WeightShard | null)[]): void {
    const instance = this.#instances[id];
    if (instance === undefined) return;
    this.#mark(FACT.shards, id);
    for (const shard of shards) {
      for (const bound of shard === null ? [-1] : Object.values(shard)) this.fingerprint.number(bound);
    }
    instance.shards = shards;
  }

  batch(id: InstanceId, batch: BatchView | null): void {
    const placement = this.#instances[id]?.placements.find(({ layout }) => layout !== undefined);
    if (placement === undefined) return;
    this.#mark(FACT.batch, id);
    for (const value of batch === null ? [-1] : Object.values(batch)) this.fingerprint.number(value);
    placement.batch = batch ?? undefined;
  }

  progress(id: WorkId, doneS: Seconds, keptS: Seconds, ratePerS: number): void {
    const work = this.#tasks[id] ?? find(this.work.jobs, id);
    if (work === undefined) return;
    this.#change(FACT.progress, id);
    this.fingerprint.number(doneS);
    this.fingerprint.number(keptS);
    this.fingerprint.int(ratePerS);
    work.anchorDoneS = doneS;
    work.anchorS = this.#clock.nowS;
    work.keptS = keptS;
    work.ratePerS = ratePerS;
  }

  stateLeft(id: WorkId): void {
    const task = this.#tasks[id];
    if (task === undefined || task.stateOn === undefined) return;
    this.#change(FACT.stateLeft, id);
    task.stateOn.statesHeld--;
    if (task.stateOn.reclaimS !== undefined) this.noticedVersion++;
    task.stateOn = undefined;
  }

  workEnded(id: WorkId): void {
    const task = this.#tasks[id];
    if (task === undefined) {
      const other = find(this.work.jobs, id) ?? find(this.work.services, id);
      if (other === undefined) return;
      this.#change(FACT.workEnded, id);
      this.#unplace(other);
      if (other.kind === "service") this.work.services = without(this.work.services, other);
      else this.work.jobs = without(this.work.jobs, other);
      return;
    }
    this.#change(FACT.workEnded, id);
    this.#unplace(task);
    this.#pending.delete(task);
    if (task.stateOn !== undefined) {
      task.stateOn.statesHeld--;
      this.noticedVersion++;
    }
    this.#tasks[id] = undefined;
  }

  // ── effects of actions, called by the action writer ─────────────────────────────────

  /** What the next launch will be called. */
  get nextInstance(): InstanceId {
    return this.#instances.length as InstanceId;
  }

  /** The entity behind a view (an overlay, perhaps), or undefined when it is gone. */
  instanceOf({ id }: Pick<InstanceView, "id">): InstanceState | undefined {
    return this.#instances[id];
  }

  workOf<View extends WorkView>(view: View): Extract<WorkState, Pick<View, "kind">> | undefined;
  workOf(view: WorkView): WorkState | undefined {
    if (view.kind === "task") return this.#tasks[view.id];
    return view.kind === "service" ? find(this.work.services, view.id) : find(this.work.jobs, view.id);
  }

  marketOf(view: MarketView): MarketState | undefined {
    return this.markets[view.id];
  }

  launch(market: MarketState, purpose: InstancePurpose = "work"): InstanceState {
    const id = this.nextInstance;
    const instance = new InstanceState(id, market, purpose, this.#clock, this.#spec.launch);
    this.#instances[id] = instance;
    this.#ask(market);
    if (purpose === "work") this.#withRoom.add(instance);
    else if (purpose === "spare") this.#spares.add(instance);
    else this.#probes.add(instance);
    return instance;
  }

  start(instance: InstanceState): void {
    const { nowS } = this.#clock;
    instance.requestedS = nowS;
    instance.expectedReadyS = nowS + instance.readyInS;
    instance.status = "requested";
    this.#ask(instance.market);
  }

  terminate(instance: InstanceState): void {
    this.#giveBack(instance);
    this.#end(instance);
  }

  stop(instance: InstanceState): void {
    instance.startsWarm = true;
    this.#giveBack(instance);
    this.#down(instance);
  }

  place(work: WorkState, instances: readonly InstanceState[], exclusive: boolean, layout?: Layout): void {
    const slots = exclusive ? instances[0]!.freeSlots : 1;
    const placement = new PlacementState(work, instances, exclusive, slots, layout);
    const alone = [placement]; // lists are never written, so both ends may hold the same one
    if (work.kind === "service") {
      work.placements = having(work.placements, placement);
    } else {
      work.placements = alone;
      work.timesPlaced++;
      if (work.kind === "task") this.#pending.delete(work);
      else startIfReady(work, instances);
    }
    for (const instance of instances) {
      instance.placements = instance.placements.length === 0 ? alone : having(instance.placements, placement);
      instance.freeSlots -= slots;
      instance.freeMemoryMiB -= work.memoryMiB;
      this.#idle.delete(instance);
      if (instance.freeSlots < 1) this.#withRoom.delete(instance);
    }
  }

  release(placement: PlacementState): void {
    const { work } = placement;
    if (work.kind === "service") {
      this.#unregister(placement.instances[0]!);
      this.#vacate(placement);
      work.placements = without(work.placements, placement);
      return;
    }
    const from = work.placements[0]?.instances[0];
    // A task that migrates leaves its state where it ran until it is fetched or lost.
    if (from !== undefined && work.kind === "task" && work.onReclaim === "migrate" && work.doneS > work.keptS) {
      this.#holdState(work, from);
    }
    this.#stop(work);
  }

  /** @param kept as they stand; all other placements of the service go. */
  reparallelize(service: ServiceState, kept: ReadonlySet<PlacementState>): void {
    for (const placement of service.placements) if (!kept.has(placement)) this.release(placement);
  }

  drain(instance: InstanceState): void {
    instance.draining = true;
    this.#close(instance);
  }

  register(instance: InstanceState): void {
    this.#unregister(instance);
    instance.registered = true;
  }

  deregister(instance: InstanceState): void {
    instance.registered = false;
    instance.deregisteredS = this.#clock.nowS;
  }

  move(from: readonly InstanceState[]): void {
    for (const instance of from) instance.moving = true;
  }

  checkpoint(task: TaskState): void {
    const from = task.placements[0]?.instances[0];
    if (from !== undefined) this.#holdState(task, from);
  }

  // ── parts ──────────────────────────────────────────────────────────────────────────

  #holdState(task: TaskState, on: InstanceState): void {
    if (task.stateOn !== undefined) return;
    task.pause();
    task.stateOn = on;
    on.statesHeld++;
  }

  /** Takes no more work: leaves the lists that offer it. */
  #close(instance: InstanceState): void {
    this.#idle.delete(instance);
    this.#withRoom.delete(instance);
  }

  #stop(work: TaskState | JobState): void {
    work.pause();
    this.#unplace(work);
    if (work.kind === "task") this.#pending.add(work);
  }

  #unplace(work: WorkState): void {
    for (const placement of work.placements) this.#vacate(placement);
    work.placements = NONE;
  }

  #vacate(placement: PlacementState): void {
    for (const instance of placement.instances) {
      instance.placements = without(instance.placements, placement);
      instance.freeSlots += placement.slots;
      instance.freeMemoryMiB += placement.work.memoryMiB;
      if (instance.reclaimS !== undefined) this.noticedVersion++;
      if (!open(instance)) continue;
      this.#withRoom.add(instance);
      if (instance.status === "ready" && instance.placements.length === 0) this.#idle.add(instance);
    }
  }

  /** Asks the provider for one more, by a launch or a start. */
  #ask(market: MarketState): void {
    market.held++;
    market.unanswered++;
    if (market.obtainable !== undefined) market.obtainable--;
  }

  /** What the market has room for again, unless the provider takes it. */
  #giveBack({ market, reclaimS, status }: InstanceState): void {
    if (market.obtainable !== undefined && reclaimS === undefined && status !== "stopped") market.obtainable++;
  }

  #unregister(instance: InstanceState): void {
    instance.registered = false;
    instance.deregisteredS = undefined;
    instance.drained = false;
    instance.moving = false;
  }

  /** Holds its machine no more, and no work. */
  #leave(instance: InstanceState, now: "stopped" | "ended"): void {
    const { market } = instance;
    if (instance.status === "requested") market.unanswered--;
    else if (instance.status !== "stopped") this.#liftQuota(market);
    if (instance.status !== "stopped") market.held--;
    instance.status = now;
    this.#unregister(instance);
    for (const placement of instance.placements) {
      const { work } = placement;
      if (work.kind === "service") {
        this.#unregister(placement.instances[0]!);
        this.#vacate(placement);
        work.placements = without(work.placements, placement);
      } else {
        this.#stop(work);
      }
    }
  }

  #down(instance: InstanceState): void {
    this.#leave(instance, "stopped");
    instance.runningS = undefined;
    instance.warmModels = NONE;
    instance.draining = false;
  }

  #end(instance: InstanceState): void {
    this.#leave(instance, "ended");
    this.#instances[instance.id] = undefined;
    this.#close(instance);
    this.#noticed.delete(instance);
    this.#probes.delete(instance);
    this.#spares.delete(instance);
  }

  /** What one of ours no longer takes, another may have. */
  #liftQuota(freed: MarketState): void {
    for (const market of this.markets) {
      if (market.refusal?.reason === "quota" && covers("family", freed, market)) market.refusal = undefined;
    }
  }

  #market(id: MarketId): MarketState {
    const market = this.markets[id];
    if (market === undefined) throw new Error(`no market ${id}: the fleet has ${this.markets.length}`);
    return market;
  }

  #mark(kind: number, id: number): void {
    this.fingerprint.int((kind << 24) ^ id);
  }

  #change(kind: number, id: number): void {
    this.version++;
    this.fingerprint.int((kind << 24) ^ id);
  }
}

// Classes, not literals with getters: those would have a hidden class a run, and every look at the view would be slow.

class Instances implements InstanceIndex {
  readonly #idle: Listing<InstanceState>;
  readonly #withRoom: Listing<InstanceState>;
  readonly #noticed: Listing<InstanceState>;
  readonly #probes: Listing<InstanceState>;
  readonly #spares: Listing<InstanceState>;

  constructor(
    idle: Listing<InstanceState>,
    withRoom: Listing<InstanceState>,
    noticed: Listing<InstanceState>,
    probes: Listing<InstanceState>,
    spares: Listing<InstanceState>,
  ) {
    this.#idle = idle;
    this.#withRoom = withRoom;
    this.#noticed = noticed;
    this.#probes = probes;
    this.#spares = spares;
  }

  get idle(): readonly InstanceState[] {
    return this.#idle.read();
  }

  get withRoom(): readonly InstanceState[] {
    return this.#withRoom.read();
  }

  get noticed(): readonly InstanceState[] {
    return this.#noticed.read();
  }

  get probes(): readonly InstanceState[] {
    return this.#probes.read();
  }

  get spares(): readonly InstanceState[] {
    return this.#spares.read();
  }
}

class Work implements WorkIndex {
  jobs: readonly JobState[] = NONE;
  services: readonly ServiceState[] = NONE;
  readonly #pending: Listing<TaskState>;

  constructor(pending: Listing<TaskState>) {
    this.#pending = pending;
  }

  get pending(): readonly TaskState[] {
    return this.#pending.read();
  }
}

/** How far an instance has come; a `switch`, because a look-up by five names is many times slower. */
function stepOf(status: InstanceStatus): number {
  switch (status) {
    case "requested":
      return -1;
    case "pending":
      return 0;
    case "warming":
      return 1;
    case "ready":
      return 2;
    case "stopped": // what is still said of its last life
    case "ended":
      return 3;
  }
}

/** Jobs and services are few at a time, so the list itself is looked through. */
const find = <T extends { readonly id: WorkId }>(list: readonly T[], id: WorkId): T | undefined =>
  list.find((each) => each.id === id);

/** A gang starts when all of it is ready, and its state is then where it is. */
function startIfReady(job: JobState, gang: readonly InstanceState[]): void {
  if (gang.every(({ status }) => status === "ready")) job.stateIn = gang[0]!.market.region;
}

/** May be offered to work. */
function open(instance: InstanceState): boolean {
  return (
    instance.status !== "ended" && instance.reclaimS === undefined && !instance.draining && instance.purpose === "work"
  );
}
