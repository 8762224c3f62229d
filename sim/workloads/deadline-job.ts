import type { JobArrival, Moves } from "../../policies/contract/facts.ts";
import { HOUR_S, type MiB, type Seconds, type WorkId } from "../../policies/contract/units.ts";
import { NONE } from "../../policies/state/lists.ts";
import { EVENT } from "../events.ts";
import { PHASE, type SimInstance } from "../instance.ts";
import { MIB_PER_GIB } from "../meter.ts";
import type { TimelineWork } from "../simulation.ts";
import { type DeadlineJobParams, deadlineJobParams } from "./deadline-job-params.ts";
import type { Workload, WorkloadWorld } from "./workload.ts";

/** The job as it truly is. */
export class SimJob {
  readonly id = 0 as WorkId;
  /** Work done as of anchorS, growing by 1 a second while it runs. */
  doneS: Seconds = 0;
  anchorS: Seconds = 0;
  running = false;
  gang: readonly SimInstance[] | undefined = undefined;
  /** The region where its gang was last ready. */
  stateIn: string | undefined = undefined;
  /** Sequence number of the event it waits for. */
  seq = -1;
  completedS: Seconds | undefined = undefined;
}

/**
 * One job with a deadline: hours of work on a gang of nodes. The gang starts when its last instance is ready, makes no
 * progress for the restart overhead, then runs until it is done, moved, or loses an instance. Progress is never lost where no interval
 * of checkpoints is given: Assumes that the overhead stands for launch, set-up and the work since the last one. What is told of work and
 * overheads may be off by a stated margin. What was spent of an overhead that is cut
 * short is spent for nothing. Assumes that its state lies in storage of the region where the gang was last ready, so that only another
 * region has to fetch it, which is paid and takes its time whatever becomes of the gang.
 * Source: Wu et al., "Can't Be Late", NSDI 2024, 3.2: C = workS, R = deadlineS, d = restartOverheadS, N = nodes.
 */
export class DeadlineJobWorkload implements Workload {
  readonly jobs: readonly [JobArrival];
  readonly overrunS: Seconds;
  readonly isUncertain: boolean;
  readonly services = NONE;
  readonly measuredFromS = 0;
  readonly assumptions = NONE;
  readonly stretches: TimelineWork[] = [];
  readonly #world: WorkloadWorld;
  readonly #job = new SimJob();
  /** Progress made with all nodes on spot, and with any on-demand. */
  readonly #ranS = { spot: 0, onDemand: 0 };
  readonly #stateMiB: MiB;
  /** The work that there truly is. */
  readonly #workS: Seconds;
  readonly #overheadWithinS: Seconds;
  readonly #overheadStream: number;
  readonly #checkpointEveryS: Seconds | undefined;
  #lostS = 0;
  #starts = 0;
  #reclaims = 0;
  #closed = false;

  constructor(written: unknown, world: WorkloadWorld) {
    const { workH, deadlineH, restartOverheadS, nodes, moves, truth, checkpointEveryS } =
      deadlineJobParams.parse(written);
    // Whole, so that policies compare times without rounding errors.
    const [workS, deadlineS] = [Math.round(workH * HOUR_S), Math.round(deadlineH * HOUR_S)];
    this.jobs = [
      {
        workS,
        deadlineS,
        restartOverheadS,
        nodes,
        ...(checkpointEveryS !== undefined && { checkpointEveryS }),
        ...(moves && { moves: movesOf(moves, world) }),
      },
    ];
    this.#stateMiB = (moves?.stateGib ?? 0) * MIB_PER_GIB;
    this.#world = world;
    const { workWithinH = 0, overheadWithinS = 0 } = truth ?? {};
    const workWithinS = Math.round(workWithinH * HOUR_S);
    this.#workS = workS + within(workWithinS, world.random.at(world.random.stream("job-work"), this.#job.id));
    this.#overheadStream = world.random.stream("restart-overhead");
    this.#overheadWithinS = overheadWithinS;
    this.#checkpointEveryS = checkpointEveryS;
    this.overrunS = workWithinS + 2 * overheadWithinS;
    this.isUncertain = this.overrunS > 0 || checkpointEveryS !== undefined;
  }

  get finished(): boolean {
    return this.#job.completedS !== undefined;
  }

