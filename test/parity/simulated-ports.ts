import { setImmediate } from "node:timers/promises";
import type {
  Balancer,
  Capacity,
  Clock,
  InstanceReport,
  JobReport,
  Jobs,
  Journal,
  LaunchOutcome,
  MarketName,
  Notice,
  Notices,
  Ports,
  Prices,
  Standby,
} from "../../orchestrator/ports.ts";
import type { Action } from "../../policies/contract/actions.ts";
import type { Facts } from "../../policies/contract/facts.ts";
import type { FleetSpec } from "../../policies/contract/fleet.ts";
import { createRandom } from "../../policies/contract/random.ts";
import type { InstanceId, MarketId, Seconds, WorkId } from "../../policies/contract/units.ts";
import type { Decisions } from "../../policies/decider.ts";
import { PHASE } from "../../sim/instance.ts";
import type { SimulationInput } from "../../sim/simulation.ts";
import { SimWorld } from "../../sim/world.ts";
import { Channel } from "./channel.ts";

/** Something that happened outside, on its way to the loop. What shares a key arrives in the order in which it happened. */
interface OnItsWay {
  readonly key: string;
  readonly deliver: () => void;
}

/**
 * The simulated world behind the ports, under a virtual clock: time stands still while the loop has something to do, and moves
 * to the next event when it sleeps. The world has its own ids, which the loop never sees: it sees names. What happens in one
 * instant arrives one by one, in an order shuffled by `order`, except that each port keeps the order of what it says about one
 * instance, one job or one market, and the order in which jobs arrive.
 */
export class SimulatedPorts {
  readonly fleet: FleetSpec;
  readonly world: SimWorld;
  /** Aborts when the run is over: the work done and the fleet empty, or the horizon reached. */
  readonly over = new AbortController();
  nowS: Seconds = 0;
  readonly #endS: Seconds;
  /** The loop has asked its decisions at this instant: what comes after an ask may happen. */
  #asked = false;
  readonly #random;
  readonly #orderStream: number;
  #draws = 0;
  readonly #happened: OnItsWay[] = [];
  readonly #instances = new Channel<InstanceReport>();
  readonly #obtainable = new Channel<{ readonly market: MarketName; readonly count: number | null }>();
  readonly #notices = new Channel<Notice>();
  readonly #jobs = new Channel<JobReport>();
  readonly #prices: number[] = [];
  readonly #launching = new Map<InstanceId, (outcome: LaunchOutcome) => void>();
  readonly #tokens = new Map<string, Promise<LaunchOutcome>>();
  readonly #terminated = new Set<string>();
  readonly #runsOn = new Map<string, Map<string, string | undefined>>(); // [job] by its instances, the layout
  readonly #registered = new Set<string>();
  readonly #providerIds = new OutsideNames<InstanceId>("i-");
  readonly #jobNames = new OutsideNames<WorkId>("job-");

