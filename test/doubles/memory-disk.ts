import type { JournalDisk } from "../../orchestrator/ports.ts";

/** A disk in memory: what was synced outlasts a power cut, what was only written may be lost or torn by one. */
export class MemoryDisk {
  readonly path = "memory";
  text = "";
  #synced = 0;
  /** Texts that were replaced. */
  readonly superseded: string[] = [];
  #open = false;

  /** @throws when it is open already: one writer */
  open(): JournalDisk {
    if (this.#open) throw new Error(`${this.path}: another process is writing to it`);
    this.#open = true;
    const { path } = this;
    const disk = this;
    return {
      path,
      async *lines() {
        const ends = disk.text.lastIndexOf("\n") + 1;
        const lines = disk.text.slice(0, ends).split("\n").slice(0, -1);
        for (const line of lines) yield Buffer.from(line);
        disk.text = disk.text.slice(0, ends);
      },
      async replace(text) {
        disk.superseded.push(disk.text);
        disk.text = text;
        disk.#synced = text.length;
      },
      async append(text) {
        disk.text += text;
      },
      async sync() {
        disk.#synced = disk.text.length;
      },
      async close() {
        disk.#open = false;
      },
    };
  }

  /** Whoever had it open is gone. @param kept how much of what was not synced is there all the same */
  powerCut(kept = 0): void {
    this.text = this.text.slice(0, this.#synced + kept);
    this.#open = false;
  }
}
