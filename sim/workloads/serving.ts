import type { MoveHow } from "../../policies/contract/actions.ts";
import type { ServiceOutlook } from "../../policies/contract/foresight.ts";
import { HOUR_S, type Seconds, type WorkId } from "../../policies/contract/units.ts";
import { NONE } from "../../policies/state/lists.ts";
import { EVENT } from "../events.ts";
import { PHASE, type SimInstance } from "../instance.ts";
import type { TimelineWork } from "../simulation.ts";
import { SimulationError } from "../simulation-error.ts";
import { RequestFlow } from "./serving/request-flow.ts";
import { servingParams } from "./serving-params.ts";
import type { Workload, WorkloadWorld } from "./workload.ts";

const SERVICE = 0 as WorkId;

/**
 * One service that wants so many ready replicas for the whole window, and answers requests with them where a study has some.
 * Assumes that a replica is one instance. It counts from the moment that it is ready until it ends or is deregistered; requests
 * come to it while it is registered.
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
  readonly #flow: RequestFlow | undefined;
  #step = 0;
  /** What the policy has asked for since the last step. */
  #scaledTo: number | undefined = undefined;
  /** Ready replicas, and since when each serves. */
  readonly #ready = new Map<SimInstance, Seconds>();
  /** Those that are not sent requests any more, and since when; of a traced run the stretch in which they were. */
  readonly #draining = new Map<SimInstance, { readonly sinceS: Seconds; readonly stretch: number }>();
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
    this.#flow = requests && new RequestFlow(requests, world, warmupS);
  }

  get assumptions(): readonly string[] {
    return this.#flow?.assumptions ?? NONE;
  }

  start(): void {
    this.#world.facts.serviceArrived(SERVICE, { replicasWanted: this.#wantedNow });
    this.#noteWanted(0);
    this.#awaitStep();
    this.#flow?.start();
  }

  tell(nowS: Seconds): void {
    const flow = this.#flow;
    if (flow === undefined) return;
    const { facts } = this.#world;
    flow.tell((perS) => facts.requestRate(SERVICE, perS), nowS);
    for (const replica of this.#ready.keys()) {
      if (replica.noticeS >= 0) facts.cachesHeld(replica.id, flow.cachesMiB(replica, nowS));
    }
  }

  // ── actions ────────────────────────────────────────────────────────────────────────

  place(_service: number, [instance]: readonly SimInstance[], nowS: Seconds): void {
    const replica = instance!;
    replica.serves = true;
    if (replica.phase >= PHASE.running) this.#world.cloud.idleS += nowS - replica.idleSinceS;
    if (replica.phase === PHASE.ready) this.#begins(replica, nowS);
  }

  release(_service: number, [instance]: readonly SimInstance[], nowS: Seconds): void {
    const replica = instance!;
    replica.serves = false;
    replica.idleSinceS = nowS;
    this.#ends(replica, nowS, "stopped");
  }

  scale(replicas: number, nowS: Seconds): void {
    this.#countTo(nowS);
    this.#scaledTo = replicas;
    this.#noteWanted(nowS);
  }

  register(replica: SimInstance, nowS: Seconds): void {
    this.#flow?.register(replica, nowS);
  }

  /** Without requests nothing is in flight. */
  deregister(replica: SimInstance, nowS: Seconds): void {
    this.#countOut(replica, nowS, "stopped");
    this.#draining.set(replica, { sinceS: nowS, stretch: this.stretches.length - 1 });
    if (this.#flow === undefined) this.#world.facts.drained(replica.id);
    else this.#flow.deregister(replica);
  }

  move(from: readonly SimInstance[], to: readonly SimInstance[], how: MoveHow, share: number, nowS: Seconds): void {
    this.#flow?.move(from, to, how, share, nowS);
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
    if (instance.serves) this.#begins(instance, instance.readyS);
  }

  lost(instance: SimInstance, nowS: Seconds): void {
    if (this.#closed || !instance.serves) return;
    if (instance.endedBy === "reclaimed") this.#lost++;
    this.#ends(instance, nowS, "stopped");
  }

  cut(nowS: Seconds): void {
    this.#countTo(nowS);
    this.#flow?.cut(nowS);
    for (const instance of [...this.#ready.keys(), ...this.#draining.keys()]) this.#ends(instance, nowS, "cut");
    for (const instance of this.#world.cloud.instances) if (instance?.serves) this.#countStart(instance, nowS);
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

  #begins(replica: SimInstance, nowS: Seconds): void {
    this.#countTo(nowS);
    this.#countStart(replica, nowS);
    this.#ready.set(replica, nowS);
    this.#flow?.begins(replica);
  }

  /** Up to now it has been billed and not ready. */
  #countStart({ runningS, readyS }: SimInstance, nowS: Seconds): void {
    if (runningS < 0 || (readyS >= 0 && readyS < nowS)) return;
    this.#sum.startingS += Math.max(0, nowS - Math.max(runningS, this.measuredFromS));
  }

  #ends(replica: SimInstance, nowS: Seconds, ended: TimelineWork["ended"]): void {
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
    if (ended !== "cut") this.#flow?.ends(replica, nowS);
  }

  #countOut(replica: SimInstance, nowS: Seconds, ended: TimelineWork["ended"]): void {
    const fromS = this.#ready.get(replica)!;
    this.#countTo(nowS);
    this.#ready.delete(replica);
    if (this.#world.traced) this.stretches.push({ work: SERVICE, instance: replica.id, fromS, toS: nowS, ended });
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
