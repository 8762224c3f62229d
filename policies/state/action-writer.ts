import type { Action, Actions, DecidedBy, MoveHow, Note, ReparallelizeHow } from "../contract/actions.ts";
import type { Layout } from "../contract/latency-profile.ts";
import { isSamePlacement } from "../contract/served-model.ts";
import type { InstanceId, Seconds } from "../contract/units.ts";
import type {
  InstancePurpose,
  InstanceView,
  MarketView,
  Placement,
  PlacementView,
  ServiceView,
  TaskView,
  WorkView,
} from "../contract/view.ts";
import type { InstanceState, ServiceState, WorkState } from "./entities.ts";
import type { FleetState } from "./fleet-state.ts";
import { having, NONE } from "./lists.ts";

/** A policy asked for what cannot be: thrown in its own stack frame, it fails the run. */
export class ActionError extends Error {
  override readonly name = "ActionError";
}

const DO = {
  launch: 101,
  terminate: 102,
  drain: 103,
  place: 104,
  release: 105,
  checkpoint: 106,
  register: 107,
  deregister: 108,
  stop: 109,
  start: 110,
  scale: 111,
  move: 112,
  reparallelize: 113,
} as const;

const MOVE = { kv: 0, checkpoint: 1, restart: 2 } as const;
const HOW = { progressive: 0, whole: 1, restart: 2 } as const;

/** What most asks write, shared by them all: the first entry begins a list of its own. */
const NOTHING: never[] = [];

/** Checks each action against the state, shows its effect there at once, and keeps it for dispatch. */
export class ActionWriter implements Actions {
  /** Of the ask under way. */
  actions: Action[] = NOTHING;
  notes: Note[] = NOTHING;
  /** Who is writing. */
  by: DecidedBy = "policy";

  readonly #state: FleetState;
  readonly #keepNotes: boolean;
  #why: string | undefined = undefined;
  #wakeS: Seconds = Infinity;

  constructor(state: FleetState, keepNotes: boolean) {
    this.#state = state;
    this.#keepNotes = keepNotes;
  }

  /** Starts a new ask; what the last one wrote is the caller's. */
  open(): void {
    this.actions = NOTHING;
    this.notes = NOTHING;
    this.#wakeS = Infinity;
    this.#why = undefined;
  }

  launch(market: MarketView, purpose: InstancePurpose = "work"): InstanceView {
    const own = this.#state.marketOf(market);
    if (own === undefined) throw new ActionError(`launch: no market ${market.id} in this fleet`);
    const instance = this.#state.launch(own, purpose);
    this.#write({ do: "launch", market: own.id, instance: instance.id }, DO.launch, own.id, instance.id);
    return instance;
  }

  terminate(instance: InstanceView): void {
    const own = this.#instance("terminate", instance);
    if (own.status === "requested") {
      throw new ActionError(`terminate: instance ${own.id} has not been granted yet; wait for the answer`);
    }
    this.#state.terminate(own);
    this.#write({ do: "terminate", instance: own.id }, DO.terminate, own.id, 0);
  }

  drain(instance: InstanceView): void {
    const own = this.#instance("drain", instance);
    if (own.draining) throw new ActionError(`drain: instance ${own.id} is draining already`);
    this.#state.drain(own);
    this.#write({ do: "drain", instance: own.id }, DO.drain, own.id, 0);
  }

  scale(service: ServiceView, replicas: number): void {
    const own = this.#work("scale", service);
    if (!Number.isInteger(replicas) || replicas < 0) {
      throw new ActionError(`scale: service ${own.id} cannot want ${replicas} replicas`);
    }
    if (own.replicasWanted === replicas) throw new ActionError(`scale: service ${own.id} wants ${replicas} already`);
    own.replicasWanted = replicas;
    this.#write({ do: "scale", work: own.id, replicas }, DO.scale, own.id, replicas);
  }

  register(instance: InstanceView): void {
    const own = this.#instance("register", instance);
    if (own.registered) throw new ActionError(`register: instance ${own.id} is registered already`);
    const replica = own.placements.find(({ work }) => work.kind === "service");
    if (replica === undefined) throw new ActionError(`register: no service is placed on instance ${own.id}`);
    const [first] = replica.instances;
    if (first !== own) {
      throw new ActionError(
        `register: instance ${own.id} is a part of a replica; requests come to instance ${first!.id}`,
      );
    }
    for (const { id, status, reclaimS } of replica.instances) {
      if (status !== "ready") {
        throw new ActionError(`register: instance ${id} is ${status}; only what is ready can take requests`);
      }
      if (reclaimS !== undefined) {
        throw new ActionError(`register: instance ${id} is under notice and would lose what it is sent`);
      }
    }
    this.#state.register(own);
    this.#write({ do: "register", instance: own.id }, DO.register, own.id, 0);
  }

