import { setImmediate } from "node:timers/promises";
import type {
  InstanceReport,
  JobReport,
  LaunchOutcome,
  LaunchRequest,
  Notice,
  Ports,
} from "../../orchestrator/ports.ts";
import type { JournalEntry } from "../../orchestrator/records.ts";
import type { TaskArrival } from "../../policies/contract/facts.ts";
import type { FleetSpec } from "../../policies/contract/fleet.ts";
import type { Seconds } from "../../policies/contract/units.ts";
import { Channel } from "../parity/channel.ts";

/** One spot market, worked out by hand: 2 slots, answers after 4 s, boots for 40, warms for 16. */
export const oneMarket: FleetSpec = {
  markets: [
    {
      instanceType: "g.x",
      region: "r",
      zone: "z",
      capacityType: "spot",
      slots: 2,
      gpuMemoryMiB: 24_000,
      networkMiBPerS: 100,
    },
  ],
  launch: { answerS: 4, bootS: 40, warmS: 16, warmAgainS: 10 },
};

export const anHour: TaskArrival = {
  workS: 3600,
  memoryMiB: 1_000,
  stateMiBBase: 0,
  stateMiBPerHour: 0,
  stateMiBMax: 0,
  model: null,
  weightsMiB: 0,
  onReclaim: "restart",
};

/** What went on between the loop and its ports, in order. */
export type Happening =
  | { readonly journal: readonly JournalEntry[]; readonly durable: boolean }
  | { readonly call: string; readonly timeS: Seconds };

/** Ports whose world is a script: at these times, this is said. The run is over when the script is. */
export class ScriptedPorts {
  readonly over = new AbortController();
  readonly happened: Happening[] = [];
  readonly instances = new Channel<InstanceReport>();
  readonly notices = new Channel<Notice>();
  readonly jobs = new Channel<JobReport>();
  /** Launches nobody has answered yet. */
  readonly launches: { readonly request: LaunchRequest; readonly answer: (outcome: LaunchOutcome) => void }[] = [];
  nowS: Seconds = 0;
  readonly ports: Ports;

  constructor(script: readonly (readonly [timeS: Seconds, say: (outside: ScriptedPorts) => void])[]) {
    const left = [...script];
    const call = (what: string) => {
      this.happened.push({ call: what, timeS: this.nowS });
      return "done" as const;
    };
    this.ports = {
      clock: {
        nowS: () => this.nowS,
        sleepUntil: async (timeS, signal) => {
          await setImmediate();
          while (timeS > this.nowS && !signal.aborted) {
            const next = left[0];
            if (next === undefined) return this.over.abort();
            this.nowS = Math.min(timeS, next[0]);
            if (this.nowS === next[0]) left.shift()![1](this);
            await setImmediate();
          }
        },
      },
      capacity: {
        launch: (request) => {
          call(`launch ${request.market.zone}`);
          return new Promise((answer) => this.launches.push({ request, answer }));
        },
        terminate: async (providerId) => call(`terminate ${providerId}`),
        instances: (signal) => this.instances.read(signal),
      },
      notices: { stream: (signal) => this.notices.read(signal) },
      standby: {
        stop: async (providerId) => call(`stop instance ${providerId}`),
        start: async (providerId) => {
          call(`start instance ${providerId}`);
          return { ok: true, providerId };
        },
      },
      balancer: {
        register: async (providerId) => call(`register ${providerId}`),
        deregister: async (providerId) => call(`deregister ${providerId}`),
      },
      prices: {
        latest: async () =>
          oneMarket.markets.map(({ instanceType, region, zone, capacityType }) => ({
            market: { instanceType, region, zone, capacityType },
            priceUsdPerHour: 1.8,
          })),
      },
      jobs: {
        start: async (job, providerIds) => void call(`start ${job} on ${providerIds.join(", ")}`),
        stop: async (job) => void call(`stop ${job}`),
        reparallelize: async (job) => void call(`reparallelize ${job}`),
        scale: async (job, replicas) => void call(`scale ${job} to ${replicas}`),
        move: async ({ job, from, to, how }) => {
          call(`move ${job} from ${from.join(", ")} to ${to.join(", ")} by ${how}`);
          return "restarted";
        },
        checkpoint: async (job) => void call(`checkpoint ${job}`),
        reports: (signal) => this.jobs.read(signal),
      },
      journal: {
        append: async (entries, { durable }) => {
          // Copied: what the caller does with its lists afterwards is not journalled.
          this.happened.push({ journal: JSON.parse(JSON.stringify(entries)) as JournalEntry[], durable });
        },
      },
    };
  }

  get calls(): readonly string[] {
    return this.happened.flatMap((each) => ("call" in each ? [`${each.timeS}: ${each.call}`] : []));
  }

  get journal(): readonly JournalEntry[] {
    return this.happened.flatMap((each) => ("journal" in each ? each.journal : []));
  }
}
