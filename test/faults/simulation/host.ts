import type { JournalDisk } from "../../../orchestrator/ports.ts";
import type { JournalEntry } from "../../../orchestrator/records.ts";
import type { Process } from "./virtual-time.ts";

/** Where a process is to be killed: at the next append of intents, or at the next effect of one. */
export type Ambush = "before the append" | "after the append" | "torn append" | "after the effect";

/** A host's disk, which outlives its processes and not the host. */
export class SimulatedDisk {
  text = "";
  full = false;
  readonly #see: (entry: JournalEntry, disk: SimulatedDisk) => void;

  constructor(see: (entry: JournalEntry, disk: SimulatedDisk) => void) {
    this.#see = see;
  }

  get isEmpty(): boolean {
    return this.text === "";
  }

  *entries(): Generator<JournalEntry> {
    yield* entriesOf(this.text);
  }

  /** As one process has it open. @param ambush is asked at each append of intents, and kills */
  open(
    process: Process,
    ambush: (where: "before the append" | "after the append" | "torn append") => boolean,
  ): JournalDisk {
    // What a dead process would go on to do is not done.
    const alive = async () => {
      if (process.isDead) await new Promise(() => {});
    };
    return {
      path: "journal.ndjson",
      lines: () => this.#lines(),
      replace: async (text) => {
        await alive();
        this.text = text;
      },
      append: async (text) => {
        await alive();
        if (this.full) throw new Error("ENOSPC: no space left on device, write");
        const intends = text.includes('"kind":"intent"');
        if (intends && ambush("before the append")) await alive();
        if (intends && ambush("torn append")) this.#write(text.slice(0, text.length - 9));
        await alive();
        this.#write(text);
        if (intends && ambush("after the append")) await alive();
      },
      sync: alive,
      close: async () => {},
    };
  }

  #write(text: string): void {
    this.text += text;
    for (const entry of entriesOf(text)) this.#see(entry, this);
  }

  async *#lines(): AsyncGenerator<Buffer> {
    this.text = this.text.slice(0, this.text.lastIndexOf("\n") + 1);
    for (const line of this.text.split("\n").slice(0, -1)) yield Buffer.from(line);
  }
}

/** Of whole lines. */
const entriesOf = (text: string): JournalEntry[] =>
  text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as JournalEntry);
