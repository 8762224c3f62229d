import { mostOf, type Sampler, sampler } from "../policies/contract/distribution.ts";
import type { Facts } from "../policies/contract/facts.ts";
import type { FleetSpec } from "../policies/contract/fleet.ts";
import type { Random } from "../policies/contract/random.ts";
import type { Cadence, CloudSpec, Distribution, GpuSpec } from "../policies/contract/scenario.ts";
import type { InstanceId, MarketId, Seconds } from "../policies/contract/units.ts";
import type { TraceTable } from "../traces/trace-table.ts";
import type { EventQueue } from "./event-queue.ts";
import { EVENT } from "./events.ts";
import { HazardClocks } from "./hazard.ts";
import { PHASE, SimInstance } from "./instance.ts";
import type { LedgerEnd, Meter } from "./meter.ts";
import type { TimingProfile } from "./profiles.ts";
import { SlotRanks } from "./slots.ts";

/** What the workload does when an instance it may have work on changes. */
export interface InstanceHooks {
  ready(instance: SimInstance): void;
  /** Gone, whoever ended it; called after the fact. */
  lost(instance: SimInstance, nowS: Seconds): void;
}

/** Draws of boots and answers are shared by all launches of a market within one such stretch of time. */
const BUCKET_S = 60;

interface Draw {
  readonly stream: number;
  readonly sample: Sampler;
}

interface MarketTruth {
  readonly slots: SlotRanks;
  /** Granted and not ended. */
  readonly held: SimInstance[];
  /** Of those, not under notice. */
  unnoticed: number;
  unanswered: number;
  capacity: number;
  /** What the policy was last told it can obtain. */
  told: number;
  /** Billed instances, and since when: for the hours beyond what the source observed. */
  running: number;
  runningSinceS: Seconds;
  beyondDataS: number;
}

/** The provider: grants, boots, reclaims. It emits facts, calls the meter, and knows nothing of policies. */
export class SimulatedCloud {
  readonly counts = { launches: 0, refusals: 0, reclaims: 0, reclaimsIdle: 0 };
  readonly instances: (SimInstance | undefined)[] = [];
  /** Lives that are over, in order of ending; kept in traced runs only. */
  readonly past: Omit<SimInstance, "isIdle">[] = [];
  /** Requested or granted, not ended. */
  live = 0;
  idleS = 0;

  readonly #table: TraceTable;
  readonly #spec: CloudSpec;
  readonly #queue: EventQueue;
  readonly #facts: Facts;
  readonly #meter: Meter;
  readonly #random: Random;
  readonly #traced: boolean;
  readonly #ranks: readonly number[];
  readonly #answerRank: number;
  readonly #markets: MarketTruth[];
  readonly #hazard: HazardClocks;
  readonly #shocks: { readonly clocks: HazardClocks; readonly scopes: readonly (readonly number[])[] }[];
  readonly #answerDraw: Draw;
  readonly #bootDraw: Draw;
  readonly #pullDraw: Draw;
  readonly #startDraw: Draw;
  readonly #leadDraw: Draw;
  readonly #missingStream: number;
  readonly #recommendStream: number;
  readonly #recommendDraw: Draw;
  readonly #victimStream: number;
  readonly #newestFirst: boolean;
  readonly #noticeAfterS: Seconds;
  /** How often capacity is read; undefined: at each change. */
  readonly #gridS: Seconds | undefined;
  /** Longest time from a notice to the reclaim; Infinity where nothing bounds it. */
  readonly noticeLeadMaxS: Seconds;
  readonly #networkMiBPerS: readonly number[];
  #hooks: InstanceHooks | undefined;

