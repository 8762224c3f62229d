import type { Action } from "../policies/contract/actions.ts";
import { medianOf } from "../policies/contract/distribution.ts";
import type { Facts } from "../policies/contract/facts.ts";
import type { FleetSpec } from "../policies/contract/fleet.ts";
import type { Foresight } from "../policies/contract/foresight.ts";
import { createRandom } from "../policies/contract/random.ts";
import type { RequestLuck, Router } from "../policies/contract/routing.ts";
import type { Cadence, CloudSpec } from "../policies/contract/scenario.ts";
import { HOUR_S, type MarketId, type Seconds } from "../policies/contract/units.ts";
import { leastOutstanding } from "../policies/routing/least-outstanding.ts";
import type { TraceTable } from "../traces/trace-table.ts";
import { SimulatedCloud } from "./cloud.ts";
import { EventQueue } from "./event-queue.ts";
import { EVENT, ranksOf } from "./events.ts";
import { Meter } from "./meter.ts";
import { profiles } from "./profiles.ts";
import type { SimulationInput } from "./simulation.ts";
import { SimulationError } from "./simulation-error.ts";
import { workloads } from "./workloads/index.ts";
import type { Workload } from "./workloads/workload.ts";

/** The fleet as both hosts declare it, from the table's markets and the cloud's types and timings. */
export function fleetSpecOf(table: TraceTable, cloud: CloudSpec): FleetSpec {
  const profile = profiles[cloud.profile];
  const launch = cloud.launchS ?? profile.launchS;
  return {
    launch: {
      answerS: medianOf(cloud.answerS ?? profile.answerS),
      bootS: medianOf(launch.boot),
      warmS: medianOf(launch.imagePull) + medianOf(launch.engineStart),
      warmAgainS: medianOf(launch.engineStart),
    },
    markets: table.markets.map(({ instanceType, region, zone, capacityType }) => {
      const type = cloud.instanceTypes[instanceType];
      if (type === undefined) {
        throw new SimulationError(
          `instance type ${instanceType} is in the trace but not described; add cloud.instanceTypes.${instanceType} with gpuMemoryMiB and networkMiBPerS`,
        );
      }
      const { gpuMemoryMiB, networkMiBPerS, gpu } = type;
      const offer = { slots: cloud.slotsPerInstance, gpuMemoryMiB, networkMiBPerS, ...(gpu && { gpus: gpu.count }) };
      return { instanceType, region, zone, capacityType, ...offer };
    }),
  };
}

/**
 * Everything outside the policy: cloud, workload and meter on one event queue. It takes actions, emits facts and knows no
 * policy; the engine drives it directly, parity tests put it behind the live loop's ports.
 */
export class SimWorld {
  readonly fleet: FleetSpec;
  readonly meter: Meter;
  readonly cloud: SimulatedCloud;
  readonly workload: Workload;
  /** When policies are asked: as the study says, within what the profile demands. */
  readonly cadence: Cadence;
  /** When the run ends at the latest. */
  readonly endS: Seconds;
  events = 0;
  readonly #queue = new EventQueue();
  readonly #facts: Facts;
  readonly #input: SimulationInput;
  readonly #table: TraceTable;
  readonly #decideRank: number;
  readonly #nextPriceS: Float64Array;
  #anyPriceS: Seconds = 0;

