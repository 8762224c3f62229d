import type { EC2Client } from "@aws-sdk/client-ec2";
import { pino } from "pino";
import { Calls } from "./aws/calls.ts";
import { ec2Client } from "./aws/ec2-capacity.ts";
import { Ec2Prices } from "./aws/ec2-prices.ts";
import { Feed } from "./feed.ts";
import type { Fleet } from "./fleet-file.ts";
import { DiskJournal } from "./journal.ts";
import { runLoop } from "./loop.ts";
import { observedJournal } from "./observed-journal.ts";
import type { JobReport, Notice, Ports } from "./ports.ts";
import { ShadowCapacity } from "./shadow-capacity.ts";
import { SystemClock } from "./system-clock.ts";
import { Telemetry } from "./telemetry.ts";
import { webhookOf } from "./webhook.ts";

export interface ShadowOptions {
  readonly fleet: Fleet;
  /** A new file. */
  readonly journal: string;
  /** Of /metrics and /healthz, on 127.0.0.1. Absent: no server. */
  readonly port?: number;
  /** Of a double of AWS. */
  readonly endpoint?: string;
  readonly signal: AbortSignal;
  /** Where log lines go; the process's stderr where absent. */
  readonly log?: (line: string) => void;
}

/**
 * Decides for a fleet at today's prices and carries out nothing: a client that refuses to send anything but questions, and a capacity
 * that asks nobody. What it would have done is in its journal.
 */
export async function runShadow({ fleet, journal: path, port, endpoint, signal, log }: ShadowOptions): Promise<void> {
  const { file, spec, onDemandUsdPerHour } = fleet;
  const logger = pino({ base: { fleet: file.fleet } }, log === undefined ? pino.destination(2) : { write: log });
  const telemetry = new Telemetry(logger, "shadow", webhookOf(file));
  const clock = new SystemClock();
  const client = await ec2Client(file.region, endpoint);
  refuseChanges(client);
  const calls = new Calls(clock, { random: Math.random, onAttempt: (attempt) => telemetry.attempt(attempt) });
  const prices = new Ec2Prices({
    client,
    calls,
    clock,
    markets: spec.markets,
    onDemandUsdPerHour,
    everyS: file.pricesEveryS,
    alarm: (what) => telemetry.alarm(what),
  });
  const capacity = new ShadowCapacity(clock, spec.launch);
  const journal = await DiskJournal.create(path);
  try {
    if (port !== undefined) logger.info({ event: "serving", url: await telemetry.serve(port, signal) });
    const startedMs = clock.wallMs();
    await runLoop({
      ports: {
        clock,
        capacity,
        standby: capacity,
        notices: { stream: (until) => new Feed<Notice>().read(until) },
        prices,
        ...watchedService(file.service),
        journal: observedJournal(journal, (entry) => telemetry.see(entry)),
      },
      fleet: spec,
      scenario: file.policy,
      cadence: file.cadence,
      run: `${file.fleet}/${new Date(startedMs).toISOString()}`,
      stage: "shadow",
      startedMs,
      signal,
    });
  } finally {
    await journal.close();
    client.destroy();
    await telemetry.close();
  }
}

/** Something tried to change an account from a loop that only watches. */
export class ShadowError extends Error {
  override readonly name = "ShadowError";
}

/** From now on the client sends questions only, whoever asks it for more. */
export function refuseChanges(client: EC2Client): void {
  client.middlewareStack.add(
    (next, { commandName = "" }) =>
      async (args) => {
        if (/^(Describe|Get|List)[A-Z]/.test(commandName)) return next(args);
        throw new ShadowError(`${commandName.replace(/Command$/, "")} changes the account, and this loop only watches`);
      },
    { step: "initialize", name: "refuseChanges", priority: "high" },
  );
}

/** The service of a fleet's file: there from the beginning, served nowhere. Assumes that a replica drains at once. */
function watchedService({ name, replicas }: Fleet["file"]["service"]): Pick<Ports, "jobs" | "balancer"> {
  const reports = new Feed<JobReport>();
  reports.put({ job: name, what: "serviceArrived", service: { replicasWanted: replicas } });
  return {
    jobs: {
      start: async () => {},
      stop: async () => {},
      scale: async () => {},
      move: async () => "restarted",
      reparallelize: async (job) => {
        throw new Error(`${job} is served by replicas of one instance each; its engines are not cut over several`);
      },
      checkpoint: async (job) => {
        throw new Error(`${job} is a service: it has no checkpoint`);
      },
      reports: (signal) => reports.read(signal),
    },
    balancer: {
      register: async () => "done",
      deregister: async (providerId) => {
        reports.put({ providerId, what: "drained" });
        return "done";
      },
    },
  };
}