  /** @param routing before the replicas of the simulated balancer */
  constructor(input: SimulationInput, order: string, routing?: Decisions["routing"]) {
    this.#random = createRandom(order);
    this.#orderStream = this.#random.stream("order");
    this.world = new SimWorld(input, () => this.#facts(), routing);
    this.fleet = this.world.fleet;
    this.#endS = this.world.endS;
    this.world.start();
    this.world.beforeAsk(0);
  }

  ports(journal: Journal): Ports {
    return {
      clock: this.#clock,
      capacity: this.#capacity,
      notices: this.#notice,
      standby: this.#standby,
      balancer: this.#balancer,
      prices: this.#price,
      jobs: this.#job,
      journal,
    };
  }

  // ── time ───────────────────────────────────────────────────────────────────────────

  readonly #clock: Clock = {
    nowS: () => this.nowS,
    sleepUntil: async (timeS, signal) => {
      // First what the loop's own calls have set off.
      if (this.#asked) this.world.afterAsk(this.nowS);
      else this.world.beforeAsk(this.nowS);
      await this.#deliver();
      while (timeS > this.nowS && !signal.aborted) {
        if (this.world.finished) return this.over.abort();
        const nextS = Math.min(this.world.nextS, timeS);
        if (nextS >= this.#endS) {
          this.nowS = this.#endS;
          return this.over.abort();
        }
        this.nowS = nextS;
        this.#asked = false;
        this.world.beforeAsk(nextS);
        await this.#deliver();
        if (signal.aborted || nextS === timeS) return; // it may ask now
        this.world.afterAsk(nextS);
        await this.#deliver();
      }
    },
  };

  async #deliver(): Promise<void> {
    const order = this.#shuffled(this.#happened.splice(0));
    for (const { deliver } of order) {
      if (this.#draw() < 0.5) await null;
      deliver();
    }
    // Everything that is under way between ports and loop is a promise: all of them come before the next turn.
    await setImmediate();
  }

  #shuffled(happened: readonly OnItsWay[]): readonly OnItsWay[] {
    const last = new Map<string, number>();
    const placed = happened.map((one) => {
      const at = Math.max(this.#draw(), last.get(one.key) ?? 0);
      last.set(one.key, at);
      return { one, at };
    });
    return placed.sort((a, b) => a.at - b.at).map(({ one }) => one);
  }

  #draw(): number {
    return this.#random.at(this.#orderStream, this.#draws++);
  }

  // ── what happens outside ───────────────────────────────────────────────────────────