  deregister(instance: InstanceView): void {
    const own = this.#instance("deregister", instance);
    if (!own.registered) throw new ActionError(`deregister: instance ${own.id} is not registered`);
    this.#state.deregister(own);
    this.#write({ do: "deregister", instance: own.id }, DO.deregister, own.id, 0);
  }

  stop(instance: InstanceView): void {
    const own = this.#instance("stop", instance);
    if (own.market.capacityType !== "onDemand") {
      throw new ActionError(`stop: instance ${own.id} is a one-time spot instance and cannot be stopped; terminate it`);
    }
    if (own.purpose !== "spare") throw new ActionError(`stop: instance ${own.id} is no spare; only spares are stopped`);
    if (own.status !== "ready") {
      throw new ActionError(
        `stop: instance ${own.id} is ${own.status}; it is stopped once it is ready, so that its disk holds what it needs`,
      );
    }
    if (own.placements.length > 0) throw new ActionError(`stop: instance ${own.id} has work; release that first`);
    this.#state.stop(own);
    this.#write({ do: "stop", instance: own.id }, DO.stop, own.id, 0);
  }

  start(instance: InstanceView): void {
    const own = this.#instance("start", instance);
    if (own.status !== "stopped") throw new ActionError(`start: instance ${own.id} is ${own.status}, not stopped`);
    this.#state.start(own);
    this.#write({ do: "start", instance: own.id }, DO.start, own.id, 0);
  }

  place(work: WorkView, placement: Placement): void {
    const own = this.#work("place", work);
    if (own.kind !== "service" && own.placements.length > 0)
      throw new ActionError(`place: work ${own.id} is placed already; release it first`);
    const { layout } = placement;
    if (layout === undefined) {
      const nodes = own.kind === "deadlineJob" ? own.nodes : 1;
      if (placement.instances.length !== nodes) {
        throw new ActionError(
          `place: work ${own.id} runs on ${nodes} ${nodes === 1 ? "instance" : "instances"}, not on ${placement.instances.length}`,
        );
      }
    } else if (own.kind !== "service") {
      throw new ActionError(`place: work ${own.id} is a ${own.kind}; only replicas of a service have a layout`);
    }
    let on: readonly InstanceState[] = NONE;
    for (const instance of placement.instances) on = having(on, this.#host(own, instance, on));
    if (layout !== undefined) checkLayout(layout, on);
    const exclusive = placement.exclusive ?? layout !== undefined;
    this.#state.place(own, on, exclusive, layout);
    const instances = on.map((each) => each.id);
    const action = { do: "place", work: own.id, instances, ...(layout && { layout }), exclusive, by: this.by } as const;
    this.#write(action, DO.place, own.id, instances[0]!);
    this.#mark(instances.slice(1), layout);
  }

  /** The instance, if it can take the work beside those already chosen for it. */
  #host(work: WorkState, instance: InstanceView, chosen: readonly InstanceState[]): InstanceState {
    const on = this.#instance("place", instance);
    if (on.purpose === "probe") throw new ActionError(`place: instance ${on.id} is a probe and takes no work`);
    if (on.status === "stopped") throw new ActionError(`place: instance ${on.id} is stopped; start it first`);
    if (on.draining || on.reclaimS !== undefined) {
      throw new ActionError(
        `place: instance ${on.id} takes no new work: it is ${on.draining ? "draining" : "under notice"}`,
      );
    }
    if (on.freeSlots < 1) throw new ActionError(`place: instance ${on.id} has no free slot`);
    if (on.freeMemoryMiB < work.memoryMiB) {
      throw new ActionError(
        `place: work ${work.id} needs ${work.memoryMiB} MiB, instance ${on.id} has ${on.freeMemoryMiB}`,
      );
    }
    if (chosen.includes(on)) throw new ActionError(`place: instance ${on.id} is there twice`);
    if (chosen.length > 0 && on.freeSlots !== chosen[0]!.freeSlots) {
      throw new ActionError(
        `place: the instances of a placement have equal room; instance ${chosen[0]!.id} has ${chosen[0]!.freeSlots} free slots, ${on.id} has ${on.freeSlots}`,
      );
    }
    return on;
  }

