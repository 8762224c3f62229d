import { type MessagePort, threadId } from "node:worker_threads";

/** What a thread is given: items, and two ways to speak while it works. */
export interface ThreadWork {
  readonly items: readonly unknown[];
  /** What items of one group share, by group. */
  readonly shared: ReadonlyMap<string, unknown>;
  /** [the position it is at, counted from 1; the thread's id]: read by others while the thread is busy. */
  readonly progress: Int32Array;
  /** Takes outcomes as they come, a list at a time. */
  readonly port: MessagePort;
}

/** What comes back for an item. */
export interface Outcome {
  readonly position: number;
  readonly wallMs: number;
  readonly result: unknown;
}

/** What is done so soon after the last message waits for the next: a message costs a good part of a short item. */
const TOGETHER_MS = 5;

/** Works through a batch in a worker thread. `run` turns what goes wrong into a result. */
export async function workThrough<Item>(
  { items, progress, port }: ThreadWork,
  run: (item: Item) => Promise<unknown>,
): Promise<void> {
  Atomics.store(progress, 1, threadId);
  let done: Outcome[] = [];
  let toldMs = performance.now();
  for (const [position, item] of items.entries()) {
    Atomics.store(progress, 0, position + 1);
    const startMs = performance.now();
    const result = await run(item as Item);
    const endMs = performance.now();
    done.push({ position, wallMs: endMs - startMs, result });
    if (endMs - toldMs < TOGETHER_MS && position < items.length - 1) continue;
    port.postMessage(done);
    done = [];
    toldMs = endMs;
  }
  port.close();
}
