import { rmSync, writeFileSync } from "node:fs";
import { actingParts } from "./aws/account.ts";
import { CallFailure, Calls } from "./aws/calls.ts";
import { Ec2Capacity, ec2Client } from "./aws/ec2-capacity.ts";
import { S3Store, s3Client } from "./aws/s3-store.ts";
import type { RemoteVerb } from "./aws/ssm-document.ts";
import { SsmRemote, ssmClient } from "./aws/ssm-remote.ts";
import { type Fleet, FleetError } from "./fleet-file.ts";
import { STOP_KEY, type Stopped } from "./stop-switch.ts";
import { epochIn } from "./store/lease.ts";
import type { ObjectStore } from "./store/object-store.ts";
import { SystemClock } from "./system-clock.ts";

// What an operator does to a fleet by hand, with credentials of his own.

/** It was not done: says why, and what helps. */
export class OperateError extends Error {
  override readonly name = "OperateError";
}

/** Stops a loop of this host, or lets it go on, by the file beside its journal. */
export function switchByFile(journal: string, to: Stopped): void {
  const path = `${journal}.stop`;
  try {
    if (to === "no") rmSync(path, { force: true });
    else writeFileSync(path, `${to}\n`);
  } catch (error) {
    throw new OperateError(`${path}: cannot be written (${(error as NodeJS.ErrnoException).code}); correct --journal`);
  }
}

/** Stops a fleet on whichever host, or lets it go on, by the object in its store. */
export async function switchInStore(store: ObjectStore, to: Stopped, signal: AbortSignal): Promise<void> {
  for (let tries = 0; tries < 3; tries++) {
    const before = await store.read(STOP_KEY, signal);
    const written = await store.write(STOP_KEY, to, before ?? "absent", signal);
    if (written.ok) return;
  }
  throw new OperateError("somebody else writes the switch at the same time; look what it says, and try again");
}

export interface OnAccount {
  readonly fleet: Fleet;
  /** Of a double of AWS. */
  readonly endpoint?: string;
  readonly signal: AbortSignal;
}

/** @throws FleetError, OperateError */
export async function switchFleet(on: OnAccount, to: Stopped): Promise<void> {
  await told(async () => switchInStore(await storeOf(on, calls()), to, on.signal));
}

/** One of the fixed verbs on an instance of the fleet, under the epoch of whoever acts for it now. @throws FleetError, OperateError */
export async function remoteCommand(on: OnAccount, verb: RemoteVerb, providerId: string): Promise<void> {
  const { fleet, endpoint, signal } = on;
  const { region, fleet: name } = fleet.file;
  const { live, template } = actingParts(fleet);
  const documentName = live.ssmDocument;
  if (documentName === undefined)
    throw new FleetError(`${name}: live.ssmDocument is missing; name the fleet's document`);
  await told(async () => {
    const own = calls();
    const clock = new SystemClock();
    const epoch = await epochIn(await storeOf(on, own), signal);
    const client = await ec2Client(region, endpoint);
    const alarm = () => {};
    const account = new Ec2Capacity({ client, calls: own, clock, region, fleet: name, template, pollS: 5, alarm });
    const ssm = await ssmClient(region, endpoint);
    const remote = new SsmRemote({ client: ssm, calls: own, clock, documentName, account });
    const outcome = await remote.run(providerId, verb, epoch, signal);
    if (!outcome.ok) throw new OperateError(`${verb} on ${providerId}: ${outcome.why}: ${outcome.said}`);
  });
}

const calls = (): Calls => new Calls(new SystemClock(), { random: Math.random });

async function storeOf({ fleet, endpoint }: OnAccount, own: Calls): Promise<ObjectStore> {
  const { bucket, prefix } = actingParts(fleet).live.store;
  return new S3Store(await s3Client(fleet.file.region, endpoint), own, bucket, prefix);
}

/** A call that failed is what whoever typed the command has to know. */
async function told(act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (!(error instanceof CallFailure)) throw error;
    throw new OperateError(`${error.message}; check credentials, region and names`);
  }
}
