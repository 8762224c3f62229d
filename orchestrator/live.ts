import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { pino } from "pino";
import type { PromotionManifest } from "../policies/manifest/manifest.ts";
import { staged } from "../policies/manifest/stage.ts";
import { awsAccount } from "./aws/account.ts";
import { runController } from "./controller.ts";
import { doorOf } from "./door/fleet-door.ts";
import type { Fleet } from "./fleet-file.ts";
import { FileDisk } from "./journal-disk.ts";
import { preflight } from "./preflight.ts";
import { StopSwitch } from "./stop-switch.ts";
import { SystemClock } from "./system-clock.ts";
import { Telemetry } from "./telemetry.ts";
import { webhookOf } from "./webhook.ts";

export interface LiveOptions {
  readonly fleet: Fleet;
  /** Verified, and of a stage that acts. */
  readonly manifest: PromotionManifest;
  /** This host's file of it, new or of before. */
  readonly journal: string;
  /** Begins another run. */
  readonly anew: boolean;
  /** Of /metrics and /healthz, on 127.0.0.1. Absent: no server. */
  readonly port?: number;
  /** Of a double of AWS. */
  readonly endpoint?: string;
  readonly signal: AbortSignal;
  /** Where log lines go; the process's stderr where absent. */
  readonly log?: (line: string) => void;
}

/**
 * Acts for a fleet on its account, as far as the manifest's stage allows, until it is told to end.
 * @throws FleetError, PreflightError before anything is done; what `runController` throws
 */
export async function runLive(options: LiveOptions): Promise<void> {
  const { fleet, manifest, journal, anew, port, endpoint, signal, log } = options;
  const { file, spec } = fleet;
  const logger = pino({ base: { fleet: file.fleet } }, log === undefined ? pino.destination(2) : { write: log });
  const telemetry = new Telemetry(logger, "live", {
    ...webhookOf(file),
    stopped: () => stop.known,
    agents: () => door?.agents ?? 0,
  });
  const alarm = (what: string) => telemetry.alarm(what);
  const clock = new SystemClock();
  const account = await awsAccount({
    fleet,
    clock,
    holder: `${hostname()}/${process.pid}/${randomUUID()}`,
    ...(endpoint === undefined ? {} : { endpoint }),
    onAttempt: (attempt) => telemetry.attempt(attempt),
    alarm,
  });
  const stop = new StopSwitch({ file: `${journal}.stop`, store: account.store, clock, alarm });
  const door = doorOf(file, {
    held: async (id, until) => (await account.account.describe(until)).find(({ providerId }) => providerId === id),
    clock,
    store: account.store,
    fleetSize: () => telemetry.story.instances.size,
    alarm,
    onRefused: (why) => telemetry.agentRefused(why),
  });
  try {
    await preflight(account, fleet, signal);
    if (door !== undefined) logger.info({ event: "door", url: await door.listen() });
    if (port !== undefined) logger.info({ event: "serving", url: await telemetry.serve(port, signal) });
    logger.info({ event: "live", stage: manifest.stage, manifest: manifest.sha256 }, "acts on the account");
    await runController({
      ports: {
        ...account,
        notices: door === undefined ? account.notices : [...account.notices, door],
        stop,
        disk: () => FileDisk.open(journal, "a", alarm),
      },
      fleet: {
        name: file.fleet,
        spec,
        ...staged(manifest.stage, file),
        cadence: file.cadence,
      },
      stage: manifest.stage,
      renewS: file.live!.leaseS / 3,
      anew,
      see: (entry) => telemetry.see(entry),
      alarm,
      signal,
    });
  } finally {
    await door?.close();
    account.close();
    await telemetry.close();
  }
}
