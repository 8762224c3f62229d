import { setTimeout as sleep } from "node:timers/promises";
import type { Worker } from "node:worker_threads";

const TICK_MS = 100;
/** A thread that has not ended so long after it was told to never will: it is in a loop that V8 does not interrupt. */
const STUCK_MS = 2000;

export interface ThreadLimits {
  readonly timeoutS: number;
  /** What an item's thread may hold: its JavaScript heap and what lies in typed arrays outside it. */
  readonly memoryMiB: number;
}

/** What the process holds without any thread's doing. */
const BASE_MIB = 256;

/**
 * Watches a thread that works through a batch, and asks for its end when one item takes too long or holds too much memory. The
 * thread itself cannot say so: it runs one synchronous function.
 */
export class ThreadWatch {
  /** Why the thread was told to end. */
  verdict: "timeout" | "memory" | undefined;
  readonly #end = new AbortController();
  readonly #threads: () => readonly Worker[];
  readonly #progress: Int32Array;
  readonly #limits: ThreadLimits;
  readonly #timer: NodeJS.Timeout;
  #thread: Worker | undefined;
  #position = 0;
  #sinceMs = 0;
  /** When the thread was asked what it holds; undefined once it has said so. */
  #askedMs: number | undefined;
  #heldBytes = 0;
  /** Those at work in this process. */
  static readonly #all = new Set<ThreadWatch>();

  constructor(threads: () => readonly Worker[], progress: Int32Array, limits: ThreadLimits) {
    this.#threads = threads;
    this.#progress = progress;
    this.#limits = limits;
    this.#timer = setInterval(() => void this.#tick(), TICK_MS);
    ThreadWatch.#all.add(this);
  }

  /** Aborted when the thread is to end. */
  get signal(): AbortSignal {
    return this.#end.signal;
  }

  stop(): void {
    clearInterval(this.#timer);
    ThreadWatch.#all.delete(this);
  }

  /** Whether the thread that was told to end still runs. */
  async isStuck(): Promise<boolean> {
    const thread = this.#thread;
    if (this.verdict === undefined || thread === undefined) return false;
    const ended = new Promise<false>((resolve) => thread.once("exit", () => resolve(false)));
    return thread.threadId === -1 ? false : Promise.race([ended, sleep(STUCK_MS, true, { ref: false })]);
  }

  async #tick(): Promise<void> {
    const position = Atomics.load(this.#progress, 0);
    const nowMs = performance.now();
    if (position !== this.#position) {
      this.#position = position;
      this.#sinceMs = nowMs;
      return;
    }
    if (position === 0 || this.verdict !== undefined) return;
    if (nowMs - this.#sinceMs > this.#limits.timeoutS * 1000) this.#finish("timeout");
    this.#thread ??= this.#threads().find(({ threadId }) => threadId === this.#progress[1]);
    if (this.#askedMs === undefined) await this.#ask(nowMs);
    else if (nowMs - this.#askedMs > STUCK_MS) this.#judge(ThreadWatch.#unaccountedBytes());
  }

  /** V8's own limit comes late, is on the heap alone, and may take the process down: so the thread is asked from outside. */
  async #ask(nowMs: number): Promise<void> {
    this.#askedMs = nowMs;
    const heap = await this.#thread?.getHeapStatistics().catch(() => undefined);
    this.#askedMs = undefined;
    if (heap === undefined) return;
    this.#heldBytes = heap.used_heap_size + heap.external_memory;
    this.#judge(this.#heldBytes);
  }

  #judge(heldBytes: number): void {
    if (heldBytes > this.#limits.memoryMiB * 2 ** 20) this.#finish("memory");
  }

  /** What the process holds and no thread has answered for: a thread that does not answer has it, most likely. */
  static #unaccountedBytes(): number {
    let bytes = process.memoryUsage.rss() - BASE_MIB * 2 ** 20;
    for (const watch of ThreadWatch.#all) if (watch.#askedMs === undefined) bytes -= watch.#heldBytes;
    return bytes;
  }

  #finish(verdict: "timeout" | "memory"): void {
    this.verdict ??= verdict;
    this.#end.abort();
  }
}