  start(): void {
    this.#world.facts.jobArrived(this.#job.id, this.jobs[0]);
  }

  // ── actions ────────────────────────────────────────────────────────────────────────

  place(_id: number, gang: readonly SimInstance[], nowS: Seconds): void {
    const job = this.#job;
    job.gang = gang;
    for (const instance of gang) {
      if (instance.phase >= PHASE.running) this.#world.cloud.idleS += nowS - instance.idleSinceS;
      instance.job = job;
    }
    this.#begin(nowS);
  }

  release(_id: number, _instances: readonly SimInstance[], nowS: Seconds): void {
    this.#leave(nowS, "stopped");
    this.#tell(0);
  }

  checkpoint(): void {
    throw new Error("a deadline job writes its checkpoints by itself");
  }

  // ── events ─────────────────────────────────────────────────────────────────────────

  handle(kind: number, _id: number, seq: number, nowS: Seconds): void {
    const job = this.#job;
    if (job.seq !== seq) return;
    if (kind === EVENT.complete) {
      this.#leave(nowS, "completed");
      job.doneS = this.#workS;
      job.completedS = nowS;
      this.#world.facts.workEnded(job.id);
    } else {
      job.running = true;
      job.anchorS = nowS;
      this.#wait(nowS + this.#workS - job.doneS, EVENT.complete);
      this.#tell(1);
    }
  }

  ready(instance: SimInstance): void {
    if (instance.job !== undefined) this.#begin(instance.readyS);
  }

