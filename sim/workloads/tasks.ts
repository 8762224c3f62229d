import type { Facts, TaskArrival } from "../../policies/contract/facts.ts";
import { HOUR_S, type MarketId, type MiB, type Seconds, type WorkId } from "../../policies/contract/units.ts";
import { stateMiBAt } from "../../policies/state/entities.ts";
import { having, NONE, without } from "../../policies/state/lists.ts";
import type { SimulatedCloud } from "../cloud.ts";
import type { EventQueue } from "../event-queue.ts";
import { EVENT } from "../events.ts";
import { PHASE, type SimInstance } from "../instance.ts";
import type { BillLines, Place } from "../meter.ts";
import { quantile } from "../quantile.ts";
import type { TimelineWork } from "../simulation.ts";
import { SimulationError } from "../simulation-error.ts";
import { memoryMiBMax, TaskList } from "./task-list.ts";
import { type TasksParams, tasksParams } from "./tasks-params.ts";
import type { Workload, WorkloadWorld } from "./workload.ts";

/** Bytes on their way at an even rate. */
interface Leg {
  readonly miB: MiB;
  readonly from: Place;
  readonly to: Place;
  readonly fromS: Seconds;
  readonly toS: Seconds;
}

/** A task as it truly is. */
export class SimTask {
  readonly id: WorkId;
  readonly task: TaskArrival;
  readonly arrivalS: Seconds;
  /** Work done as of anchorS, growing by 1 a second while it runs. */
  doneS: Seconds = 0;
  anchorS: Seconds = 0;
  running = false;
  /** What survives the loss of its instance. */
  keptS: Seconds = 0;
  on: SimInstance | undefined = undefined;
  /** Where its state still is, and whether that is being written there (else fetched by whoever takes over). */
  stateOn: SimInstance | undefined = undefined;
  writing = false;
  /** Sequence number of the event it waits for. */
  seq = -1;
  waitingSinceS: Seconds = 0;
  /** When it last stopped running. */
  stoppedS: Seconds = 0;
  started = false;
  /** Where its last checkpoint was written. */
  keptOn: MarketId | undefined = undefined;
  /** What is on its way for it; only where somebody bills it. */
  legs: readonly Leg[] = NONE;

  constructor(id: WorkId, task: TaskArrival, arrivalS: Seconds) {
    this.id = id;
    this.task = task;
    this.arrivalS = arrivalS;
    this.waitingSinceS = arrivalS;
  }
}

/**
 * Independent tasks on shared instances: hours of work, GPU memory, a state that grows, and one of four ways to meet a
 * reclaim. Assumes that tasks of one instance do not slow one another, that weights and state are loaded through the target's card at
 * its full rate, and that what leaves an instance under notice goes through its one card in the order asked for.
 *
 * restart: progress is lost. checkpointEvery: writes go on beside the work; what the last finished write held is kept.
 * checkpointInGrace: stops, writes all of its state, kept if written before the reclaim. migrate: stops, its state stays
 * where it ran and is fetched from there once the new place is ready, kept if fetched before the reclaim.
 */
export class TasksWorkload implements Workload {
  readonly jobs = NONE;
  readonly services = NONE;
  readonly measuredFromS = 0;
  readonly assumptions = NONE;
  readonly stretches: TimelineWork[] = [];
  readonly #params: TasksParams;
  readonly #list: TaskList;
  readonly #queue: EventQueue;
  readonly #ranks: readonly number[];
  readonly #facts: Facts;
  readonly #cloud: SimulatedCloud;
  readonly #transfers: BillLines | undefined;
  readonly #horizonS: Seconds;
  readonly #traced: boolean;
  /** By id; those that ended are gone, what they came to is in the sums. */
  readonly #tasks: (SimTask | undefined)[] = [];
  readonly #completionH: Float64Array; // [completed tasks, in order of completion]
  #completed = 0;
  #completedWorkS = 0;
  #started = 0;
  #waitedS = 0;
  #closed = false;
  #lostS = 0;
  #runS = 0;
  #moves = 0;
  #movingS = 0;
  #downS = 0;

  constructor(written: unknown, world: WorkloadWorld) {
    const params = tasksParams.parse(written);
    const room = Math.max(...world.fleet.markets.map((market) => market.gpuMemoryMiB));
    if (memoryMiBMax(params) > room) {
      throw new SimulationError(
        `a task needs up to ${memoryMiBMax(params)} MiB of GPU memory, the largest instance has ${room}; lower workload.params.memoryMiB or name a larger type`,
      );
    }
    this.#params = params;
    this.#list = new TaskList(params, world.random);
    this.#completionH = new Float64Array(params.tasks);
    this.#queue = world.queue;
    this.#ranks = world.ranks;
    this.#facts = world.facts;
    this.#cloud = world.cloud;
    this.#transfers = world.transfers;
    this.#horizonS = world.horizonS;
    this.#traced = world.traced;
  }

