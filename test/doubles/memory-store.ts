import type { ObjectStore, Stored, WriteCondition, Written } from "../../orchestrator/store/object-store.ts";

/** A store in memory. A fault is of the next call: it fails before or after it was carried out. */
export class MemoryStore implements ObjectStore {
  readonly objects = new Map<string, Stored>();
  readonly faults: ("before" | "after")[] = [];
  writes = 0;

  async read(key: string): Promise<Stored | undefined> {
    return this.#faulty(() => this.objects.get(key));
  }

  async write(key: string, text: string, condition: WriteCondition): Promise<Written> {
    return this.#faulty(() => {
      const before = this.objects.get(key);
      if (condition === "absent" ? before !== undefined : before?.etag !== condition.etag) return { ok: false };
      const etag = `"${++this.writes}"`;
      this.objects.set(key, { text, etag });
      return { ok: true, etag };
    });
  }

  async list(prefix: string): Promise<readonly string[]> {
    return this.#faulty(() => [...this.objects.keys()].filter((key) => key.startsWith(prefix)).sort());
  }

  async #faulty<T>(carryOut: () => T): Promise<T> {
    await null;
    const fault = this.faults.shift();
    if (fault === "before") throw new Error("the store does not answer");
    const done = carryOut();
    if (fault === "after") throw new Error("the answer was lost");
    return done;
  }
}
