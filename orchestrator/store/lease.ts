import type { Seconds } from "../../policies/contract/units.ts";
import type { Clock } from "../ports.ts";
import type { ObjectStore } from "./object-store.ts";

/** What the object of a lease says. A lease that was given back has no holder. */
interface LeaseObject {
  readonly holder: string | null;
  readonly epoch: number;
  readonly ttlS: Seconds;
  /** Makes each write differ, so that its tag does. */
  readonly write: number;
}

export interface LeaseOptions {
  readonly store: ObjectStore;
  readonly clock: Clock;
  /** Another name for every process: never one that a restart would use again. */
  readonly holder: string;
  readonly ttlS: Seconds;
}

const KEY = "lease.json";
/** A holder gives up so long before others may take over, so that clocks may differ in speed and calls may be under way. */
const MARGIN_S = 10;

/**
 * Who may act for a fleet: one object in a store outside the host. No two clocks are compared: a candidate takes over when it has seen
 * the same object for a whole ttl by its own clock, and the holder, which counts from before it wrote, has given up by then. Each
 * change of hands raises the epoch by one; it is in every journal and tag, so that what an earlier holder set off can be told apart.
 * Source of the pattern: AWS, "Conditional requests"; leases as in Gray and Cheriton, SOSP 1989.
 */
export class Lease {
  readonly #options: LeaseOptions;
  /** What was last seen in the store, and since when it has not changed. */
  #seen: { readonly etag: string; readonly sinceS: Seconds } | undefined;
  #held: { readonly epoch: number; readonly etag: string; readonly untilS: Seconds } | undefined;
  #writes = 0;

  constructor(options: LeaseOptions) {
    if (options.ttlS <= 2 * MARGIN_S)
      throw new Error(`a lease of ${options.ttlS} s is too short: more than ${2 * MARGIN_S}`);
    this.#options = options;
  }

  /** Until when this process may act, by its own clock; -Infinity when it may not. */
  get heldUntilS(): Seconds {
    return this.#held?.untilS ?? -Infinity;
  }

  /** The epoch it holds or held last; 0 before the first. */
  get epoch(): number {
    return this.#held?.epoch ?? 0;
  }

  /**
   * One attempt to get or to keep it; call it every ttl/3.
   * @returns whether it is held now
   * @throws what the store throws: unreadable is not held for longer than it was
   */
  async hold(signal: AbortSignal): Promise<boolean> {
    const { store, clock, holder } = this.#options;
    const held = this.#held;
    if (held !== undefined && clock.nowS() < held.untilS) {
      if (await this.#write(held.epoch, { etag: held.etag }, signal)) return true;
      // Our own write, whose answer was lost, or another's: the object tells.
    }
    const stored = await store.read(KEY, signal);
    const nowS = clock.nowS();
    if (stored === undefined) return this.#write(1, "absent", signal);
    const object = parsed(stored.text);
    if (object.holder === holder && held !== undefined && object.epoch === held.epoch && nowS < held.untilS) {
      return this.#write(held.epoch, stored, signal);
    }
    this.#held = undefined;
    if (this.#seen?.etag !== stored.etag) this.#seen = { etag: stored.etag, sinceS: nowS };
    const free = object.holder === null || nowS - this.#seen.sinceS >= object.ttlS;
    return free && this.#write(object.epoch + 1, stored, signal);
  }

  /** Gives it back, so that another need not wait. What cannot be written is left to run out. */
  async release(signal: AbortSignal): Promise<void> {
    const held = this.#held;
    this.#held = undefined;
    if (held === undefined) return;
    const text = JSON.stringify(this.#object(held.epoch, null));
    await this.#options.store.write(KEY, text, { etag: held.etag }, signal);
  }

  async #write(epoch: number, condition: "absent" | { readonly etag: string }, signal: AbortSignal): Promise<boolean> {
    const { store, clock, holder, ttlS } = this.#options;
    const sentS = clock.nowS();
    const text = JSON.stringify(this.#object(epoch, holder));
    const written = await store.write(KEY, text, condition, signal);
    if (!written.ok) return false;
    this.#held = { epoch, etag: written.etag, untilS: sentS + ttlS - MARGIN_S };
    return true;
  }

  #object(epoch: number, holder: string | null): LeaseObject {
    return { holder, epoch, ttlS: this.#options.ttlS, write: ++this.#writes };
  }
}

/** The epoch of whoever acts, or acted last; 0 where nobody has. @throws what the store throws, Error for an object that is no lease */
export async function epochIn(store: Pick<ObjectStore, "read">, signal: AbortSignal): Promise<number> {
  const stored = await store.read(KEY, signal);
  return stored === undefined ? 0 : parsed(stored.text).epoch;
}

function parsed(text: string): LeaseObject {
  const { holder, epoch, ttlS } = JSON.parse(text) as Partial<LeaseObject>;
  if ((typeof holder !== "string" && holder !== null) || !Number.isInteger(epoch) || !(Number(ttlS) > 0)) {
    throw new Error(`${KEY} is no lease: ${text.slice(0, 200)}; another program writes there: choose another prefix`);
  }
  return { holder, epoch: epoch!, ttlS: ttlS!, write: 0 };
}
