import type { Seconds } from "../../policies/contract/units.ts";
import type { Clock } from "../ports.ts";
import type { Lease } from "./lease.ts";

export interface UnderLeaseOptions {
  readonly lease: Lease;
  readonly clock: Clock;
  /** Between two writes of it, and two looks at somebody else's: a third of its ttl. */
  readonly everyS: Seconds;
  readonly alarm: (what: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Acts for as long as the lease is held, again and again: waits for it, renews it, and aborts `act` when it is lost. Given back at the end,
 * also when `act` throws.
 */
export async function underLease(
  { lease, clock, everyS, alarm, signal }: UnderLeaseOptions,
  act: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  while (!signal.aborted) {
    if (!(await tried())) {
      await clock.sleepUntil(clock.nowS() + everyS, signal);
      continue;
    }
    const tenure = new AbortController();
    const held = AbortSignal.any([signal, tenure.signal]);
    const keeping = keep(tenure, held);
    try {
      await act(held);
    } finally {
      tenure.abort();
      await keeping;
      await lease.release(new AbortController().signal).catch((error: unknown) => {
        alarm(`the lease was not given back, and runs out by itself: ${messageOf(error)}`);
      });
    }
  }

  async function keep(tenure: AbortController, held: AbortSignal): Promise<void> {
    const { epoch } = lease;
    // Another epoch: somebody else had it in between, and this process knows nothing of what was done.
    const lost = () => clock.nowS() >= lease.heldUntilS || lease.epoch !== epoch;
    while (!held.aborted) {
      await clock.sleepUntil(Math.min(clock.nowS() + everyS, lease.heldUntilS), held);
      // A store that hangs does not make a lease last longer.
      if (!held.aborted && !lost()) await Promise.race([tried(held), clock.sleepUntil(lease.heldUntilS, held)]);
      if (held.aborted || !lost()) continue;
      alarm("the lease is lost: this process acts no more until it has it again");
      tenure.abort();
    }
  }

  async function tried(until = signal): Promise<boolean> {
    try {
      return await lease.hold(until);
    } catch (error) {
      if (!until.aborted) alarm(`the lease cannot be read or written: ${messageOf(error)}`);
      return false;
    }
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