  #facts(): Facts {
    const say = (key: string, deliver: () => void) => this.#happened.push({ key, deliver });
    const instance = (id: InstanceId, report: Partial<InstanceReport>) => {
      const providerId = this.#providerIds.of(id);
      say(`instance ${id}`, () => this.#instances.push({ providerId, ...report } as InstanceReport));
    };
    const answer = (id: InstanceId, outcome: LaunchOutcome) => {
      const resolve = this.#launching.get(id)!;
      this.#launching.delete(id);
      say(`launch ${id}`, () => resolve(outcome));
    };
    const job = (id: WorkId, report: Partial<JobReport>) =>
      say(`job ${id}`, () => this.#jobs.push({ job: this.#jobNames.of(id), ...report } as JobReport));
    return {
      advance: () => {},
      price: (market, usdPerHour) => {
        this.#prices[market] = usdPerHour;
      },
      obtainable: (market, count) =>
        say(`market ${market}`, () => this.#obtainable.push({ market: this.#market(market), count })),
      status: (id, status) => {
        if (status === "pending") answer(id, { ok: true, providerId: this.#providerIds.of(id) });
        else instance(id, { status });
      },
      refused: (id, reason, scope) => {
        if (reason === "guard") throw new Error("a provider knows nothing of our guard");
        answer(id, { ok: false, reason, scope });
      },
      reclaimNotice: (id, reclaimS) =>
        say(`notice ${id}`, () => this.#notices.push({ providerId: this.#providerIds.of(id), reclaimS })),
      rebalanceRecommended: (id) =>
        say(`notice ${id}`, () => this.#notices.push({ providerId: this.#providerIds.of(id), reclaimS: null })),
      drained: (id) =>
        say(`drained ${id}`, () => this.#jobs.push({ providerId: this.#providerIds.of(id), what: "drained" })),
      ended: (id, why) => {
        this.#brokenBy(this.#providerIds.of(id));
        if (why !== "refused") instance(id, { status: "ended", why });
      },
      adopted: () => {
        throw new Error("a simulated world begins with nothing that could be adopted");
      },
      modelWarm: (id, model) =>
        say(`warm ${id}`, () => this.#jobs.push({ providerId: this.#providerIds.of(id), what: "modelWarm", model })),
      workArrived: (id, task) =>
        say("arrivals", () => this.#jobs.push({ job: this.#jobNames.of(id), what: "arrived", task })),
      jobArrived: (id, deadlineJob) =>
        say("arrivals", () => this.#jobs.push({ job: this.#jobNames.of(id), what: "deadlineJobArrived", deadlineJob })),
      serviceArrived: (id, service) =>
        say("arrivals", () => this.#jobs.push({ job: this.#jobNames.of(id), what: "serviceArrived", service })),
      replicasWanted: (id, count) => job(id, { what: "replicasWanted", count }),
      // A level, told before an ask as prices are.
      requestRate: (id, perS) => this.#jobs.push({ job: this.#jobNames.of(id), what: "requestRate", perS }),
      cachesHeld: (id, miB) => this.#jobs.push({ providerId: this.#providerIds.of(id), what: "cachesHeld", miB }),
      shards: (id, shards) =>
        say(`instance ${id}`, () => this.#jobs.push({ providerId: this.#providerIds.of(id), what: "shards", shards })),
      batch: (id, batch) =>
        say(`instance ${id}`, () => this.#jobs.push({ providerId: this.#providerIds.of(id), what: "batch", batch })),
      progress: (id, doneS, keptS, ratePerS) => job(id, { what: "progress", doneS, keptS, ratePerS }),
      stateLeft: (id) => job(id, { what: "stateLeft" }),
      workEnded: (id) => job(id, { what: "ended" }),
    };
  }

  /** A replica cut over GPUs is none without one of its instances, and no requests are sent there any more. */
  #brokenBy(providerId: string): void {
    for (const runsOn of this.#runsOn.values()) {
      for (const [where, layout] of runsOn) {
        const providerIds = JSON.parse(where) as string[];
        if (layout === undefined || !providerIds.includes(providerId)) continue;
        runsOn.delete(where);
        this.#registered.delete(providerIds[0]!);
      }
    }
  }

  #market(id: MarketId): MarketName {
    const { instanceType, region, zone, capacityType } = this.fleet.markets[id]!;
    return { instanceType, region, zone, capacityType };
  }

  // ── what the loop asks for ─────────────────────────────────────────────────────────

  #carryOut(action: Action): void {
    this.world.carryOut(action, this.nowS);
  }

  readonly #capacity: Capacity = {
    launch: ({ market, clientToken }) => {
      const before = this.#tokens.get(clientToken);
      if (before !== undefined) return before;
      const id = this.#tokens.size as InstanceId;
      const at = this.fleet.markets.findIndex(
        (each) =>
          each.instanceType === market.instanceType &&
          each.region === market.region &&
          each.zone === market.zone &&
          each.capacityType === market.capacityType,
      ) as MarketId;
      const outcome = new Promise<LaunchOutcome>((resolve) => this.#launching.set(id, resolve));
      this.#tokens.set(clientToken, outcome);
      this.#carryOut({ do: "launch", market: at, instance: id });
      return outcome;
    },
    terminate: async (providerId) => {
      if (this.#terminated.has(providerId)) return "done";
      this.#terminated.add(providerId);
      this.#carryOut({ do: "terminate", instance: this.#providerIds.id(providerId) });
      return "done";
    },
    instances: (signal) => this.#instances.read(signal),
    obtainable: (signal) => this.#obtainable.read(signal),
  };

  readonly #notice: Notices = { stream: (signal) => this.#notices.read(signal) };

  readonly #standby: Standby = {
    stop: async (providerId) => {
      const instance = this.#providerIds.id(providerId);
      if (this.#phaseOf(instance) === PHASE.ready) this.#carryOut({ do: "stop", instance });
      return "done";
    },
    start: async (providerId) => {
      const instance = this.#providerIds.id(providerId);
      if (this.#phaseOf(instance) !== PHASE.stopped) return { ok: true, providerId };
      const outcome = new Promise<LaunchOutcome>((resolve) => this.#launching.set(instance, resolve));
      this.#carryOut({ do: "start", instance });
      return outcome;
    },
  };

  readonly #balancer: Balancer = {
    register: async (providerId) => this.#send("register", providerId, true),
    deregister: async (providerId) => this.#send("deregister", providerId, false),
  };

  #send(verb: "register" | "deregister", providerId: string, registered: boolean): "done" {
    const instance = this.#providerIds.id(providerId);
    if (this.#phaseOf(instance) !== PHASE.ready || this.#registered.has(providerId) === registered) return "done";
    if (registered) this.#registered.add(providerId);
    else this.#registered.delete(providerId);
    this.#carryOut({ do: verb, instance });
    return "done";
  }

  #phaseOf(instance: InstanceId): number | undefined {
    return this.world.cloud.instances[instance]?.phase;
  }

  readonly #price: Prices = {
    latest: async () => {
      this.#asked = true;
      this.world.tellLevels(this.nowS);
      await setImmediate();
      return this.#prices.map((priceUsdPerHour, id) => ({ market: this.#market(id as MarketId), priceUsdPerHour }));
    },
  };

  readonly #job: Jobs = {
    start: async (job, providerIds, _signal, layout) => {
      const where = JSON.stringify(providerIds);
      const runsOn = this.#runsOn.get(job) ?? new Map<string, string | undefined>();
      if (runsOn.has(where)) return;
      this.#runsOn.set(job, runsOn.set(where, JSON.stringify(layout)));
      this.#carryOut({
        do: "place",
        work: this.#jobNames.id(job),
        instances: providerIds.map((providerId) => this.#providerIds.id(providerId)),
        ...(layout && { layout }),
        exclusive: false,
        by: "policy",
      });
    },
    stop: async (job, providerIds) => {
      if (this.#runsOn.get(job)?.delete(JSON.stringify(providerIds)) !== true) return;
      this.#registered.delete(providerIds[0]!);
      this.#carryOut({
        do: "release",
        work: this.#jobNames.id(job),
        instances: providerIds.map((providerId) => this.#providerIds.id(providerId)),
      });
    },
    reparallelize: async (job, replicas, how) => {
      const to = replicas.map(({ providerIds, layout }) => ({
        instances: providerIds.map((providerId) => this.#providerIds.id(providerId)),
        layout,
      }));
      const before = this.#runsOn.get(job);
      const now = replicas.map((each) => [JSON.stringify(each.providerIds), JSON.stringify(each.layout)] as const);
      for (const [i, [where, layout]] of now.entries()) {
        if (how === "restart" || before?.get(where) !== layout) this.#registered.delete(replicas[i]!.providerIds[0]!);
      }
      this.#runsOn.set(job, new Map(now));
      this.#carryOut({ do: "reparallelize", work: this.#jobNames.id(job), to, how });
    },
    scale: async (job, replicas) => this.#carryOut({ do: "scale", work: this.#jobNames.id(job), replicas }),
    move: async ({ job, from, to, how, share }) => {
      const ids = (placements: typeof from) =>
        placements.map((instances) => instances.map((providerId) => this.#providerIds.id(providerId)));
      this.#carryOut({ do: "move", work: this.#jobNames.id(job), from: ids(from), to: ids(to), how, share });
      return "moved";
    },
    checkpoint: async (job) => this.#carryOut({ do: "checkpoint", work: this.#jobNames.id(job) }),
    reports: (signal) => this.#jobs.read(signal),
  };
}

/** Names that no arithmetic on ids would hit, and whose order is not that of the ids. */
class OutsideNames<Id extends number> {
  readonly #ids = new Map<string, Id>();
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  of(id: Id): string {
    const name = this.#prefix + (Math.imul(id + 1, 0x9e3779b1) >>> 0).toString(16);
    this.#ids.set(name, id);
    return name;
  }

  id(name: string): Id {
    const id = this.#ids.get(name);
    if (id === undefined) throw new Error(`nobody outside is called ${name}`);
    return id;
  }
}