  release(placement: PlacementView): void {
    const own = this.#work("release", placement.work);
    // By its first instance: a wrapper may hand on an overlay, and of a service there is one placement an instance.
    const first = placement.instances[0]!.id;
    const on = own.placements.find(({ instances }) => instances[0]!.id === first);
    if (on === undefined) throw new ActionError(`release: work ${own.id} is not placed on instance ${first}`);
    const instances = on.instances.map((instance) => instance.id);
    this.#state.release(on);
    this.#write({ do: "release", work: own.id, instances }, DO.release, own.id, own.kind === "service" ? first : 0);
  }

  move(from: readonly PlacementView[], to: readonly PlacementView[], how: MoveHow, share = 1): void {
    if (from.length === 0) throw new ActionError("move: from nowhere; name the placements that are left");
    if (!(share >= 0 && share <= 1)) throw new ActionError(`move: a share of ${share} is none; expected 0 to 1`);
    const service = this.#work("move", from[0]!.work);
    if (service.kind !== "service")
      throw new ActionError(`move: work ${service.id} is no service; release and place it`);
    if (service.model !== undefined) {
      throw new ActionError(`move: the replicas of service ${service.id} are cut over GPUs; reparallelize it`);
    }
    const sources = from.map((each) => this.#source(service, each));
    if (how === "kv" && share > 0 && to.length === 0) {
      throw new ActionError(`move: nobody takes over what work ${service.id} has in flight; name ready replicas`);
    }
    const targets = to.map((each) => this.#target(service, each, sources));
    this.#state.move(sources);
    const ids = (placements: readonly PlacementView[]) =>
      placements.map(({ instances }) => instances.map(({ id }) => id));
    const action = { do: "move", work: service.id, from: ids(from), to: ids(to), how, share } as const;
    this.#write(action, DO.move, service.id, MOVE[how]);
    const { fingerprint } = this.#state;
    for (const { id } of [...sources, ...targets]) fingerprint.int(id);
    fingerprint.number(share);
  }

  #source(service: ServiceState, { instances: [first] }: PlacementView): InstanceState {
    const on = this.#replica(service, first!);
    if (on.registered) {
      throw new ActionError(`move: instance ${on.id} still takes requests of work ${service.id}; deregister it first`);
    }
    if (on.moving) throw new ActionError(`move: what instance ${on.id} has in flight is on its way already`);
    if (on.deregisteredS === undefined || on.drained) {
      throw new ActionError(`move: instance ${on.id} holds nothing of work ${service.id} that could move`);
    }
    return on;
  }

  #target(service: ServiceState, { instances: [first] }: PlacementView, from: readonly InstanceState[]): InstanceState {
    const on = this.#replica(service, first!);
    if (from.includes(on)) throw new ActionError(`move: instance ${on.id} cannot move to itself`);
    if (on.reclaimS !== undefined || on.draining) {
      throw new ActionError(
        `move: instance ${on.id} takes nothing over: it is ${on.reclaimS === undefined ? "draining" : "under notice"}`,
      );
    }
    if (!on.registered) {
      throw new ActionError(
        `move: instance ${on.id} takes no requests yet (it is ${on.status}); register it once it is ready`,
      );
    }
    return on;
  }

