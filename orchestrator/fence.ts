import type { Seconds } from "../policies/contract/units.ts";
import type { Account, Balancer, ChangeOutcome, Clock, Owner, Ports, Standby } from "./ports.ts";
import type { Lease } from "./store/lease.ts";

export interface FenceOptions {
  readonly account: Account;
  readonly standby: Standby;
  readonly balancer: Balancer;
  readonly clock: Clock;
  readonly lease: Pick<Lease, "heldUntilS">;
  readonly alarm: (what: string) => void;
}

/** What is not described for so long is not there: descriptions lag behind launches. */
const ABSENT_S: Seconds = 30;
const AGAIN_S: Seconds = 2;
/** Stopping traffic waits no longer for a tag. */
const TAG_S: Seconds = 1;

/**
 * The ports that change something, behind two conditions: the lease is held, and the instance's tag, read anew each time, is the fleet's.
 * A tag that cannot be read is asked for again, except where traffic is to be stopped: that is done, since the target group is the
 * fleet's own. For the traffic of one instance the newest word counts: an older one that is still under way is given up.
 */
export function fenced(options: FenceOptions): Pick<Ports, "capacity" | "standby" | "balancer"> {
  const { account, standby, balancer, clock, alarm } = options;
  const traffic = new NewestFirst();

  /** Without the lease nothing goes out any more: whoever holds it now makes the call, or the loop here ends before. */
  async function underLease(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && clock.nowS() >= options.lease.heldUntilS) {
      await clock.sleepUntil(clock.nowS() + AGAIN_S, signal);
    }
    signal.throwIfAborted();
  }

  async function ownerOf(providerId: string, signal: AbortSignal): Promise<"ours" | "foreign" | "absent"> {
    const fromS = clock.nowS();
    for (;;) {
      const owner = await account.ownerOf(providerId, signal);
      await underLease(signal);
      if (owner === "ours" || owner === "foreign") return told(owner, providerId);
      if (owner === "absent" && clock.nowS() - fromS >= ABSENT_S) return owner;
      await clock.sleepUntil(clock.nowS() + AGAIN_S, signal);
    }
  }

  async function ownerSoon(providerId: string, signal: AbortSignal): Promise<Owner> {
    const late = new AbortController();
    const over = clock.sleepUntil(clock.nowS() + TAG_S, AbortSignal.any([signal, late.signal]));
    const owner = await Promise.race([account.ownerOf(providerId, signal), over.then((): Owner => "unknown")]);
    late.abort();
    await underLease(signal);
    return told(owner, providerId);
  }

  function told<O extends Owner>(owner: O, providerId: string): O {
    if (owner === "foreign") alarm(`${providerId} is not tagged as of this fleet: left alone`);
    return owner;
  }

  return {
    capacity: {
      launch: async (request, signal) => {
        await underLease(signal);
        return account.launch(request, signal);
      },
      terminate: async (providerId, signal) => {
        const owner = await ownerOf(providerId, signal);
        return owner === "ours" ? account.terminate(providerId, signal) : owner;
      },
      instances: (signal, standing) => account.instances(signal, standing),
      ...(account.obtainable && { obtainable: (signal: AbortSignal) => account.obtainable!(signal) }),
    },
    standby: {
      stop: async (providerId, signal) => {
        const owner = await ownerOf(providerId, signal);
        return owner === "ours" ? standby.stop(providerId, signal) : owner;
      },
      start: async (providerId, signal) => {
        const owner = await ownerOf(providerId, signal);
        return owner === "ours"
          ? standby.start(providerId, signal)
          : { ok: false, reason: "lost", scope: "market", code: owner };
      },
    },
    balancer: {
      register: (providerId, signal) =>
        traffic.run(providerId, signal, async (newest) => {
          const owner = await ownerOf(providerId, newest);
          return owner === "ours" ? balancer.register(providerId, newest) : owner;
        }),
      deregister: (providerId, signal) =>
        traffic.run(providerId, signal, async (newest) => {
          const owner = await ownerSoon(providerId, newest);
          return owner === "foreign" ? owner : balancer.deregister(providerId, newest);
        }),
    },
  };
}

/** Calls about one name go one after another, and a newer one gives up what is still under way. */
class NewestFirst {
  readonly #latest = new Map<string, { readonly giveUp: () => void; readonly over: Promise<unknown> }>();

  async run(
    name: string,
    signal: AbortSignal,
    call: (signal: AbortSignal) => Promise<ChangeOutcome>,
  ): Promise<ChangeOutcome> {
    const before = this.#latest.get(name);
    before?.giveUp();
    const newer = new AbortController();
    const newest = AbortSignal.any([signal, newer.signal]);
    const made = (async () => {
      await before?.over;
      newest.throwIfAborted();
      return call(newest);
    })();
    const mine = { giveUp: () => newer.abort(), over: made.catch(() => {}) };
    this.#latest.set(name, mine);
    try {
      return await made;
    } catch (error) {
      if (newer.signal.aborted && !signal.aborted) return "superseded"; // the newer call says what holds now
      throw error;
    } finally {
      if (this.#latest.get(name) === mine) this.#latest.delete(name);
    }
  }
}
