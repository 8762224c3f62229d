import type { Action, Actions, DecidedBy, Note } from "../contract/actions.ts";
import type { Seconds } from "../contract/units.ts";
import type { InstanceView, MarketView, Placement, PlacementView, TaskView } from "../contract/view.ts";
import type { InstanceState, TaskState } from "./entities.ts";
import type { FleetState } from "./fleet-state.ts";

/** A policy asked for what cannot be: thrown in its own stack frame, it fails the run. */
export class ActionError extends Error {
  override readonly name = "ActionError";
}

const DO = { launch: 101, terminate: 102, drain: 103, place: 104, release: 105, checkpoint: 106 } as const;

/** Checks each action against the state, shows its effect there at once, and keeps it for dispatch. */
export class ActionWriter implements Actions {
  /** Of the ask under way. */
  actions: Action[] = [];
  notes: Note[] = [];
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
    this.actions = [];
    this.notes = [];
    this.#wakeS = Infinity;
    this.#why = undefined;
  }

  launch(market: MarketView): InstanceView {
    const own = this.#state.marketOf(market);
    if (own === undefined) throw new ActionError(`launch: no market ${market.id} in this fleet`);
    const instance = this.#state.launch(own);
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

  place(work: TaskView, placement: Placement): void {
    const task = this.#task("place", work);
    if (task.placements.length > 0) throw new ActionError(`place: work ${task.id} is placed already; release it first`);
    if (placement.instances.length !== 1) {
      throw new ActionError(`place: a task runs on one instance, not on ${placement.instances.length}`);
    }
    const on = this.#instance("place", placement.instances[0]!);
    if (on.draining || on.reclaimS !== undefined) {
      throw new ActionError(
        `place: instance ${on.id} takes no new work: it is ${on.draining ? "draining" : "under notice"}`,
      );
    }
    if (on.freeSlots < 1) throw new ActionError(`place: instance ${on.id} has no free slot`);
    if (on.freeMemoryMiB < task.memoryMiB) {
      throw new ActionError(
        `place: work ${task.id} needs ${task.memoryMiB} MiB, instance ${on.id} has ${on.freeMemoryMiB}`,
      );
    }
    const exclusive = placement.exclusive ?? false;
    this.#state.place(task, [on], exclusive);
    this.#write({ do: "place", work: task.id, instances: [on.id], exclusive, by: this.by }, DO.place, task.id, on.id);
  }

  release(placement: PlacementView): void {
    const task = this.#task("release", placement.work);
    const on = task.placements[0];
    if (on === undefined) throw new ActionError(`release: work ${task.id} is not placed`);
    const instances = on.instances.map((instance) => instance.id);
    this.#state.release(task);
    this.#write({ do: "release", work: task.id, instances }, DO.release, task.id, 0);
  }

  checkpoint(work: TaskView): void {
    const task = this.#task("checkpoint", work);
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

  /** Takes back launches that were refused before they went out, and placements on them. */
  withdraw(refused: ReadonlySet<number>): void {
    const kept: Action[] = [];
    const notes: Note[] = [];
    for (const [i, action] of this.actions.entries()) {
      if (action.do === "launch" && refused.has(action.instance)) continue;
      if (action.do === "place" && action.instances.some((id) => refused.has(id))) continue;
      for (const note of this.notes) if (note.action === i) notes.push({ ...note, action: kept.length });
      kept.push(action);
    }
    this.actions = kept;
    this.notes = notes;
  }

  #write(action: Action, kind: number, a: number, b: number): void {
    if (this.#why !== undefined) {
      this.notes.push({ action: this.actions.length, by: this.by, why: this.#why });
      this.#why = undefined;
    }
    const { fingerprint } = this.#state;
    fingerprint.int((kind << 24) ^ a);
    fingerprint.int(b);
    this.actions.push(action);
  }

  #instance(verb: string, view: InstanceView): InstanceState {
    const own = this.#state.instanceOf(view);
    if (own === undefined) throw new ActionError(`${verb}: instance ${view.id} is gone or was never here`);
    return own;
  }

  #task(verb: string, view: TaskView): TaskState {
    const own = this.#state.taskOf(view);
    if (own === undefined) throw new ActionError(`${verb}: work ${view.id} has ended or was never here`);
    return own;
  }
}
