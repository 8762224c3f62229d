import type {
  Account,
  Balancer,
  ChangeOutcome,
  Clock,
  Engine,
  Held,
  InstanceReport,
  LaunchOutcome,
  LaunchRequest,
  Owner,
  Standby,
} from "../../orchestrator/ports.ts";
import type { Seconds } from "../../policies/contract/units.ts";

const ENGINE_AGAIN_S: Seconds = 5;

interface CloudInstance {
  readonly id: string;
  readonly request: LaunchRequest;
  tags: Record<string, string>;
  sinceS: Seconds;
  stopped: boolean;
  /** Its disk holds what its server needs. */
  warm: boolean;
  ended?: "reclaimed" | "terminated";
}

/**
 * A provider, a balancer and model servers in memory, for the controller of one fleet: instances boot, their servers start, tokens are
 * idempotent. All that changes something is written down.
 */
export class MemoryCloud implements Account, Standby, Balancer, Engine {
  readonly all: CloudInstance[] = [];
  readonly targets = new Set<string>();
  readonly changes: string[] = [];
  readonly inFlight = new Map<string, number>();
  /** Model servers that do not answer. */
  readonly hangs = new Set<string>();
  bootS = 20;
  engineS = 30;
  /** Between two looks at the fleet. */
  pollS = 5;
  readonly #clock: Clock;
  readonly #fleet: string;

  constructor(clock: Clock, fleet: string) {
    this.#clock = clock;
    this.#fleet = fleet;
  }

  get live(): readonly CloudInstance[] {
    return this.all.filter(({ ended }) => ended === undefined);
  }

  async launch(request: LaunchRequest): Promise<LaunchOutcome> {
    this.changes.push(`launch ${request.market.zone}`);
    const before = this.all.find((each) => each.request.clientToken === request.clientToken);
    if (before !== undefined) return { ok: true, providerId: before.id };
    const id = `i-${this.all.length}`;
    const tags = { ...request.tags, fleet: this.#fleet, launch: request.clientToken };
    this.all.push({ id, request, tags, sinceS: this.#clock.nowS(), stopped: false, warm: false });
    return { ok: true, providerId: id };
  }

  async terminate(id: string): Promise<ChangeOutcome> {
    this.changes.push(`terminate ${id}`);
    const instance = this.#instance(id);
    if (instance === undefined) return "absent";
    instance.ended ??= "terminated";
    return "done";
  }

  async stop(id: string): Promise<ChangeOutcome> {
    this.changes.push(`stop ${id}`);
    this.#instance(id)!.stopped = true;
    return "done";
  }

  async start(id: string): Promise<LaunchOutcome> {
    this.changes.push(`start ${id}`);
    const instance = this.#instance(id)!;
    if (instance.stopped) instance.sinceS = this.#clock.nowS();
    instance.stopped = false;
    instance.warm = true;
    return { ok: true, providerId: id };
  }

  async register(id: string): Promise<ChangeOutcome> {
    this.changes.push(`register ${id}`);
    this.targets.add(id);
    return "done";
  }

  async deregister(id: string): Promise<ChangeOutcome> {
    this.changes.push(`deregister ${id}`);
    this.targets.delete(id);
    return "done";
  }

  async registered(): Promise<readonly string[]> {
    return [...this.targets];
  }

  async ready(id: string): Promise<boolean | "unknown"> {
    const instance = this.#instance(id);
    if (instance === undefined || instance.ended !== undefined || this.hangs.has(id)) return "unknown";
    if (instance.stopped) return "unknown";
    return this.#clock.nowS() - instance.sinceS >= this.bootS + (instance.warm ? ENGINE_AGAIN_S : this.engineS);
  }

  async load(id: string) {
    return { inFlight: this.inFlight.get(id) ?? 0, kvShare: undefined };
  }

  async ownerOf(id: string): Promise<Owner> {
    const instance = this.#instance(id);
    if (instance === undefined) return "absent";
    return instance.tags.fleet === this.#fleet ? "ours" : "foreign";
  }

  async probe() {
    return [];
  }

  async describe(): Promise<readonly Held[]> {
    const ours = this.all.filter(({ tags }) => tags.fleet === this.#fleet);
    return ours.map((instance) => ({
      providerId: instance.id,
      state: this.#stateOf(instance),
      ...(instance.ended && { why: instance.ended }),
      market: instance.request.market,
      tags: instance.tags,
    }));
  }

  async *instances(signal: AbortSignal): AsyncGenerator<InstanceReport> {
    const told = new Map<string, Held["state"]>();
    while (!signal.aborted) {
      for (const { providerId, state, why = "terminated" } of await this.describe()) {
        if (told.get(providerId) === state) continue;
        told.set(providerId, state);
        if (state === "running") yield { providerId, status: "warming" };
        else if (state === "ended") yield { providerId, status: "ended", why };
      }
      await this.#clock.sleepUntil(this.#clock.nowS() + this.pollS, signal);
    }
  }

  #stateOf({ ended, sinceS, stopped }: CloudInstance): Held["state"] {
    if (ended !== undefined) return "ended";
    if (stopped) return "stopped";
    return this.#clock.nowS() - sinceS >= this.bootS ? "running" : "pending";
  }

  #instance(id: string): CloudInstance | undefined {
    return this.all.find((each) => each.id === id);
  }
}
