import type { FleetSpec } from "../policies/contract/fleet.ts";
import type { PolicySpec } from "../policies/contract/policy.ts";
import type { Cadence, Scenario } from "../policies/contract/scenario.ts";
import type { Json, Seconds } from "../policies/contract/units.ts";
import type { Stage } from "../policies/manifest/stage.ts";
import { fenced } from "./fence.ts";
import { JournalError, type JournalRecord, recordsOf } from "./journal-lines.ts";
import { runLoop } from "./loop.ts";
import { merged } from "./merged.ts";
import { observedJournal } from "./observed-journal.ts";
import type {
  Account,
  Balancer,
  Engine,
  Held,
  JournalDisk,
  MarketName,
  Notices,
  Prices,
  Standby,
  WallClock,
} from "./ports.ts";
import type { JournalEntry, StartEntry } from "./records.ts";
import { type StopSwitch, stoppable } from "./stop-switch.ts";
import type { Lease } from "./store/lease.ts";
import type { ObjectStore } from "./store/object-store.ts";
import { sharedJournal } from "./store/shared-journal.ts";
import { underLease } from "./store/under-lease.ts";
import { watchedService } from "./watched-service.ts";

/** All that the controller of one fleet asks of the world. */
export interface ControllerPorts {
  readonly clock: WallClock;
  readonly account: Account;
  readonly standby: Standby;
  readonly balancer: Balancer;
  /** Several may say the same. */
  readonly notices: readonly Notices[];
  readonly engine: Engine;
  readonly prices: Prices;
  /** Who may act. Its store need not be the journal's. */
  readonly lease: Lease;
  /** The journal's copy. */
  readonly store: ObjectStore;
  /** What an operator stops it with. Absent: nothing does. */
  readonly stop?: StopSwitch;
  /** Opens the journal of this host. */
  disk(): Promise<JournalDisk>;
}

export interface ControllerOptions {
  readonly ports: ControllerPorts;
  readonly fleet: {
    readonly name: string;
    readonly spec: FleetSpec;
    readonly service: { readonly name: string; readonly replicas: number };
    readonly policy: Scenario;
    readonly cadence: Cadence;
  };
  /** Policies that are not listed: a user's file. */
  readonly own?: readonly PolicySpec<unknown, Json>[];
  /** How far it is trusted; absent in a simulation. */
  readonly stage?: Stage;
  /** Between two writes of the lease: a third of its ttl. */
  readonly renewS: Seconds;
  /** Begins another run instead of going on with the last one. */
  readonly anew?: boolean;
  /** Sees each entry once it is on disk. */
  readonly see?: (entry: JournalEntry) => void;
  /** Something that an operator should see; nothing stops because of it. */
  readonly alarm: (what: string) => void;
  /** Ends it after what it is doing, and gives the lease back. Instances stay as they are. */
  readonly signal: AbortSignal;
}

/**
 * The controller of a fleet that acts: waits for the lease; goes on where the fleet's journal ends, whichever host wrote it; compares
 * with what the account really holds; then the loop, whose changes go out only under the lease and only to what is tagged as of the
 * fleet. When the lease is lost the loop ends at once, and all begins again with waiting for it. An operator's switch holds back changes too, and ends nothing.
 *
 * A simulation hands in other ports, and runs the same.
 * @throws what a policy or a port throws, ResumeError, JournalError; the lease is given back before
 */
export async function runController(options: ControllerOptions): Promise<void> {
  const { ports, renewS, alarm, signal } = options;
  const { lease, clock } = ports;
  let { anew = false } = options;
  await underLease({ lease, clock, everyS: renewS, alarm, signal }, async (held) => {
    await runTenure({ ...options, anew }, held);
    anew = false;
  });
}

async function runTenure(options: ControllerOptions & { readonly anew: boolean }, held: AbortSignal): Promise<void> {
  const { ports, fleet, own, stage, alarm, see, anew } = options;
  const { clock, account, lease, store, prices } = ports;
  const conflict = new AbortController();
  const signal = AbortSignal.any([held, conflict.signal]);
  const disk = await ports.disk();
  let close = () => disk.close();
  try {
    const onConflict = () => conflict.abort();
    const journal = await insisted("the journal's copy cannot be read", options, signal, () =>
      sharedJournal({ disk, store, clock, signal, alarm, anew, onConflict }),
    );
    close = () => journal.close();
    const start = await startOf(recordsOf(disk.lines(), disk.path));
    if (start !== undefined && !start.run.startsWith(`${fleet.name}/`)) {
      throw new JournalError(
        `the journal is of the run ${start.run}, not of ${fleet.name}; give each fleet a prefix of its own`,
      );
    }
    const startedMs = start?.startedMs ?? clock.wallMs() - clock.nowS() * 1000;
    const found = await insisted("the fleet is not seen", options, signal, async () => ({
      held: await account.describe(signal),
      registered: (await ports.balancer.registered?.(signal)) ?? [],
    }));
    tellOrphans(found.held, options);
    const tagged = fenced({ ...ports, alarm });
    const changing = ports.stop === undefined ? tagged : stoppable(tagged, ports.stop, clock);
    await runLoop({
      ports: {
        clock,
        prices,
        standby: changing.standby,
        ...watchedService({ ...ports, ...changing, service: fleet.service }),
        notices: {
          stream: (until) =>
            merged(
              ports.notices.map((each) => each.stream(until)),
              until,
            ),
        },
        journal: see === undefined ? journal : observedJournal(journal, see),
      },
      fleet: fleet.spec,
      scenario: fleet.policy,
      ...(own === undefined ? {} : { own }),
      ...(stage === undefined ? {} : { stage }),
      cadence: fleet.cadence,
      run: start?.run ?? `${fleet.name}/${new Date(clock.wallMs()).toISOString()}`,
      tags: { epoch: String(lease.epoch) },
      startedMs,
      ...(start && {
        resume: {
          records: recordsOf(disk.lines(), disk.path),
          epoch: lease.epoch,
          runS: (clock.wallMs() - startedMs) / 1000,
        },
      }),
      found,
      signal,
    });
  } catch (error) {
    if (!signal.aborted) throw error; // what was under way when it was told to end
  } finally {
    await close();
  }
}

/** What is tagged as of the fleet and cannot be a replica of it is left to an operator. */
function tellOrphans(held: readonly Held[], { fleet, alarm }: ControllerOptions): void {
  for (const { providerId, state, market } of held) {
    if (state === "ended" || fleet.spec.markets.some((each) => isSameMarket(each, market))) continue;
    alarm(
      `${providerId} is tagged as of this fleet, in a market that it does not have: left alone; end it, or add the market`,
    );
  }
}

const isSameMarket = (a: MarketName, b: MarketName): boolean =>
  a.instanceType === b.instanceType && a.zone === b.zone && a.region === b.region && a.capacityType === b.capacityType;

const AGAIN_S: Seconds = 5;

/** Nothing begins without it, so it is asked for again. @throws JournalError for what no repetition changes */
async function insisted<T>(
  lacking: string,
  { ports: { clock }, alarm }: ControllerOptions,
  signal: AbortSignal,
  ask: () => Promise<T>,
): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (error instanceof JournalError || signal.aborted) throw error;
      alarm(`${lacking}: ${error instanceof Error ? error.message : error}`);
      await clock.sleepUntil(clock.nowS() + AGAIN_S, signal);
    }
  }
}

async function startOf(records: AsyncIterable<JournalRecord>): Promise<StartEntry | undefined> {
  for await (const { entry } of records) return entry.kind === "start" ? entry : undefined;
  return undefined;
}