  #replica(service: ServiceState, instance: InstanceView): InstanceState {
    const on = this.#instance("move", instance);
    if (on.placements.some(({ work }) => work === service)) return on;
    throw new ActionError(`move: instance ${on.id} is no replica of work ${service.id}; place it there first`);
  }

  reparallelize(service: ServiceView, to: readonly Placement[], how: ReparallelizeHow): void {
    const own = this.#work("reparallelize", service);
    if (own.model === undefined) {
      throw new ActionError(
        `reparallelize: the replicas of service ${own.id} are on one instance each; place and release them`,
      );
    }
    if (to.length === 0)
      throw new ActionError(`reparallelize: service ${own.id} is left nowhere; release its placements`);
    const kept = new Set(
      how === "restart" ? [] : own.placements.filter((each) => to.some((other) => isSamePlacement(each, other))),
    );
    if (how !== "restart" && kept.size === to.length && kept.size === own.placements.length) {
      throw new ActionError(`reparallelize: service ${own.id} stands so already`);
    }
    this.#state.reparallelize(own, kept);
    const placements = to.map(({ instances, layout }) => {
      if (layout === undefined) throw new ActionError("reparallelize: a placement has no layout; name one");
      const ids = instances.map(({ id }) => id);
      if (own.placements.some((each) => kept.has(each) && isSamePlacement(each, { instances, layout })))
        return { instances: ids, layout };
      let on: readonly InstanceState[] = NONE;
      for (const instance of instances) on = having(on, this.#host(own, instance, on));
      checkLayout(layout, on);
      const starting = on.find(({ status }) => status !== "ready");
      if (starting !== undefined) {
        throw new ActionError(
          `reparallelize: instance ${starting.id} is ${starting.status}; weights and caches go to what is ready`,
        );
      }
      this.#state.place(own, on, true, layout);
      return { instances: ids, layout };
    });
    this.#write({ do: "reparallelize", work: own.id, to: placements, how }, DO.reparallelize, own.id, HOW[how]);
    for (const { instances, layout } of placements) this.#mark(instances, layout);
  }

  #mark(instances: readonly InstanceId[], layout: Layout | undefined): void {
    const { fingerprint } = this.#state;
    for (const id of instances) fingerprint.int(id);
    if (layout !== undefined)
      for (const degree of [layout.pipeline, layout.tensor, layout.batchMax]) fingerprint.int(degree);
  }

  checkpoint(work: TaskView): void {
    const task = this.#work("checkpoint", work);
    if (task.ratePerS === 0)
      throw new ActionError(`checkpoint: work ${task.id} is not running, there is nothing to write`);
    this.#state.checkpoint(task);
    this.#write({ do: "checkpoint", work: task.id }, DO.checkpoint, task.id, 0);
  }

  wakeAt(timeS: Seconds): void {
    if (!Number.isFinite(timeS)) throw new ActionError(`wakeAt: ${timeS} is no time`);
    if (timeS > this.#state.nowS && timeS < this.#wakeS) this.#wakeS = timeS;
  }

  /** The earliest time asked for since the last taking, and forgets it; null for none. */
  takeWakeS(): Seconds | null {
    const wakeS = this.#wakeS;
    this.#wakeS = Infinity;
    return wakeS === Infinity ? null : wakeS;
  }

  note(why: string): void {
    if (this.#keepNotes) this.#why = why;
  }

  /** Takes back launches and starts that were refused before they went out, and placements on them. */
  withdraw(refused: ReadonlySet<number>): void {
    const kept: Action[] = [];
    const notes: Note[] = [];
    for (const [i, action] of this.actions.entries()) {
      if ((action.do === "launch" || action.do === "start") && refused.has(action.instance)) continue;
      if (action.do === "place" && action.instances.some((id) => refused.has(id))) continue;
      for (const note of this.notes) if (note.action === i) notes.push({ ...note, action: kept.length });
      kept.push(action);
    }
    this.actions = kept;
    this.notes = notes;
  }

  #write(action: Action, kind: number, a: number, b: number): void {
    if (this.#why !== undefined) {
      const note = { action: this.actions.length, by: this.by, why: this.#why };
      if (this.notes.length === 0) this.notes = [note];
      else this.notes.push(note);
      this.#why = undefined;
    }
    const { fingerprint } = this.#state;
    fingerprint.int((kind << 24) ^ a);
    fingerprint.int(b);
    if (this.actions.length === 0) this.actions = [action];
    else this.actions.push(action);
  }

  #instance(verb: string, view: InstanceView): InstanceState {
    const own = this.#state.instanceOf(view);
    if (own === undefined) throw new ActionError(`${verb}: instance ${view.id} is gone or was never here`);
    return own;
  }

  #work<View extends WorkView>(verb: string, view: View) {
    const own = this.#state.workOf(view);
    if (own === undefined) throw new ActionError(`${verb}: work ${view.id} has ended or was never here`);
    return own;
  }
}

/** Its stages and ranks take all GPUs of the instances, which have as many as one another. */
function checkLayout(layout: Layout, on: readonly InstanceState[]): void {
  const { pipeline, tensor, batchMax } = layout;
  const called = `a layout of ${pipeline} x ${tensor} GPUs in batches of ${batchMax}`;
  if (![pipeline, tensor, batchMax].every((each) => Number.isInteger(each) && each > 0)) {
    throw new ActionError(`place: ${called} is none; expected whole numbers above 0`);
  }
  const [first] = on;
  for (const { id, market } of on) {
    if (market.gpus === undefined) {
      throw new ActionError(
        `place: nobody says how many GPUs instance ${id} has; describe those of ${market.instanceType}`,
      );
    }
    if (market.gpus !== first!.market.gpus) {
      throw new ActionError(
        `place: ${called} wants instances alike; instance ${first!.id} has ${first!.market.gpus} GPUs, ${id} has ${market.gpus}`,
      );
    }
  }
  const gpus = first === undefined ? 0 : on.length * first.market.gpus!;
  if (gpus !== pipeline * tensor) {
    throw new ActionError(`place: ${called} fills ${pipeline * tensor} GPUs, the ${on.length} instances have ${gpus}`);
  }
}
