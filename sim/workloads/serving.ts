import type { MoveHow, ReparallelizeHow } from "../../policies/contract/actions.ts";
import type { ServiceOutlook } from "../../policies/contract/foresight.ts";
import type { Layout } from "../../policies/contract/latency-profile.ts";
import { isSamePlacement } from "../../policies/contract/served-model.ts";
import { HOUR_S, type Seconds, type WorkId } from "../../policies/contract/units.ts";
import { NONE } from "../../policies/state/lists.ts";
import { EVENT } from "../events.ts";
import { PHASE, type SimInstance } from "../instance.ts";
import type { TimelineWork } from "../simulation.ts";
import { SimulationError } from "../simulation-error.ts";
import { RequestFlow } from "./serving/request-flow.ts";
import { StaticBatching } from "./serving/static-batching.ts";
import { servingParams } from "./serving-params.ts";
import type { SimPlacement, SimReplica, Workload, WorkloadWorld } from "./workload.ts";

const SERVICE = 0 as WorkId;

/**
 * One service that wants so many ready replicas for the whole window, and answers requests with them where a study has some.
 * A replica is one instance, or as many as its layout takes GPUs of. It counts from the moment that all of it is ready until one of them
 * ends or it is deregistered; requests come to it while it is registered.
 * Source: Mao et al., "SkyServe", EuroSys 2025, 4: Ntar = replicas.
 */
export class ServingWorkload implements Workload {
  readonly jobs = NONE;
  readonly finished = false;
  readonly services: readonly [ServiceOutlook];
  readonly measuredFromS: Seconds;
  readonly stretches: TimelineWork[] = [];
  readonly wanted: { readonly timeS: Seconds; readonly replicas: number }[] = [];
  readonly #world: WorkloadWorld;
  /** Undefined where replicas are counted and nobody asks them anything. */
  readonly #flow: RequestFlow | StaticBatching | undefined;
  #step = 0;
  /** What the policy has asked for since the last step. */
  #scaledTo: number | undefined = undefined;
  /** Ready replicas, and since when each serves. */
  readonly #ready = new Map<SimReplica, Seconds>();
  /** Those that are not sent requests any more, and since when; of a traced run the stretch in which they were. */
  readonly #draining = new Map<SimReplica, { readonly sinceS: Seconds; readonly stretch: number }>();
  #lost = 0;
  #closed = false;
  /** Up to when the sums are. */
  #countedS: Seconds;
  /** Seconds with all wanted replicas ready; replica-seconds ready, and of those wanted; wanted in all; billed but not ready; draining. */
  readonly #sum = { allS: 0, readyS: 0, servedS: 0, wantedS: 0, startingS: 0, drainingS: 0 };

  constructor(written: unknown, world: WorkloadWorld) {
    const { replicas, warmupS, requests } = servingParams.parse(written);
    if (warmupS >= world.horizonS) {
      throw new SimulationError(
        `a warm-up of ${warmupS} s leaves nothing of a window of ${world.horizonS} s; shorten it`,
      );
    }
    const steps = typeof replicas === "number" ? [{ fromH: 0, replicas }] : replicas;
    this.services = [steps.map((step) => ({ fromS: step.fromH * HOUR_S, replicas: step.replicas }))];
    this.measuredFromS = warmupS;
    this.#countedS = warmupS;
    this.#world = world;
    if (requests !== undefined) {
      this.#flow =
        requests.modelParallel === undefined
          ? new RequestFlow(requests, world, warmupS)
          : new StaticBatching(requests, world, warmupS);
    }
  }

  get assumptions(): readonly string[] {
    return this.#flow?.assumptions ?? NONE;
  }