  get finished(): boolean {
    return this.#completed === this.#tasks.length && !this.#moreArrives;
  }

  start(): void {
    this.#scheduleArrival();
  }

  // ── actions ────────────────────────────────────────────────────────────────────────

  place(id: number, [on]: readonly SimInstance[], nowS: Seconds): void {
    const instance = on!;
    const task = this.#task(id);
    task.on = instance;
    task.waitingSinceS = nowS;
    if (instance.tasks.length === 0 && instance.phase >= PHASE.running) this.#cloud.idleS += nowS - instance.idleSinceS;
    instance.tasks = having(instance.tasks, task);
    this.#begin(task, nowS);
  }

  release(id: number, _instances: readonly SimInstance[], nowS: Seconds): void {
    const task = this.#task(id);
    const from = task.on!;
    this.#stop(task, nowS);
    this.#leave(task, nowS);
    // State that is held somewhere is kept or lost when it has left there, not now.
    if (task.stateOn === undefined) {
      if (this.#params.onReclaim === "migrate" && task.doneS > task.keptS) this.#hold(task, from);
      else this.#fallBack(task);
    }
    this.#report(task);
  }

  checkpoint(id: number, nowS: Seconds): void {
    const task = this.#task(id);
    this.#stop(task, nowS);
    task.writing = true;
    this.#hold(task, task.on!);
    task.seq = this.#queue.push(this.#send(task, nowS), this.#ranks[EVENT.written]!, EVENT.written, task.id, 0);
    this.#report(task);
  }

  // ── events ─────────────────────────────────────────────────────────────────────────

  handle(kind: number, a: number, seq: number, nowS: Seconds): void {
    if (kind === EVENT.arrival) {
      this.#arrive(a);
      return;
    }
    const task = this.#tasks[a];
    if (task === undefined || task.seq !== seq) return;
    this.#bill(task, nowS);
    if (kind === EVENT.complete) {
      this.#complete(task, nowS);
    } else if (kind === EVENT.written) {
      task.keptS = task.doneS;
      task.keptOn = task.stateOn!.market;
      this.#letGo(task);
      this.#report(task);
      this.#begin(task, nowS);
    } else if (kind === EVENT.fetched) {
      this.#letGo(task);
      this.#begin(task, nowS);
    } else {
      this.#run(task, nowS);
    }
  }

  ready(instance: SimInstance): void {
    for (const task of instance.tasks) this.#begin(task, instance.readyS);
  }

  lost(instance: SimInstance, nowS: Seconds): void {
    if (this.#closed) return;
    for (const task of instance.tasks) {
      this.#stop(task, nowS);
      this.#leave(task, nowS);
      if (task.stateOn === undefined) this.#fallBack(task);
      this.#report(task);
    }
    for (const task of instance.statesHeld) {
      this.#bill(task, nowS);
      this.#letGo(task);
      this.#fallBack(task);
      task.seq = -1;
      this.#report(task);
      this.#begin(task, nowS);
    }
  }

  cut(nowS: Seconds): void {
    for (const task of this.#unfinished()) {
      this.#bill(task, nowS);
      if (task.running) this.#stop(task, nowS, "cut");
    }
    this.#closed = true;
  }

  // ── what came of it ────────────────────────────────────────────────────────────────

  outcome(): Record<string, number> {
    const arrived = this.#tasks.length;
    const completionH = this.#completionH.subarray(0, this.#completed).sort();
    const metrics: Record<string, number> = {
      tasksArrived: arrived,
      tasksCompleted: this.#completed,
      workHoursDone: this.#doneS() / HOUR_S,
      lostWorkHours: this.#lostS / HOUR_S,
    };
    if (arrived > 0) metrics.completedShare = this.#completed / arrived;
    if (this.#completed > 0) {
      metrics.completionMeanH = completionH.reduce((sum, hours) => sum + hours, 0) / this.#completed;
      metrics.completionP50H = quantile(completionH, 0.5);
      metrics.completionP95H = quantile(completionH, 0.95);
      metrics.completionP99H = quantile(completionH, 0.99);
    }
    if (this.#started > 0) metrics.waitMeanH = this.#waitedS / this.#started / HOUR_S;
    if (this.#moves > 0) {
      metrics.migrationMeanS = this.#movingS / this.#moves;
      metrics.downMeanS = this.#downS / this.#moves;
    }
    return metrics;
  }

  check(upSlotS: Seconds): void {
    const arrived = this.#tasks.length;
    const unfinished = this.#unfinished().length;
    if (this.#completed + unfinished !== arrived) {
      throw new Error(`${arrived} tasks arrived, but ${this.#completed} completed and ${unfinished} did not`);
    }
    const doneS = this.#doneS();
    if (Math.abs(doneS + this.#lostS - this.#runS) > 1e-6 * (this.#runS + 1)) {
      throw new Error(`${this.#runS} s were run, but ${doneS} s are done and ${this.#lostS} s lost`);
    }
    if (this.#runS > upSlotS * (1 + 1e-9) + 1e-6) {
      throw new Error(`${this.#runS} s of work ran on ${upSlotS} s of up-time x slots`);
    }
  }

  // ── parts ──────────────────────────────────────────────────────────────────────────

  get #moreArrives(): boolean {
    return this.#list.arrivalS(this.#tasks.length) < this.#horizonS;
  }

  #unfinished(): SimTask[] {
    return this.#tasks.filter((task) => task !== undefined);
  }

  #doneS(): Seconds {
    return this.#unfinished().reduce((sum, task) => sum + task.doneS, this.#completedWorkS);
  }

  #scheduleArrival(): void {
    // One arrival in the queue at a time: the queue holds what is under way, not what is to come.
    if (!this.#moreArrives) return;
    const next = this.#tasks.length;
    this.#queue.push(this.#list.arrivalS(next), this.#ranks[EVENT.arrival]!, EVENT.arrival, next, 0);
  }

  #arrive(place: number): void {
    const task = new SimTask(place as WorkId, this.#list.task(place), this.#list.arrivalS(place));
    this.#tasks[task.id] = task;
    this.#facts.workArrived(task.id, task.task);
    this.#scheduleArrival();
  }

  /** Goes as far towards running as it can now. */
  #begin(task: SimTask, nowS: Seconds): void {
    const { on } = task;
    if (on === undefined || on.phase !== PHASE.ready || task.running || task.writing) return;
    const { stateOn } = task;
    if (stateOn !== undefined && stateOn !== on) {
      task.seq = this.#queue.push(this.#send(task, nowS), this.#ranks[EVENT.fetched]!, EVENT.fetched, task.id, 0);
      return;
    }
    if (stateOn === on) this.#letGo(task);
    const loadS = this.#loadS(task, on);
    if (loadS > 0) {
      if (this.#transfers !== undefined) task.legs = this.#loads(this.#transfers, task, on, nowS);
      task.seq = this.#queue.push(nowS + loadS, this.#ranks[EVENT.start]!, EVENT.start, task.id, 0);
    } else {
      this.#run(task, nowS);
    }
  }

  /** Weights that are not there, and a checkpoint that is read back; what was fetched from its old place is there already. */
  #loadS(task: SimTask, on: SimInstance): Seconds {
    const perS = this.#networkMiBPerS(on);
    return missingWeightsMiB(task, on) / perS + readBackMiB(task) / perS;
  }