  constructor(world: {
    readonly table: TraceTable;
    readonly spec: CloudSpec;
    readonly fleet: FleetSpec;
    readonly profile: TimingProfile;
    readonly cadence: Cadence;
    readonly queue: EventQueue;
    readonly ranks: readonly number[];
    readonly facts: Facts;
    readonly meter: Meter;
    readonly random: Random;
    readonly traced: boolean;
  }) {
    const { table, spec, profile, random } = world;
    this.#table = table;
    this.#spec = spec;
    this.#queue = world.queue;
    this.#facts = world.facts;
    this.#meter = world.meter;
    this.#random = random;
    this.#traced = world.traced;
    this.#ranks = world.ranks;
    this.#answerRank = profile.phases.indexOf("answer");
    this.#markets = table.markets.map(() => ({
      slots: new SlotRanks(),
      held: [],
      unnoticed: 0,
      unanswered: 0,
      capacity: Infinity,
      told: -1,
      running: 0,
      runningSinceS: 0,
      beyondDataS: 0,
    }));
    const hazard = spec.interruptions.model === "hazard" ? spec.interruptions : undefined;
    this.#hazard = new HazardClocks(random, "hazard", hazard?.perHour ?? 0);
    const spot = (key: (market: number) => string): number[][] => {
      const scopes = new Map<string, number[]>();
      for (const [m, market] of table.markets.entries()) {
        if (market.capacityType === "spot") scopes.set(key(m), [...(scopes.get(key(m)) ?? []), m]);
      }
      return [...scopes.values()];
    };
    this.#shocks = [
      {
        clocks: new HazardClocks(random, "zone-shock", hazard?.zoneShockPerHour ?? 0),
        scopes: spot((m) => `${table.markets[m]!.region}/${table.markets[m]!.zone}`),
      },
      {
        clocks: new HazardClocks(random, "region-shock", hazard?.regionShockPerHour ?? 0),
        scopes: spot((m) => table.markets[m]!.region),
      },
    ];
    const launch = spec.launchS ?? profile.launchS;
    const draw = (stream: string, distribution: Distribution): Draw => ({
      stream: random.stream(stream),
      sample: sampler(distribution),
    });
    this.#answerDraw = draw("answer", spec.answerS ?? profile.answerS);
    this.#bootDraw = draw("boot", launch.boot);
    this.#pullDraw = draw("image-pull", launch.imagePull);
    this.#startDraw = draw("engine-start", launch.engineStart);
    const leadS = spec.noticeLeadS ?? profile.noticeLeadS;
    this.#leadDraw = draw("notice-lead", leadS);
    this.noticeLeadMaxS = mostOf(leadS);
    this.#missingStream = random.stream("notice-missing");
    this.#recommendStream = random.stream("rebalance");
    this.#recommendDraw = draw("rebalance-lead", spec.rebalance?.leadS ?? { kind: "constant", value: 0 });
    this.#networkMiBPerS = world.fleet.markets.map((market) => market.networkMiBPerS);
    this.#victimStream = random.stream("victim");
    this.#newestFirst = profile.victim === "newest";
    this.#noticeAfterS = profile.noticeAfterS;
    this.#gridS = profile.cadence === "grid" ? world.cadence.everyS : undefined;
  }

  /** Sets the clocks going and tells what is told at the start. */
  open(hooks: InstanceHooks): void {
    this.#hooks = hooks;
    for (const [m, market] of this.#table.markets.entries()) {
      if (market.capacityType === "spot" && this.#spec.interruptions.model === "capacity") {
        this.#readCapacity(m as MarketId, 0);
      }
      this.#tell(m as MarketId);
    }
    for (const [kind, shock] of this.#shocks.entries()) {
      for (let scope = 0; scope < shock.scopes.length; scope++) this.#scheduleShock(kind, scope, 0);
    }
  }

  instance(id: number): SimInstance {
    const instance = this.instances[id];
    if (instance === undefined) throw new Error(`instance ${id} is not there`);
    return instance;
  }

  /** Those of a placement. */
  instancesOf(ids: readonly InstanceId[]): readonly SimInstance[] {
    const first = this.instance(ids[0]!);
    return ids.length === 1 ? [first] : ids.map((id) => this.instance(id));
  }

  /** Undefined where the study does not describe them. */
  gpuOf(market: MarketId): GpuSpec | undefined {
    return this.#spec.instanceTypes[this.#table.markets[market]!.instanceType]?.gpu;
  }

  networkMiBPerS(market: MarketId): number {
    return this.#networkMiBPerS[market]!;
  }

  // ── actions ────────────────────────────────────────────────────────────────────────

  launch(id: InstanceId, market: MarketId, nowS: Seconds): void {
    const instance = new SimInstance(id, market, nowS);
    this.instances[id] = instance;
    this.live++;
    this.counts.launches++;
    this.#ask(instance, nowS);
  }

  /** Assumes that a stop takes no time, and that a start finds capacity: on-demand has no limit here. */
  start(id: InstanceId, nowS: Seconds): void {
    const instance = this.instance(id);
    instance.phase = PHASE.requested;
    instance.requestedS = nowS;
    instance.runningS = -1;
    instance.readyS = -1;
    this.#ask(instance, nowS);
  }

  stop(id: InstanceId, nowS: Seconds): void {
    const instance = this.instance(id);
    this.#leave(instance, "stopped", nowS);
    instance.endS = nowS;
    instance.endedBy = "stopped";
    if (this.#traced) this.past.push({ ...instance });
    instance.phase = PHASE.stopped;
    instance.startsWarm = true;
    this.#tell(instance.market);
  }

  terminate(id: InstanceId, nowS: Seconds): void {
    this.#end(this.instance(id), "terminated", nowS);
  }

  #ask(instance: SimInstance, nowS: Seconds): void {
    const { id, market } = instance;
    const truth = this.#markets[market]!;
    truth.unanswered++;
    truth.told--; // the view counted the request already
    const answerS = this.#drawn(this.#answerDraw, market, nowS);
    const rank = answerS > 0 ? this.#ranks[EVENT.answer]! : this.#answerRank;
    instance.stepSeq = this.#queue.push(nowS + answerS, rank, EVENT.answer, id, 0);
  }

  // ── events ─────────────────────────────────────────────────────────────────────────

  handle(kind: number, a: number, b: number, seq: number, nowS: Seconds): void {
    if (kind === EVENT.capacity) {
      this.#readCapacity(a as MarketId, nowS);
      this.#takeBack(a as MarketId, nowS);
      this.#tell(a as MarketId);
      return;
    }
    if (kind === EVENT.shock) {
      for (const market of this.#shocks[a]!.scopes[b]!) {
        for (const instance of [...this.#markets[market]!.held]) this.#doom(instance, b, nowS);
        this.#tell(market as MarketId);
      }
      this.#scheduleShock(a, b, nowS);
      return;
    }
    const instance = this.instances[a];
    if (instance === undefined) return;
    if (kind === EVENT.hazard) {
      if (instance.hazardSeq !== seq) return;
      this.#doom(instance, instance.slot, nowS);
      this.#tell(instance.market);
      return;
    }
    if (kind === EVENT.notice) {
      this.#notice(instance, b, nowS);
      return;
    }
    if (kind === EVENT.reclaim) {
      this.#reclaimed(instance, nowS);
      return;
    }
    if (instance.stepSeq !== seq) return;
    if (kind === EVENT.answer) this.#answer(instance, nowS);
    else if (kind === EVENT.running) this.#running(instance, nowS);
    else this.#ready(instance, nowS);
  }

  /** Bills what is still up to the end of the run. */
  cut(nowS: Seconds): void {
    for (const instance of this.instances) if (instance !== undefined) this.#end(instance, "cut", nowS);
  }

  /** Hours of up-time beyond the most instances the source ever observed in a market. */
  get beyondDataS(): Seconds {
    return this.#markets.reduce((sum, market) => sum + market.beyondDataS, 0);
  }

  // ── parts ──────────────────────────────────────────────────────────────────────────

  #answer(instance: SimInstance, nowS: Seconds): void {
    const truth = this.#markets[instance.market]!;
    truth.unanswered--;
    if (truth.unnoticed >= truth.capacity) {
      this.counts.refusals++;
      this.#forget(instance, "refused", nowS);
      this.#facts.refused(instance.id, "capacity", "market");
      this.#tell(instance.market);
      this.#hooks!.lost(instance, nowS);
      return;
    }
    instance.phase = PHASE.pending;
    instance.grantedS = nowS;
    if (instance.volumeS < 0) instance.volumeS = nowS;
    instance.slot = truth.slots.take();
    const { held } = truth;
    instance.heldAt = held.length;
    held[instance.heldAt] = instance;
    truth.unnoticed++;
    const bootS = this.#drawn(this.#bootDraw, instance.market, nowS);
    instance.stepSeq = this.#queue.push(nowS + bootS, this.#ranks[EVENT.running]!, EVENT.running, instance.id, 0);
    if (this.#table.markets[instance.market]!.capacityType === "spot") {
      const ringS = this.#hazard.nextAfterS(instance.market, instance.slot, nowS);
      if (ringS < Infinity) {
        instance.hazardSeq = this.#queue.push(ringS, this.#ranks[EVENT.hazard]!, EVENT.hazard, instance.id, 0);
      }
    }
    this.#facts.status(instance.id, "pending");
  }

  #running(instance: SimInstance, nowS: Seconds): void {
    instance.phase = PHASE.running;
    instance.runningS = nowS;
    instance.idleSinceS = nowS;
    this.#countRunning(instance.market, 1, nowS);
    // Keyed by the request's time, as the boot is: exogenous given when it was asked for.
    const pullS = instance.startsWarm ? 0 : this.#drawn(this.#pullDraw, instance.market, instance.requestedS);
    const warmS = pullS + this.#drawn(this.#startDraw, instance.market, instance.requestedS);
    instance.stepSeq = this.#queue.push(nowS + warmS, this.#ranks[EVENT.ready]!, EVENT.ready, instance.id, 0);
    this.#facts.status(instance.id, "warming");
  }

  #ready(instance: SimInstance, nowS: Seconds): void {
    instance.phase = PHASE.ready;
    instance.readyS = nowS;
    this.#facts.status(instance.id, "ready");
    this.#hooks!.ready(instance);
  }

  /** How many instances the market bears, as the study reads the trace; Infinity where nothing bounds it. */
  capacityAt(market: MarketId, timeS: Seconds): number {
    if (this.#table.markets[market]!.capacityType === "onDemand") return Infinity;
    const count = this.#table.capacityAt(market, timeS);
    return this.#spec.depth === "unlimited" && count > 0 ? Infinity : count;
  }

  /** When the market's capacity next changes, as far as anybody looks: at the change, or at the next time of the grid. */
  nextCapacityChangeS(market: MarketId, timeS: Seconds): Seconds {
    const nextS = this.#table.nextCapacityChangeS(market, timeS);
    return this.#gridS === undefined ? nextS : Math.ceil(nextS / this.#gridS) * this.#gridS;
  }

  #readCapacity(market: MarketId, nowS: Seconds): void {
    this.#markets[market]!.capacity = this.capacityAt(market, nowS);
    const nextS = this.nextCapacityChangeS(market, nowS);
    if (nextS < Infinity) this.#queue.push(nextS, this.#ranks[EVENT.capacity]!, EVENT.capacity, market, 0);
  }

  /** Gives notice to as many instances as the market no longer has room for; which ones, the profile says. */
  #takeBack(market: MarketId, nowS: Seconds): void {
    const truth = this.#markets[market]!;
    while (truth.unnoticed > truth.capacity) {
      let victim: SimInstance | undefined;
      let least = 2;
      for (const instance of truth.held) {
        if (instance.doomed) continue;
        const draw = this.#newestFirst
          ? -instance.id
          : this.#random.at(this.#victimStream, market, instance.slot, bucket(nowS, 1));
        if (draw < least) {
          least = draw;
          victim = instance;
        }
      }
      this.#doom(victim!, victim!.slot, nowS);
    }
  }

  /**
   * The market has no room for the instance any more: it gets its notice, after a recommendation if one is drawn. Draws are keyed
   * by the market, what took it, and the time.
   */
  #doom(instance: SimInstance, key: number, nowS: Seconds): void {
    if (instance.doomed) return;
    instance.doomed = true;
    instance.hazardSeq = -1;
    const { market } = instance;
    this.#markets[market]!.unnoticed--;
    const { share = 0 } = this.#spec.rebalance ?? {};
    if (this.#random.at(this.#recommendStream, market, key, bucket(nowS, 1)) >= share) {
      const afterS = this.#noticeAfterS;
      if (afterS === 0) this.#notice(instance, key, nowS);
      else this.#queue.push(nowS + afterS, this.#ranks[EVENT.notice]!, EVENT.notice, instance.id, key);
      return;
    }
    const { stream, sample } = this.#recommendDraw;
    const noticeS = nowS + sample(this.#random.at(stream, market, key, bucket(nowS, 1)));
    this.#queue.push(noticeS, this.#ranks[EVENT.notice]!, EVENT.notice, instance.id, key);
    this.#facts.rebalanceRecommended(instance.id);
  }

  #notice(instance: SimInstance, key: number, nowS: Seconds): void {
    const at = [instance.market, key, bucket(nowS, 1)] as const;
    const { stream, sample } = this.#leadDraw;
    const missing = this.#random.at(this.#missingStream, ...at) < (this.#spec.noticeMissingShare ?? 0);
    const leadS = missing ? 0 : sample(this.#random.at(stream, ...at));
    instance.noticeS = nowS;
    this.counts.reclaims++;
    if (instance.isIdle) this.counts.reclaimsIdle++;
    if (leadS > 0) {
      instance.reclaimS = nowS + leadS;
      this.#queue.push(instance.reclaimS, this.#ranks[EVENT.reclaim]!, EVENT.reclaim, instance.id, 0);
      this.#facts.reclaimNotice(instance.id, instance.reclaimS);
    } else {
      this.#reclaimed(instance, nowS);
    }
  }

  #reclaimed(instance: SimInstance, nowS: Seconds): void {
    this.#facts.ended(instance.id, "reclaimed");
    this.#end(instance, "reclaimed", nowS);
  }

  #end(instance: SimInstance, endedBy: LedgerEnd, nowS: Seconds): void {
    this.#leave(instance, endedBy, nowS);
    this.#forget(instance, endedBy, nowS);
    const { lines, measuredFromS } = this.#meter;
    const { volumeS } = instance;
    if (volumeS >= 0 && nowS > measuredFromS) lines?.holdVolume(Math.max(volumeS, measuredFromS), nowS);
    this.#hooks!.lost(instance, nowS);
    this.#tell(instance.market);
  }

  /** Gives its machine back, and is billed for it. */
  #leave(instance: SimInstance, endedBy: LedgerEnd, nowS: Seconds): void {
    const { id, market, phase } = instance;
    if (phase === PHASE.stopped) return;
    const truth = this.#markets[market]!;
    if (phase === PHASE.requested) {
      truth.unanswered--;
      return;
    }
    truth.slots.give(instance.slot);
    const last = truth.held.pop()!;
    if (last !== instance) {
      truth.held[instance.heldAt] = last;
      last.heldAt = instance.heldAt;
    }
    if (!instance.doomed) truth.unnoticed--;
    const { lines, measuredFromS } = this.#meter;
    if (nowS > measuredFromS) lines?.holdAddress(Math.max(instance.grantedS, measuredFromS), nowS);
    if (phase !== PHASE.running && phase !== PHASE.ready) return;
    this.#countRunning(market, -1, nowS);
    if (instance.isIdle) this.idleS += this.#measuredS(instance.idleSinceS, nowS);
    this.#meter.charge(id, market, instance.runningS, nowS, endedBy);
  }

  #forget(instance: SimInstance, endedBy: SimInstance["endedBy"], nowS: Seconds): void {
    // The life of one that is stopped was over before.
    const isOver = instance.phase === PHASE.stopped;
    instance.phase = PHASE.ended;
    instance.stepSeq = -1;
    instance.hazardSeq = -1;
    instance.endS = nowS;
    instance.endedBy = endedBy;
    this.instances[instance.id] = undefined;
    this.live--;
    if (this.#traced && !isOver) this.past.push(instance);
  }

  #countRunning(market: MarketId, change: number, nowS: Seconds): void {
    const truth = this.#markets[market]!;
    const depth = this.#table.depth(market);
    if (depth.kind === "observed") {
      truth.beyondDataS += Math.max(0, truth.running - depth.instances) * this.#measuredS(truth.runningSinceS, nowS);
    }
    truth.running += change;
    truth.runningSinceS = nowS;
  }

  /** What of a stretch is not warm-up. */
  #measuredS(fromS: Seconds, toS: Seconds): Seconds {
    return Math.max(0, toS - Math.max(fromS, this.#meter.measuredFromS));
  }

  #tell(market: MarketId): void {
    if (this.#spec.visibility !== "told") return;
    const truth = this.#markets[market]!;
    const count = Math.max(0, truth.capacity - truth.unnoticed - truth.unanswered);
    if (count === truth.told) return;
    truth.told = count;
    this.#facts.obtainable(market, count === Infinity ? null : count);
  }

  #scheduleShock(kind: number, scope: number, nowS: Seconds): void {
    const ringS = this.#shocks[kind]!.clocks.nextAfterS(scope, 0, nowS);
    if (ringS < Infinity) this.#queue.push(ringS, this.#ranks[EVENT.shock]!, EVENT.shock, kind, scope);
  }

  #drawn({ stream, sample }: Draw, market: MarketId, timeS: Seconds): Seconds {
    return sample(this.#random.at(stream, market, bucket(timeS, BUCKET_S)));
  }
}

const bucket = (timeS: Seconds, widthS: Seconds): number => Math.floor(timeS / widthS);

/** Statements about what the cloud takes for granted, for the record. */
export function cloudAssumptions(spec: CloudSpec, table: TraceTable): string[] {
  const said = ["on-demand capacity is unlimited: no public data set observes it"];
  const { interruptions } = spec;
  if (interruptions.model === "hazard") {
    said.push(
      `spot launches are always granted; reclaims come at ${interruptions.perHour} per instance-hour whatever the price`,
    );
  } else {
    said.push("the notice comes when the trace's capacity drops, the end one notice lead later");
    const observed = table.markets.map((_, m) => table.depth(m)).filter((depth) => depth.kind === "observed");
    if (spec.depth === "unlimited" && observed.length > 0) {
      const most = Math.max(...observed.map((depth) => depth.instances));
      said.push(
        `any positive capacity is read as unlimited, though the source watched at most ${most} instance(s) a market`,
      );
    }
    const gapS = Math.max(...table.markets.map((_, m) => table.gapS(m)));
    if (gapS > 0)
      said.push(`a capacity change is placed at its probe's time; the truth lies within ${gapS} s before it`);
  }
  return said;
}