  start(): void {
    const flow = this.#flow;
    this.#world.facts.serviceArrived(SERVICE, {
      replicasWanted: this.#wantedNow,
      ...(flow instanceof StaticBatching && { model: flow.model }),
    });
    this.#noteWanted(0);
    this.#awaitStep();
    this.#flow?.start();
  }

  tell(nowS: Seconds): void {
    const flow = this.#flow;
    if (flow === undefined) return;
    const { facts } = this.#world;
    flow.tell((perS) => facts.requestRate(SERVICE, perS), nowS);
    if (!(flow instanceof RequestFlow)) return;
    for (const { instances } of this.#ready.keys()) {
      const replica = instances[0]!;
      if (replica.noticeS >= 0) facts.cachesHeld(replica.id, flow.cachesMiB(replica, nowS));
    }
  }

  // ── actions ────────────────────────────────────────────────────────────────────────

  place(_service: number, instances: readonly SimInstance[], nowS: Seconds, layout?: Layout): void {
    const replica = { instances, layout };
    this.#take(replica, nowS);
    if (layout !== undefined) this.#pipelines.place({ instances, layout }, nowS);
    if (isReady(replica)) this.#begins(replica, nowS);
  }

  release(_service: number, [first]: readonly SimInstance[], nowS: Seconds): void {
    const replica = first!.replica!;
    this.#give(replica, nowS);
    this.#ends(replica, nowS, "stopped");
  }

  /** Those that stand as they stood count on; the others end and begin, and what they have in flight is the flow's to tell. */
  reparallelize(to: readonly SimPlacement[], how: ReparallelizeHow, nowS: Seconds): void {
    const stands = (each: SimReplica) => how !== "restart" && to.some((other) => isSamePlacement(each, other));
    const before = [...this.#ready.keys()];
    const kept = before.filter(stands);
    for (const replica of before) {
      if (kept.includes(replica)) continue;
      this.#give(replica, nowS);
      this.#countOut(replica, nowS, "stopped");
    }
    for (const each of to) {
      if (kept.some((replica) => isSamePlacement(replica, each))) continue;
      this.#take(each, nowS);
      this.#countTo(nowS);
      this.#ready.set(each, nowS);
    }
    this.#pipelines.reparallelize(to, how, nowS);
  }

  scale(replicas: number, nowS: Seconds): void {
    this.#countTo(nowS);
    this.#scaledTo = replicas;
    this.#noteWanted(nowS);
  }

  register(first: SimInstance, nowS: Seconds): void {
    this.#flow?.register(first, nowS);
  }

  /** Without requests nothing is in flight. */
  deregister(first: SimInstance, nowS: Seconds): void {
    const replica = first.replica!;
    this.#countOut(replica, nowS, "stopped");
    this.#draining.set(replica, { sinceS: nowS, stretch: this.stretches.length - 1 });
    if (this.#flow === undefined) this.#world.facts.drained(first.id);
    else this.#flow.deregister(first);
  }

  move(from: readonly SimInstance[], to: readonly SimInstance[], how: MoveHow, share: number, nowS: Seconds): void {
    if (this.#flow instanceof RequestFlow) this.#flow.move(from, to, how, share, nowS);
  }

  checkpoint(): void {
    throw new Error("a service has no state to write");
  }

  // ── events ─────────────────────────────────────────────────────────────────────────

  handle(kind: number, a: number, seq: number, nowS: Seconds): void {
    if (kind === EVENT.wanted) this.#wantAnother(nowS);
    else this.#flow!.handle(kind, a, seq, nowS);
  }

  #wantAnother(nowS: Seconds): void {
    this.#countTo(nowS);
    this.#step++;
    this.#scaledTo = undefined;
    this.#noteWanted(nowS);
    this.#world.facts.replicasWanted(SERVICE, this.#wantedNow);
    this.#awaitStep();
  }

  ready(instance: SimInstance): void {
    const { replica } = instance;
    if (replica !== undefined && isReady(replica)) this.#begins(replica, instance.readyS);
  }

  lost(instance: SimInstance, nowS: Seconds): void {
    if (this.#closed) return;
    const { replica } = instance;
    if (replica !== undefined) {
      if (instance.endedBy === "reclaimed") this.#lost++;
      this.#give(replica, nowS);
      this.#ends(replica, nowS, "stopped");
    }
    if (this.#flow instanceof StaticBatching) this.#flow.lost(instance, nowS);
  }

  cut(nowS: Seconds): void {
    this.#countTo(nowS);
    this.#flow?.cut(nowS);
    for (const replica of [...this.#ready.keys(), ...this.#draining.keys()]) this.#ends(replica, nowS, "cut");
    for (const instance of this.#world.cloud.instances) {
      const replica = instance?.replica;
      if (replica !== undefined && replica.instances[0] === instance) this.#countStart(replica, nowS);
    }
    this.#closed = true;
  }

  // ── what came of it ────────────────────────────────────────────────────────────────

  outcome(): Record<string, number> {
    const { allS, readyS, servedS, wantedS, startingS, drainingS } = this.#sum;
    const measuredS = this.#countedS - this.measuredFromS;
    const busyS = this.#flow?.busyS ?? 0;
    return {
      ...this.#flow?.outcome(),
      ...(this.#flow && { busyReplicaHours: busyS / HOUR_S, idleReplicaHours: (readyS + drainingS - busyS) / HOUR_S }),
      startingReplicaHours: startingS / HOUR_S,
      availableShare: allS / measuredS,
      readyReplicasMean: readyS / measuredS,
      shortReplicaHours: (wantedS - servedS) / HOUR_S,
      replicasLost: this.#lost,
      workHoursDone: servedS / HOUR_S,
    };
  }

  check(upSlotS: Seconds): void {
    const { readyS, servedS, wantedS, drainingS } = this.#sum;
    if (servedS > Math.min(readyS, wantedS) * (1 + 1e-9)) {
      throw new Error(`${servedS} s of ${wantedS} wanted were served by replicas that were ready for ${readyS} s`);
    }
    this.#flow?.check();
    const busyS = this.#flow?.busyS ?? 0;
    const thereS = readyS + drainingS;
    if (busyS > thereS * (1 + 1e-9) + 1e-6) {
      throw new Error(`replicas were busy for ${busyS} s, though they were there for ${thereS} s only`);
    }
    if (thereS > upSlotS * (1 + 1e-9) + 1e-6) {
      throw new Error(`replicas were there for ${thereS} s on ${upSlotS} s of up-time x slots`);
    }
  }

  // ── parts ──────────────────────────────────────────────────────────────────────────

  get #wantedNow(): number {
    return this.#scaledTo ?? this.services[0][this.#step]!.replicas;
  }

  #noteWanted(nowS: Seconds): void {
    if (this.#world.traced) this.wanted.push({ timeS: nowS, replicas: this.#wantedNow });
  }

  #awaitStep(): void {
    const { queue, ranks } = this.#world;
    const next = this.services[0][this.#step + 1];
    if (next !== undefined) queue.push(next.fromS, ranks[EVENT.wanted]!, EVENT.wanted, SERVICE, 0);
  }

  get #pipelines(): StaticBatching {
    if (this.#flow instanceof StaticBatching) return this.#flow;
    throw new SimulationError(
      "replicas with a layout answer requests in static batches; add workload.params.requests.modelParallel",
    );
  }

  #take(replica: SimReplica, nowS: Seconds): void {
    for (const instance of replica.instances) {
      instance.replica = replica;
      if (instance.phase >= PHASE.running) this.#world.cloud.idleS += nowS - instance.idleSinceS;
    }
  }

  #give({ instances }: SimReplica, nowS: Seconds): void {
    for (const instance of instances) {
      instance.replica = undefined;
      instance.idleSinceS = nowS;
    }
  }

  #begins(replica: SimReplica, nowS: Seconds): void {
    const { instances, layout } = replica;
    this.#countTo(nowS);
    this.#countStart(replica, nowS);
    this.#ready.set(replica, nowS);
    if (layout !== undefined) this.#pipelines.begins({ instances, layout }, nowS);
    else if (this.#flow instanceof RequestFlow) this.#flow.begins(instances[0]!);
  }

  /** Up to now it has been billed and not ready, for as long as the last of its instances. */
  #countStart({ instances }: SimReplica, nowS: Seconds): void {
    const { runningS, readyS } = instances.reduce((last, each) => (startOf(each) > startOf(last) ? each : last));
    if (runningS < 0 || (readyS >= 0 && readyS < nowS)) return;
    this.#sum.startingS += Math.max(0, nowS - Math.max(runningS, this.measuredFromS));
  }

  #ends(replica: SimReplica, nowS: Seconds, ended: TimelineWork["ended"]): void {
    const draining = this.#draining.get(replica);
    if (draining !== undefined) {
      this.#draining.delete(replica);
      this.#sum.drainingS += Math.max(0, nowS - Math.max(draining.sinceS, this.measuredFromS));
      const stretch = this.stretches[draining.stretch];
      if (stretch !== undefined) this.stretches[draining.stretch] = { ...stretch, drainedToS: nowS };
    } else if (this.#ready.has(replica)) {
      this.#countOut(replica, nowS, ended);
    } else {
      this.#countStart(replica, nowS);
      return;
    }
    if (ended !== "cut") this.#flow?.ends(replica.instances[0]!, nowS);
  }

  #countOut(replica: SimReplica, nowS: Seconds, ended: TimelineWork["ended"]): void {
    const fromS = this.#ready.get(replica)!;
    this.#countTo(nowS);
    this.#ready.delete(replica);
    if (!this.#world.traced) return;
    for (const { id } of replica.instances) {
      this.stretches.push({ work: SERVICE, instance: id, fromS, toS: nowS, ended });
    }
  }

  /** Integrates what has been so since the last change. */
  #countTo(nowS: Seconds): void {
    const spanS = nowS - this.#countedS;
    if (spanS <= 0) return; // all of it warm-up, or nothing
    this.#countedS = nowS;
    const wanted = this.#wantedNow;
    const sum = this.#sum;
    const { size } = this.#ready;
    if (size >= wanted) sum.allS += spanS;
    sum.readyS += size * spanS;
    sum.servedS += Math.min(size, wanted) * spanS;
    sum.wantedS += wanted * spanS;
  }
}

const isReady = ({ instances }: SimReplica): boolean => instances.every(({ phase }) => phase === PHASE.ready);

/** When it began to be billed; one that is not is the last. */
const startOf = ({ runningS }: SimInstance): Seconds => (runningS < 0 ? Infinity : runningS);
