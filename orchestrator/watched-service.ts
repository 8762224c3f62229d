import type { Seconds } from "../policies/contract/units.ts";
import { Feed } from "./feed.ts";
import { drained } from "./node/drain.ts";
import type { Balancer, Capacity, Clock, Engine, InstanceReport, JobReport, Jobs, Ports } from "./ports.ts";

export interface ServiceOptions {
  /** One service, whose replicas start with their instances. */
  readonly service: { readonly name: string; readonly replicas: number };
  readonly engine: Engine;
  readonly clock: Clock;
  /** As the loop uses them; the service listens. */
  readonly capacity: Capacity;
  readonly balancer: Balancer;
}

const READY_EVERY_S: Seconds = 2;

/**
 * The job system of one service whose model server starts with its instance. It says what its servers say: a replica is ready when its
 * server answers a request, and drained when it is deregistered and nothing is in flight any more. What a server does not say is
 * not said here either.
 */
export function watchedService(options: ServiceOptions): Pick<Ports, "capacity" | "balancer" | "jobs"> {
  const { service, capacity, balancer } = options;
  const watch = new EngineWatch(options);
  return {
    capacity: {
      ...capacity,
      async *instances(signal, standing) {
        for await (const report of capacity.instances(signal, standing)) {
          watch.heard(report, signal);
          yield report;
        }
      },
    },
    balancer: {
      register: (providerId, signal) => {
        watch.stopDrain(providerId);
        return balancer.register(providerId, signal);
      },
      deregister: async (providerId, signal) => {
        const outcome = await balancer.deregister(providerId, signal);
        watch.drain(providerId, signal);
        return outcome;
      },
    },
    jobs: serviceJobs(service, watch, balancer),
  };
}

function serviceJobs(
  { name, replicas }: ServiceOptions["service"],
  watch: EngineWatch,
  balancer: ServiceOptions["balancer"],
): Jobs {
  return {
    start: async () => {},
    // Its server goes on with what it has; that it gets nothing more is what can be done from here.
    stop: async (_, providerIds, signal) => {
      const routed = providerIds.filter((providerId) => !watch.hasLeft(providerId));
      await Promise.all(routed.map((providerId) => balancer.deregister(providerId, signal)));
    },
    scale: async () => {},
    // No engine that it can speak to gives its caches away.
    move: async () => "restarted",
    reparallelize: async (job) => {
      throw new Error(`${job} has a replica an instance: its engines are not cut over several`);
    },
    checkpoint: async (job) => {
      throw new Error(`${job} is a service: it has no checkpoint`);
    },
    reports: (signal, standing) => {
      watch.reports.put({ job: name, what: "serviceArrived", service: { replicasWanted: replicas } });
      for (const { providerId, draining } of standing) if (draining) watch.drain(providerId, signal);
      return watch.reports.read(signal);
    },
  };
}

class EngineWatch {
  readonly reports = new Feed<JobReport>();
  readonly #engine: Engine;
  readonly #clock: Clock;
  /** What ends each watch, by instance. */
  readonly #starting = new Map<string, AbortController>();
  readonly #draining = new Map<string, AbortController>();

  constructor({ engine, clock }: ServiceOptions) {
    this.#engine = engine;
    this.#clock = clock;
  }

  heard({ providerId, status }: InstanceReport, signal: AbortSignal): void {
    this.#starting.get(providerId)?.abort();
    this.#starting.delete(providerId);
    if (status === "ended") this.stopDrain(providerId);
    else if (status === "warming") this.#watchStart(providerId, begun(this.#starting, providerId, signal));
  }

  async #watchStart(providerId: string, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if ((await this.#engine.ready(providerId, signal)) === true) {
        if (!signal.aborted) this.reports.put({ providerId, what: "ready" });
        return;
      }
      await this.#clock.sleepUntil(this.#clock.nowS() + READY_EVERY_S, signal);
    }
  }

  drain(providerId: string, signal: AbortSignal): void {
    this.stopDrain(providerId);
    const until = begun(this.#draining, providerId, signal);
    const engine = { load: (asked: AbortSignal) => this.#engine.load(providerId, asked) };
    // How long it may take is the policy's to say.
    drained(engine, this.#clock, Infinity, until).then(({ idle }) => {
      if (idle && !until.aborted) this.reports.put({ providerId, what: "drained" });
    });
  }

  /** Deregistered, drained or not. */
  hasLeft(providerId: string): boolean {
    return this.#draining.has(providerId);
  }

  stopDrain(providerId: string): void {
    this.#draining.get(providerId)?.abort();
    this.#draining.delete(providerId);
  }
}

function begun(watches: Map<string, AbortController>, providerId: string, signal: AbortSignal): AbortSignal {
  const end = new AbortController();
  watches.set(providerId, end);
  return AbortSignal.any([signal, end.signal]);
}
