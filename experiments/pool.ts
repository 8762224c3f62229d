import { BatchQueue } from "./batch-queue.ts";
import type { RunnerSettings } from "./runner-messages.ts";
import { type BatchEnd, RunnerProcess } from "./runner-process.ts";

/** One piece of work for a worker thread. */
export interface PoolItem<Item> {
  readonly item: Item;
  /** Items of one group share a value, and stay together where that costs little. */
  readonly group: string;
  /** Items of one kind take about as long. */
  readonly kind: string;
}

export interface PoolOptions<Result> extends Omit<RunnerSettings, "worker"> {
  /** A module that exports `runBatch(work)`. */
  readonly worker: URL;
  /** What the items of a group share; shared buffers in it are shared by all threads. */
  readonly sharedBy?: (group: string) => unknown;
  /** Stops: what is done has been told, what is under way is lost. */
  readonly signal?: AbortSignal;
  /** Told once for each item, in no order. */
  readonly onDone: (index: number, result: Result, wallMs: number) => void;
  readonly onFailed: (index: number, why: string) => void;
}

/**
 * Runs items on worker threads in batches, each item isolated from the others: one that hangs, takes its thread down, or even
 * the process that holds the threads, fails alone, and what was under way beside it is run again.
 * @throws Error if threads end before they have begun anything, which is a defect of the worker module.
 */
export async function runOnPool<Item, Result>(
  items: readonly PoolItem<Item>[],
  options: PoolOptions<Result>,
): Promise<void> {
  if (items.length > 0) await new Pool(items, options).run();
}

/** Threads that may end one after the other without having begun an item. */
const DEATHS_MAX = 3;

class Pool<Item, Result> {
  readonly #items: readonly PoolItem<Item>[];
  readonly #options: PoolOptions<Result>;
  readonly #queue: BatchQueue;
  readonly #told = new Set<number>();
  /** Items that may have taken a process down: each is tried once more with nothing beside it. */
  readonly #suspects: number[] = [];
  #runner: RunnerProcess | undefined;
  #deaths = 0;
  /** What the caller threw when it was told of a result. */
  #broken: { readonly error: unknown } | undefined;

  constructor(items: readonly PoolItem<Item>[], options: PoolOptions<Result>) {
    this.#items = items;
    this.#options = options;
    this.#queue = new BatchQueue(items, options.threads);
  }

  async run(): Promise<void> {
    const { signal } = this.#options;
    const stop = (): void => this.#runner?.kill();
    signal?.addEventListener("abort", stop, { once: true });
    try {
      while (this.#told.size < this.#items.length && !signal?.aborted && this.#broken === undefined) {
        const suspect = this.#suspects.shift();
        if (suspect === undefined) await this.#runMany();
        else await this.#runAlone(suspect);
      }
    } finally {
      signal?.removeEventListener("abort", stop);
      this.#runner?.kill();
    }
    if (this.#broken !== undefined) throw this.#broken.error;
  }

  /** Until all is handed out, or the process has to be replaced. */
  async #runMany(): Promise<void> {
    const threads = Math.max(1, Math.min(this.#options.threads, this.#items.length - this.#told.size));
    const runner = this.#start(threads);
    const lane = async (): Promise<void> => {
      while (runner.isUp) {
        const batch = this.#queue.next();
        if (batch === undefined) return;
        const end = await this.#runBatch(runner, batch);
        if (end.how === "lost") this.#judge(batch, end, runner);
        if (end.how === "process") this.#suspect(batch, end.why, runner);
      }
    };
    await Promise.all(Array.from({ length: threads }, lane));
    runner.kill();
  }

  async #runAlone(index: number): Promise<void> {
    const runner = this.#start(1);
    const end = await this.#runBatch(runner, [index]);
    runner.kill();
    if (this.#told.has(index) || this.#options.signal?.aborted) return;
    if (end.how === "process") this.#fail(index, this.#died(end.why));
    else if (end.how === "lost" && end.position !== undefined && end.position >= 0)
      this.#fail(index, this.#causeOf(end));
    else this.#suspects.push(index);
  }

  async #runBatch(runner: RunnerProcess, batch: readonly number[]): Promise<BatchEnd> {
    const groups = new Set(batch.map((index) => this.#items[index]!.group));
    const shared = new Map([...groups].map((group) => [group, this.#options.sharedBy?.(group)]));
    const items = batch.map((index) => this.#items[index]!.item);
    return runner.run(items, shared, ({ position, wallMs, result }) => {
      const index = batch[position]!;
      this.#deaths = 0;
      this.#told.add(index);
      this.#queue.learn(index, wallMs);
      try {
        this.#options.onDone(index, result as Result, wallMs);
      } catch (error) {
        // A full disk, say: thrown here it would be nobody's, so `run` throws it.
        this.#broken ??= { error };
        runner.kill();
      }
    });
  }

  /** A thread is gone: the item it was at is to blame, what stood behind it begins anew. */
  #judge(batch: readonly number[], end: Extract<BatchEnd, { how: "lost" }>, runner: RunnerProcess): void {
    if (end.isStuck) runner.kill();
    const left = batch.filter((index) => !this.#told.has(index));
    const index = end.position === undefined ? undefined : batch[end.position];
    if (end.position === -1) {
      this.#deaths++;
      if (this.#deaths === DEATHS_MAX) throw new Error(`the worker threads do not start: ${end.why}`);
    }
    this.#queue.putBack(left.filter((each) => each !== index));
    if (index === undefined) return;
    // Only time is measured from the item's own start; memory may have been filled by those before it in the same thread.
    if (end.cause === "timeout") this.#fail(index, this.#causeOf(end));
    else this.#suspects.push(index);
  }

  /** The process is gone: the first item of each batch that has not answered may have done it. */
  #suspect(batch: readonly number[], why: string, runner: RunnerProcess): void {
    if (this.#options.signal?.aborted || this.#broken !== undefined) return;
    if (!runner.hasStarted) throw new Error(`the worker threads do not start: ${why}`);
    const [first, ...rest] = batch.filter((index) => !this.#told.has(index));
    if (first !== undefined) this.#suspects.push(first);
    this.#queue.putBack(rest);
  }

  #start(threads: number): RunnerProcess {
    const { worker, timeoutS, memoryMiB } = this.#options;
    this.#runner = new RunnerProcess({ worker: worker.href, threads, timeoutS, memoryMiB });
    return this.#runner;
  }

  #fail(index: number, why: string): void {
    this.#told.add(index);
    this.#options.onFailed(index, why);
  }

  #causeOf({ cause, why }: Extract<BatchEnd, { how: "lost" }>): string {
    const { timeoutS, memoryMiB } = this.#options;
    if (cause === "timeout") return `took longer than ${timeoutS} s`;
    return cause === "memory" ? `needed more than ${memoryMiB} MiB of memory` : `ended its thread: ${why}`;
  }

  /** V8 ends the process by SIGABRT or SIGTRAP when a heap is full, the system by SIGKILL when memory is. */
  #died(why: string): string {
    return /SIG(ABRT|TRAP|KILL|ILL)/.test(why)
      ? `needed more than ${this.#options.memoryMiB} MiB of memory`
      : `ended its process: ${why}`;
  }
}
