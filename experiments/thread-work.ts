import { type MessagePort, threadId } from "node:worker_threads";

/** What a thread is given: items, and two ways to speak while it works. */
export interface ThreadWork {
  readonly items: readonly unknown[];
  /** What items of one group share, by group. */
  readonly shared: ReadonlyMap<string, unknown>;
  /** [the position it is at, counted from 1; the thread's id]: read by others while the thread is busy. */
  readonly progress: Int32Array;
  /** Takes each outcome as soon as it is there, so that a thread that is ended loses one. */
  readonly port: MessagePort;
}

/** What comes back for an item. */
export interface Outcome {
  readonly position: number;
  readonly wallMs: number;
  readonly result: unknown;
}

/** Works through a batch in a worker thread. `run` turns what goes wrong into a result. */
export async function workThrough<Item>(
  { items, progress, port }: ThreadWork,
  run: (item: Item) => Promise<unknown>,
): Promise<void> {
  Atomics.store(progress, 1, threadId);
  for (const [position, item] of items.entries()) {
    Atomics.store(progress, 0, position + 1);
    const startMs = performance.now();
    const result = await run(item as Item);
    port.postMessage({ position, wallMs: performance.now() - startMs, result } satisfies Outcome);
  }
  port.close();
}
