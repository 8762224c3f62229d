import type { Seconds } from "../../policies/contract/units.ts";
import type { Clock } from "../ports.ts";
import type { ObjectStore } from "./object-store.ts";

export interface JournalCopyOptions {
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly alarm: (what: string) => void;
  /** Of its keys: another one for every run. */
  readonly prefix: string;
  /** Somebody else continues the same journal; called once. */
  readonly onConflict: () => void;
}

const RETRY_S: Seconds = 5;

/**
 * The copy of a journal outside the host: whatever has been written goes there in order, an object a batch, named after its first
 * record. Two writers would meet at the same name, and the second is told so: it may not go on.
 */
export class JournalCopy {
  readonly #options: JournalCopyOptions;
  #waiting: { readonly seq: number; text: string } | undefined;
  /** How many records have been handed in, and how many of them are in the store. */
  #added = 0;
  #stored = 0;
  #uploading: Promise<void> | undefined;

  /** @param from how many records the copy holds already */
  constructor(options: JournalCopyOptions, from = 0) {
    this.#options = options;
    this.#added = from;
    this.#stored = from;
  }

  /** Records in the journal that a lost host would take with it. */
  get behind(): number {
    return this.#added - this.#stored;
  }

  add(text: string, records: number): void {
    if (this.#waiting === undefined) this.#waiting = { seq: this.#added, text };
    else this.#waiting.text += text;
    this.#added += records;
  }

  /** Sends what has been handed in. @returns whether all of it was in the store within `withinS` */
  async complete(withinS: Seconds): Promise<boolean> {
    const { clock, signal } = this.#options;
    const wanted = this.#added;
    this.send();
    const deadlineS = clock.nowS() + withinS;
    const late = new AbortController();
    const end = () => late.abort();
    signal.addEventListener("abort", end);
    const over = clock.sleepUntil(deadlineS, late.signal);
    try {
      while (this.#stored < wanted && this.#uploading !== undefined && clock.nowS() < deadlineS && !signal.aborted) {
        await Promise.race([this.#uploading, over]);
        this.send();
      }
    } finally {
      end();
      signal.removeEventListener("abort", end);
    }
    return this.#stored >= wanted;
  }

  /** Begins to send what has been handed in, without waiting for it. */
  send(): void {
    if (this.#uploading !== undefined || this.#waiting === undefined || this.#options.signal.aborted) return;
    const batch = this.#waiting;
    this.#waiting = undefined;
    const upTo = this.#added;
    this.#uploading = this.#upload(batch, upTo).finally(() => {
      this.#uploading = undefined;
    });
  }

  async #upload({ seq, text }: { readonly seq: number; readonly text: string }, upTo: number): Promise<void> {
    const { store, clock, signal, alarm, prefix, onConflict } = this.#options;
    const key = prefix + String(seq).padStart(12, "0");
    while (!signal.aborted) {
      try {
        const written = await store.write(key, text, "absent", signal);
        // Ours, when its answer had been lost; else somebody else continues this journal.
        if (written.ok || (await store.read(key, signal))?.text === text) {
          this.#stored = upTo;
          return;
        }
        alarm(`${key} was written by somebody else: two controllers continue one journal, and this one stops`);
        onConflict();
        await clock.sleepUntil(Infinity, signal);
      } catch (error) {
        if (signal.aborted) return;
        alarm(`the journal's copy is ${this.behind} records behind: ${error instanceof Error ? error.message : error}`);
        await clock.sleepUntil(clock.nowS() + RETRY_S, signal);
      }
    }
  }
}
