import { readFileSync } from "node:fs";
import type { Seconds } from "../policies/contract/units.ts";
import type { Clock, LaunchOutcome, Ports } from "./ports.ts";
import type { ObjectStore } from "./store/object-store.ts";

/**
 * How far an operator has stopped a fleet. launches: nothing is launched or started, and all else goes on, so that drains finish and cost
 * ends. everything: nothing that changes anything goes out; agents still stop the traffic of their own instance.
 */
export type Stopped = "no" | "launches" | "everything";

export interface StopSwitchOptions {
  /** A file of this host. There: stopped, as far as its first word says. */
  readonly file: string;
  /** Where all hosts of the fleet look. */
  readonly store?: Pick<ObjectStore, "read">;
  readonly clock: Clock;
  readonly alarm: (what: string) => void;
}

/** Its name in the store. */
export const STOP_KEY = "stop";
/** What the store said is good for so long. */
const STORE_S: Seconds = 5;
const AGAIN_S: Seconds = 2;

/** What stops a fleet, whatever its policy wants: read before every call that changes something. */
export class StopSwitch {
  readonly #options: StopSwitchOptions;
  /** What the store said last. Nobody has stopped anything before it was asked; launches wait until it has been. */
  #stored: { readonly stopped: Stopped; readonly readS: Seconds } = { stopped: "no", readS: -Infinity };
  #reading: Promise<void> | undefined;
  #known: Stopped = "no";

  constructor(options: StopSwitchOptions) {
    this.#options = options;
  }

  /** As last seen, for whoever watches. */
  get known(): Stopped {
    return this.#known;
  }

  /**
   * Before a call that adds cost: not before the store has been read. One that cannot be read counts as stopped.
   */
  async beforeLaunch(signal: AbortSignal): Promise<Stopped> {
    await this.#readStore(signal);
    const isFresh = this.#options.store === undefined || this.#ageS <= STORE_S;
    return this.#seen(isFresh ? this.#stored.stopped : "launches");
  }

  /** Before any other change, which waits for nobody: by what the store said last. */
  beforeChange(signal: AbortSignal): Stopped {
    void this.#readStore(signal);
    return this.#seen(this.#stored.stopped);
  }

  get #ageS(): Seconds {
    return this.#options.clock.nowS() - this.#stored.readS;
  }

  #seen(stored: Stopped): Stopped {
    const byFile = stoppedByFile(this.#options.file);
    const stopped = byFile === "everything" || stored === "no" ? byFile : stored;
    if (stopped !== this.#known) this.#options.alarm(`stopped: ${stopped}`);
    this.#known = stopped;
    return stopped;
  }

  async #readStore(signal: AbortSignal): Promise<void> {
    const { store, clock, alarm } = this.#options;
    if (store === undefined || this.#ageS <= STORE_S) return;
    this.#reading ??= store
      .read(STOP_KEY, signal)
      .then(
        (object) => {
          this.#stored = { stopped: stoppedBy(object?.text), readS: clock.nowS() };
        },
        (error: unknown) => {
          if (!signal.aborted) alarm(`whether the fleet is stopped cannot be read, so nothing is launched: ${error}`);
        },
      )
      .finally(() => {
        this.#reading = undefined;
      });
    await this.#reading;
  }
}

/**
 * What a switch's text says; undefined: there is none. Any text but two words is taken for the most that it could mean.
 * @example stoppedBy("launches\nuntil the bill is understood") // "launches"
 */
export function stoppedBy(text: string | undefined): Stopped {
  const [word] = text?.trim().split(/\s/) ?? ["no"];
  return word === "no" || word === "launches" ? word : "everything";
}

function stoppedByFile(path: string): Stopped {
  try {
    return stoppedBy(readFileSync(path, "utf8"));
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT" ? "no" : "everything";
  }
}

type Changing = Pick<Ports, "capacity" | "standby" | "balancer">;

/** The ports that change something, behind the switch: launches are refused while it is on, other changes wait where it holds them too. */
export function stoppable({ capacity, standby, balancer }: Changing, stop: StopSwitch, clock: Clock): Changing {
  const refused: LaunchOutcome = { ok: false, reason: "lost", scope: "market", code: "StopActing" };

  async function goingOn(signal: AbortSignal): Promise<void> {
    while (stop.beforeChange(signal) === "everything") {
      await clock.sleepUntil(clock.nowS() + AGAIN_S, signal);
      signal.throwIfAborted();
    }
  }
  const waiting =
    <Result>(change: (providerId: string, signal: AbortSignal) => Promise<Result>) =>
    async (providerId: string, signal: AbortSignal): Promise<Result> => {
      await goingOn(signal);
      return change(providerId, signal);
    };

  return {
    capacity: {
      launch: async (request, signal) =>
        (await stop.beforeLaunch(signal)) === "no" ? capacity.launch(request, signal) : refused,
      terminate: waiting((...call) => capacity.terminate(...call)),
      instances: (...call) => capacity.instances(...call),
      ...(capacity.obtainable && { obtainable: (signal: AbortSignal) => capacity.obtainable!(signal) }),
    },
    standby: {
      start: async (providerId, signal) =>
        (await stop.beforeLaunch(signal)) === "no" ? standby.start(providerId, signal) : refused,
      stop: waiting((...call) => standby.stop(...call)),
    },
    balancer: {
      register: waiting((...call) => balancer.register(...call)),
      deregister: waiting((...call) => balancer.deregister(...call)),
    },
  };
}