  /** @param routing who says which replica a request goes to; it sits before the replicas, outside the decisions. */
  constructor(
    input: SimulationInput,
    facts: (fleet: FleetSpec) => Facts,
    routing: (luck: RequestLuck) => Router = (luck) => leastOutstanding.create({}, luck),
  ) {
    const { table, cloud: spec, cadence } = input;
    const profile = profiles[spec.profile];
    if (profile.cadence === "grid" && (cadence.onChange || cadence.everyS === undefined)) {
      throw new SimulationError(
        `the timing profile ${profile.name} asks policies at regular times only; set cadence to { onChange: false, everyS: ... }`,
      );
    }
    this.cadence = profile.asks === "once" ? { ...cadence, once: true } : cadence;
    const ranks = ranksOf(profile.phases);
    const queue = this.#queue;
    const random = createRandom(input.seed);
    this.#decideRank = profile.phases.indexOf("decide");
    this.#input = input;
    this.#table = table;
    this.#nextPriceS = new Float64Array(table.markets.length);
    this.fleet = fleetSpecOf(table, spec);
    this.#facts = facts(this.fleet);
    this.meter = new Meter(table, profile.billing, { ledger: input.traced ?? false, bill: spec.bill });
    const shared = { queue, ranks, facts: this.#facts, random, traced: input.traced ?? false };
    this.cloud = new SimulatedCloud({ ...shared, table, spec, cadence, fleet: this.fleet, profile, meter: this.meter });
    const { model, params } = input.workload;
    const { cloud, fleet } = this;
    const { seed, horizonS, requests } = input;
    const transfers = this.meter.lines?.countsTransfers ? this.meter.lines : undefined;
    this.workload = workloads[model](params, {
      ...shared,
      ...{ cloud, fleet, transfers, horizonS, seed, routing, requests },
    });
    this.meter.measuredFromS = this.workload.measuredFromS;
    const windowEndS = input.horizonS + (input.drainS ?? 0);
    const lastS = profile.end === "deadline" ? this.#lastDeadlineS(cadence.everyS!) : Infinity;
    this.endS = Math.min(windowEndS, lastS);
  }

  /** What will happen, for a clairvoyant policy. @throws SimulationError where reclaims are drawn and cannot be read ahead. */
  foresight(): Foresight {
    const { cloud, cadence } = this.#input;
    if (cloud.interruptions.model !== "capacity") {
      throw new SimulationError(
        `a clairvoyant policy reads reclaims from the trace's capacity, here they are drawn (${cloud.interruptions.model}); set cloud.interruptions.model: capacity`,
      );
    }
    if (this.workload.isUncertain === true) {
      throw new SimulationError(
        "a clairvoyant policy plans with the work and the overheads that it is told, here they are drawn; leave it out, or workload.params.truth and checkpointEveryS",
      );
    }
    const { answerS, bootS, warmS } = this.fleet.launch;
    return {
      markets: this.fleet.markets,
      jobs: this.workload.jobs,
      services: this.workload.services,
      measuredFromS: this.workload.measuredFromS,
      runEndS: this.endS,
      launchS: answerS + bootS + warmS,
      noticeLeadMaxS: this.cloud.noticeLeadMaxS,
      freeWhenReclaimedWithinS: profiles[cloud.profile].billing.freeWhenReclaimedWithinS,
      everyS: cadence.everyS,
      endS: this.#table.endS,
      capacityAt: (market, timeS) => this.cloud.capacityAt(market, timeS),
      nextCapacityChangeS: (market, timeS) => this.cloud.nextCapacityChangeS(market, timeS),
      nextPriceChangeS: (market, timeS) => this.#table.nextPriceChangeS(market, timeS),
      costUsd: (market, fromS, toS) => this.#table.costUsd(market, fromS, toS),
    };
  }

  start(): void {
    this.cloud.open(this.workload);
    this.workload.start();
  }

  /** Time of the next event; Infinity when nothing is under way. */
  get nextS(): Seconds {
    return this.#queue.nextS;
  }

  get finished(): boolean {
    return this.cloud.live === 0 && this.workload.finished;
  }

  /** Handles the events of this instant that come before the policy is asked. */
  beforeAsk(nowS: Seconds): void {
    const queue = this.#queue;
    while (queue.isDue(nowS, this.#decideRank)) this.#next(nowS);
  }

  /** Handles what is left of this instant: answers that take no time, and what they set off. */
  afterAsk(nowS: Seconds): void {
    while (this.#queue.nextS === nowS) this.#next(nowS);
  }

  /** Prices that have changed, and the rate of requests, as facts. Called before an ask: neither is an event nor asks anybody. */
  tellLevels(nowS: Seconds): void {
    this.workload.tell?.(nowS);
    if (nowS < this.#anyPriceS) return;
    const next = this.#nextPriceS;
    let anyS = Infinity;
    for (let m = 0; m < next.length; m++) {
      if (next[m]! <= nowS) {
        this.#facts.price(m as MarketId, this.#table.priceUsdPerHourAt(m, nowS));
        next[m] = this.#table.nextPriceChangeS(m, nowS);
      }
      if (next[m]! < anyS) anyS = next[m]!;
    }
    this.#anyPriceS = anyS;
  }

  carryOut(action: Action, nowS: Seconds): void {
    switch (action.do) {
      case "launch":
        this.cloud.launch(action.instance, action.market, nowS);
        break;
      case "terminate":
        this.cloud.terminate(action.instance, nowS);
        break;
      case "stop":
        this.cloud.stop(action.instance, nowS);
        break;
      case "start":
        this.cloud.start(action.instance, nowS);
        break;
      case "register":
      case "deregister":
        this.workload[action.do]!(this.cloud.instance(action.instance), nowS);
        break;
      case "scale":
        this.workload.scale!(action.replicas, nowS);
        break;
      case "drain":
        break; // the state keeps new work away; nothing happens outside
      case "place":
        this.workload.place(action.work, this.cloud.instancesOf(action.instances), nowS, action.layout);
        break;
      case "release":
        this.workload.release(action.work, this.cloud.instancesOf(action.instances), nowS);
        break;
      case "move":
        this.workload.move!(
          action.from.flatMap((ids) => this.cloud.instancesOf(ids)),
          action.to.flatMap((ids) => this.cloud.instancesOf(ids)),
          action.how,
          action.share,
          nowS,
        );
        break;
      case "reparallelize":
        this.workload.reparallelize!(
          action.to.map(({ instances, layout }) => ({ instances: this.cloud.instancesOf(instances), layout })),
          action.how,
          nowS,
        );
        break;
      case "checkpoint":
        this.workload.checkpoint(action.work, nowS);
        break;
    }
  }

  /** Closes the run: bills what is up, checks every account, and gives the metrics. */
  close(nowS: Seconds): Record<string, number> {
    this.workload.cut(nowS);
    this.cloud.cut(nowS);
    const bill = this.#bill(nowS);
    const { counts } = this.cloud;
    const metrics = {
      ...bill,
      ...this.workload.outcome(),
      idleHours: this.cloud.idleS / HOUR_S,
      beyondDataHours: this.cloud.beyondDataS / HOUR_S,
      reclaims: counts.reclaims,
      reclaimsIdle: counts.reclaimsIdle,
      launches: counts.launches,
      refusals: counts.refusals,
      events: this.events,
    } as Record<string, number>;
    if (bill.upHours > 0) metrics.beyondDataShare = this.cloud.beyondDataS / HOUR_S / bill.upHours;
    if (metrics.tokensReturned! > 0) metrics.usdPer1000Tokens = bill.costUsd / (metrics.tokensReturned! / 1000);
    if (metrics.workHoursDone! > 0) metrics.usdPerWorkHour = bill.costUsd / metrics.workHoursDone!;
    for (const [name, value] of Object.entries(metrics)) {
      if (!Number.isFinite(value)) throw new Error(`metric ${name} is ${value}`);
    }
    return metrics;
  }

  /** Rounded up to the grid; Infinity when nothing has a deadline. */
  #lastDeadlineS(everyS: Seconds): Seconds {
    const { jobs } = this.workload;
    if (jobs.length === 0) return Infinity;
    const lastS = Math.max(...jobs.map(({ deadlineS }) => deadlineS)) + (this.workload.overrunS ?? 0);
    return Math.ceil(lastS / everyS) * everyS;
  }

  #next(nowS: Seconds): void {
    const queue = this.#queue;
    queue.pop();
    this.events++;
    const { kind, a } = queue;
    if (kind >= EVENT.arrival && kind <= EVENT.wanted) this.workload.handle(kind, a, queue.seq, nowS);
    else this.cloud.handle(kind, a, queue.b, queue.seq, nowS);
  }

  #bill(runS: Seconds) {
    const { total, lines } = this.meter;
    const beside = lines?.close(runS - this.meter.measuredFromS, total.upS);
    this.workload.check(total.upS * Math.max(...this.fleet.markets.map((market) => market.slots)));
    return {
      costUsd: total.usd + (beside?.otherUsd ?? 0),
      ...(beside && { instanceUsd: total.usd, ...beside }),
      listUsd: total.listUsd,
      freeUsd: total.listUsd - total.usd,
      upHours: total.upS / HOUR_S,
      chargedHours: total.chargedS / HOUR_S,
      freeHours: total.freeFirstHourS / HOUR_S,
      paddingHours: total.minimumPaddingS / HOUR_S,
      spotUpHours: total.spotUpS / HOUR_S,
      onDemandUpHours: (total.upS - total.spotUpS) / HOUR_S,
    };
  }
}