  /** The same as bytes on their way, one after the other. */
  #loads(transfers: BillLines, task: SimTask, on: SimInstance, nowS: Seconds): Leg[] {
    const perS = this.#networkMiBPerS(on);
    const to = transfers.place(on.market);
    const weightsMiB = missingWeightsMiB(task, on);
    const stateMiB = readBackMiB(task);
    const thereS = nowS + weightsMiB / perS;
    return [
      { miB: weightsMiB, from: transfers.storage(on.market), to, fromS: nowS, toS: thereS },
      {
        miB: stateMiB,
        from: transfers.storage(task.keptOn ?? on.market),
        to,
        fromS: thereS,
        toS: thereS + stateMiB / perS,
      },
    ];
  }

  #run(task: SimTask, nowS: Seconds): void {
    const on = task.on!;
    const { model } = task.task;
    if (model !== null && !on.warmModels.includes(model)) {
      on.warmModels = having(on.warmModels, model);
      this.#facts.modelWarm(on.id, model);
    }
    if (!task.started) {
      task.started = true;
      this.#started++;
      this.#waitedS += nowS - task.arrivalS;
    } else {
      this.#moves++;
      this.#movingS += nowS - Math.max(task.waitingSinceS, on.readyS);
      this.#downS += nowS - task.stoppedS;
    }
    task.running = true;
    task.anchorS = nowS;
    const endS = nowS + (task.task.workS - task.doneS);
    task.seq = this.#queue.push(endS, this.#ranks[EVENT.complete]!, EVENT.complete, task.id, 0);
    this.#facts.progress(task.id, task.doneS, task.keptS, 1);
  }

  #complete(task: SimTask, nowS: Seconds): void {
    this.#stop(task, nowS, "completed");
    this.#completionH[this.#completed++] = (nowS - task.arrivalS) / HOUR_S;
    this.#completedWorkS += task.task.workS;
    this.#tasks[task.id] = undefined;
    this.#leave(task, nowS);
    this.#facts.workEnded(task.id);
  }

  /** Integrates what it did up to now, and keeps what the last finished periodic write held. */
  #stop(task: SimTask, nowS: Seconds, ended: TimelineWork["ended"] = "stopped"): void {
    if (!task.writing) {
      this.#bill(task, nowS);
      task.seq = -1;
    }
    if (!task.running) return;
    const ranS = ended === "completed" ? task.task.workS - task.doneS : nowS - task.anchorS;
    if (this.#traced) {
      this.stretches.push({ work: task.id, instance: task.on!.id, fromS: task.anchorS, toS: nowS, ended });
    }
    const { checkpoint } = this.#params;
    if (checkpoint !== undefined && this.#transfers !== undefined)
      this.#billWrites(task, ranS, checkpoint, this.#transfers);
    task.doneS += ranS;
    this.#runS += ranS;
    task.running = false;
    task.stoppedS = nowS;
    if (checkpoint === undefined) return;
    for (let k = Math.floor(task.doneS / checkpoint.everyS); k * checkpoint.everyS > task.keptS; k--) {
      const atS = k * checkpoint.everyS;
      if (task.doneS - atS < stateMiBAt(task.task, atS) / checkpoint.writeMiBPerS) continue;
      task.keptS = atS;
      task.keptOn = task.on!.market;
      return;
    }
  }

  #leave(task: SimTask, nowS: Seconds): void {
    const on = task.on!;
    on.tasks = without(on.tasks, task);
    if (on.tasks.length === 0) on.idleSinceS = nowS;
    task.on = undefined;
  }

  #fallBack(task: SimTask): void {
    this.#lostS += task.doneS - task.keptS;
    task.doneS = task.keptS;
  }

  #hold(task: SimTask, on: SimInstance): void {
    task.stateOn = on;
    on.statesHeld = having(on.statesHeld, task);
  }

  #letGo(task: SimTask): void {
    const on = task.stateOn!;
    on.statesHeld = without(on.statesHeld, task);
    task.stateOn = undefined;
    task.writing = false;
    this.#facts.stateLeft(task.id);
  }

  /** Queues its state on the card of the instance that holds it: to storage, or to where it is placed now. @returns when it is through. */
  #send(task: SimTask, nowS: Seconds): Seconds {
    const from = task.stateOn!;
    const fromS = Math.max(from.cardFreeS, nowS);
    const miB = stateMiBAt(task.task, task.doneS);
    from.cardFreeS = fromS + miB / this.#networkMiBPerS(from);
    const transfers = this.#transfers;
    if (transfers !== undefined) {
      const to = task.writing ? transfers.storage(from.market) : transfers.place(task.on!.market);
      task.legs = [{ miB, from: transfers.place(from.market), to, fromS, toS: from.cardFreeS }];
    }
    return from.cardFreeS;
  }

  /** Bills what has moved by now of what was on its way; the rest was cut off. */
  #bill(task: SimTask, nowS: Seconds): void {
    if (task.legs.length === 0) return;
    for (const { miB, from, to, fromS, toS } of task.legs) {
      if (nowS <= fromS) continue; // its turn has not come
      this.#transfers!.move(nowS < toS ? (miB * (nowS - fromS)) / (toS - fromS) : miB, from, to);
    }
    task.legs = NONE;
  }

  /** Bills the periodic writes of a stretch: each goes on to its last byte, or to the end of the stretch. */
  #billWrites(
    { task, doneS, on }: SimTask,
    ranS: Seconds,
    { everyS, writeMiBPerS }: NonNullable<TasksParams["checkpoint"]>,
    transfers: BillLines,
  ): void {
    const { market } = on!;
    const endS = doneS + ranS;
    for (let k = Math.floor(doneS / everyS); k * everyS < endS; k++) {
      const atS = k * everyS;
      if (atS <= doneS) continue; // written before, or nothing to write
      const miB = Math.min(stateMiBAt(task, atS), (endS - atS) * writeMiBPerS);
      transfers.move(miB, transfers.place(market), transfers.storage(market));
    }
  }

  #report(task: SimTask): void {
    this.#facts.progress(task.id, task.doneS, task.keptS, 0);
  }

  #networkMiBPerS(on: SimInstance): number {
    return this.#cloud.networkMiBPerS(on.market);
  }

  #task(id: number): SimTask {
    const task = this.#tasks[id];
    if (task === undefined) throw new Error(`work ${id} has not arrived`);
    return task;
  }
}

const missingWeightsMiB = ({ task: { model, weightsMiB } }: SimTask, on: SimInstance): MiB =>
  model === null || on.warmModels.includes(model) ? 0 : weightsMiB;

const readBackMiB = ({ task, keptS, doneS }: SimTask): MiB =>
  keptS > 0 && doneS === keptS ? stateMiBAt(task, keptS) : 0;