  lost(instance: SimInstance, nowS: Seconds): void {
    if (this.#closed || instance.job === undefined) return;
    const isReclaimed = instance.endedBy === "reclaimed";
    if (isReclaimed) this.#reclaims++;
    this.#leave(nowS, "stopped", isReclaimed ? this.#checkpointEveryS : undefined);
    this.#tell(0);
  }

  cut(nowS: Seconds): void {
    const job = this.#job;
    // What ends with the run is done.
    const done = job.running && job.anchorS + this.#workS - job.doneS <= nowS;
    if (done) job.completedS = nowS;
    if (job.gang !== undefined) this.#stop(nowS, done ? "completed" : "cut");
    this.#closed = true;
  }

  // ── what came of it ────────────────────────────────────────────────────────────────

  outcome(): Record<string, number> {
    const { completedS, doneS } = this.#job;
    const metrics: Record<string, number> = {
      completedShare: completedS === undefined ? 0 : 1,
      deadlineMetShare: completedS !== undefined && completedS <= this.jobs[0].deadlineS ? 1 : 0,
      workHoursDone: doneS / HOUR_S,
      spotWorkHours: this.#ranS.spot / HOUR_S,
      onDemandWorkHours: this.#ranS.onDemand / HOUR_S,
      gangStarts: this.#starts,
      gangReclaims: this.#reclaims,
    };
    if (this.#checkpointEveryS !== undefined) metrics.lostWorkHours = this.#lostS / HOUR_S;
    if (completedS !== undefined) metrics.completionMeanH = completedS / HOUR_S;
    return metrics;
  }

  check(upSlotS: Seconds): void {
    const { doneS } = this.#job;
    const ranS = this.#ranS.spot + this.#ranS.onDemand;
    if (Math.abs(doneS + this.#lostS - ranS) > 1e-6 * (ranS + 1)) {
      throw new Error(`${ranS} s were run, but ${doneS} s are done and ${this.#lostS} s lost`);
    }
    if (doneS > this.#workS) throw new Error(`${doneS} s are done of ${this.#workS} s of work`);
    if (this.jobs[0].nodes * ranS > upSlotS * (1 + 1e-9) + 1e-6) {
      throw new Error(`${ranS} s of work on ${this.jobs[0].nodes} nodes ran on ${upSlotS} s of up-time x slots`);
    }
  }

  // ── parts ──────────────────────────────────────────────────────────────────────────

  #begin(nowS: Seconds): void {
    if (this.#job.gang!.some(({ phase }) => phase !== PHASE.ready)) return;
    this.#starts++;
    this.#wait(nowS + this.#overheadS(nowS) + this.#move(), EVENT.start);
  }

  /** Drawn by market and second, so that all policies that start there then meet the same. */
  #overheadS(nowS: Seconds): Seconds {
    const { restartOverheadS } = this.jobs[0];
    if (this.#overheadWithinS === 0) return restartOverheadS;
    const uniform = this.#world.random.at(this.#overheadStream, this.#job.gang![0]!.market, Math.floor(nowS));
    return restartOverheadS + within(this.#overheadWithinS, uniform);
  }

  /** Its state follows it. @returns seconds beyond the overhead */
  #move(): Seconds {
    const job = this.#job;
    const { region } = this.#world.fleet.markets[job.gang![0]!.market]!;
    const from = job.stateIn;
    job.stateIn = region;
    if (from === undefined || from === region) return 0;
    this.#world.transfers?.move(this.#stateMiB, { region: from }, { region });
    return this.jobs[0].moves?.[from]?.[region]?.moveS ?? 0;
  }

  /** Integrates what it did up to now. */
  #stop(nowS: Seconds, ended: TimelineWork["ended"]): void {
    const job = this.#job;
    job.seq = -1;
    if (!job.running) return;
    const gang = job.gang!;
    job.running = false;
    const ranS = ended === "completed" ? this.#workS - job.doneS : nowS - job.anchorS;
    job.doneS += ranS;
    const { markets } = this.#world.fleet;
    const onSpot = gang.every(({ market }) => markets[market]!.capacityType === "spot");
    this.#ranS[onSpot ? "spot" : "onDemand"] += ranS;
    if (!this.#world.traced) return;
    for (const { id } of gang) {
      this.stretches.push({ work: job.id, instance: id, fromS: job.anchorS, toS: nowS, ended });
    }
  }

  /** @param checkpointEveryS how much of what it ran survives; all of it where undefined */
  #leave(nowS: Seconds, ended: TimelineWork["ended"], checkpointEveryS?: Seconds): void {
    const job = this.#job;
    const ranS = job.running ? nowS - job.anchorS : 0;
    this.#stop(nowS, ended);
    if (checkpointEveryS !== undefined) {
      job.doneS -= ranS % checkpointEveryS;
      this.#lostS += ranS % checkpointEveryS;
    }
    for (const instance of this.#job.gang!) {
      instance.job = undefined;
      instance.idleSinceS = nowS;
    }
    this.#job.gang = undefined;
  }

  #wait(timeS: Seconds, kind: number): void {
    const { queue, ranks } = this.#world;
    this.#job.seq = queue.push(timeS, ranks[kind]!, kind, this.#job.id, 0);
  }

  /** No more than there was said to be. */
  #tell(ratePerS: number): void {
    const doneS = Math.min(this.#job.doneS, this.jobs[0].workS);
    this.#world.facts.progress(this.#job.id, doneS, doneS, ratePerS);
  }
}

/** A whole number of seconds, up to so many less or more. */
const within = (most: Seconds, uniform: number): Seconds => Math.round(most * (2 * uniform - 1));

const MIBIT_PER_GIB = 8 * 1024;

/**
 * Between any two regions of the fleet, in whole seconds. Assumes that regions whose names begin alike, us- or europe-, are of one
 * continent. Source: SkyNomad, NSDI 2027, sky_spot/migration_model.py of its artifact.
 */
function movesOf(
  { stateGib, mbps }: NonNullable<DeadlineJobParams["moves"]>,
  { fleet, transfers }: WorkloadWorld,
): Moves {
  const regions = [...new Set(fleet.markets.map(({ region }) => region))];
  const continent = (region: string) => region.split("-")[0];
  const moveS = (from: string, to: string): Seconds => {
    if (mbps === undefined) return 0;
    const rate = continent(from) === continent(to) ? mbps.inContinent : mbps.across;
    return Math.ceil(Math.max(0, stateGib * MIBIT_PER_GIB * (1 / rate - 1 / mbps.inRegion)));
  };
  const moves = (from: string) =>
    regions
      .filter((to) => to !== from)
      .map((to) => [
        to,
        { usd: transfers?.betweenRegionsUsd(stateGib * MIB_PER_GIB, from, to) ?? 0, moveS: moveS(from, to) },
      ]);
  return Object.fromEntries(regions.map((from) => [from, Object.fromEntries(moves(from))]));
}
