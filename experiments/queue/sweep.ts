import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { Queue } from "bullmq";
import type { Redis } from "ioredis";
import { BatchQueue } from "../batch-queue.ts";
import type { CellOutcome } from "../cell-task.ts";
import type { ComputeOptions } from "../compute.ts";
import type { Cell } from "../grid.ts";
import type { PreparedStudy } from "../prepared-study.ts";
import {
  type Announcement,
  type CellsDone,
  type CellsJob,
  codeOf,
  GONE_MS,
  keys,
  LOST_MAX,
  namesOf,
  SAY_MS,
  tableText,
} from "./messages.ts";
import { connected, PREFIX } from "./redis.ts";

export interface QueueOptions extends ComputeOptions {
  readonly url: string;
  /** Told once for each cell, in no order. */
  readonly told: (cell: Cell, outcome: CellOutcome, wallMs: number) => void;
  readonly notice: (text: string) => void;
}

/**
 * Runs cells on whatever workers listen to a Redis (`npm run worker`). Each is told once, however often it was run: of a worker that
 * was lost, its cells run again elsewhere; of a Redis that was lost, all that it held is put there again.
 * @throws QueueError when there is no Redis to begin with.
 */
export async function computeOnQueue(
  cells: readonly Cell[],
  prepared: PreparedStudy,
  options: QueueOptions,
): Promise<void> {
  if (cells.length === 0) return;
  const sweep = new Sweep(cells, prepared, options, await announcementOf(cells, prepared, options));
  await sweep.run();
}

async function announcementOf(
  cells: readonly Cell[],
  { loaded, code, versions }: PreparedStudy,
  { timeoutS, memoryMiB }: QueueOptions,
): Promise<Announcement> {
  const scenarios = new Map<string, Announcement["scenarios"][number]>();
  for (const { spec } of cells) {
    const [names, { closureDigest }] = [namesOf(spec.policy), spec];
    scenarios.set(codeOf(names, closureDigest), { names, closureDigest });
  }
  return {
    id: randomUUID(),
    study: loaded.name,
    versions,
    generator: await code.generator(),
    scenarios: [...scenarios.values()],
    timeoutS,
    memoryMiB,
  };
}

/** How often is looked for what has come back. */
const POLL_MS = 100;
/** Jobs that wait for each thread, so that none is idle; and in all, while nobody is known to listen. */
const AHEAD = { perThread: 4, least: 32 };

interface Job {
  readonly positions: readonly number[];
  readonly data: CellsJob;
}

class Sweep {
  readonly #cells: readonly Cell[];
  readonly #prepared: PreparedStudy;
  readonly #options: QueueOptions;
  readonly #announcement: Announcement;
  readonly #batches: BatchQueue;
  /** In Redis, or to be: by the name of the job. */
  readonly #jobs = new Map<string, Job>();
  readonly #tablesSent = new Set<string>();
  readonly #refusals = new Set<string>();
  #named = 0;
  #told = 0;
  #threads = 0;
  #workers = -1;
  #saidMs = Number.NEGATIVE_INFINITY;
  /** A connection came back: what was sent before may be gone. */
  #isDoubtful = false;

  constructor(cells: readonly Cell[], prepared: PreparedStudy, options: QueueOptions, announcement: Announcement) {
    this.#cells = cells;
    this.#prepared = prepared;
    this.#options = options;
    this.#announcement = announcement;
    this.#batches = new BatchQueue(
      cells.map(({ table, spec }) => ({ group: table, kind: spec.policyId })),
      16,
    );
  }

  async run(): Promise<void> {
    const { url, signal, notice } = this.#options;
    const redis = await connected(url, (isThere) => {
      notice(isThere ? "Redis is back" : "Redis is lost; waiting for it");
      this.#isDoubtful ||= isThere;
    });
    const queue = new Queue<CellsJob, CellsDone>(keys.queue(this.#announcement.id), {
      connection: redis,
      prefix: PREFIX,
    });
    queue.on("error", () => undefined);
    const stopped = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    try {
      await sweepAway(redis);
      while (this.#told < this.#cells.length && !signal.aborted) {
        // Commands wait for a Redis that is lost; an interrupt does not.
        await Promise.race([this.#turn(redis, queue), stopped]);
        await sleep(POLL_MS);
      }
      await Promise.race([obliterate(redis, queue, this.#announcement.id), sleep(2000, undefined, { ref: false })]);
    } finally {
      await queue.close().catch(() => undefined);
      redis.disconnect();
    }
  }

  async #turn(redis: Redis, queue: Queue<CellsJob, CellsDone>): Promise<void> {
    await this.#say(redis);
    if (this.#isDoubtful) {
      this.#isDoubtful = false;
      this.#tablesSent.clear();
      await this.#send(redis, queue, [...this.#jobs]);
    }
    const lacking = Math.max(AHEAD.least, AHEAD.perThread * this.#threads) - this.#jobs.size;
    await this.#send(redis, queue, this.#next(lacking));
    for (const job of await queue.getCompleted(0, 999)) {
      this.#take(job.id!, job.returnvalue);
      await job.remove();
    }
    for (const job of await queue.getFailed(0, 999)) {
      this.#giveUp(job.id!, job.failedReason);
      await job.remove();
    }
  }

  /** A job that is there already stays as it is. */
  async #send(
    redis: Redis,
    queue: Queue<CellsJob, CellsDone>,
    jobs: readonly (readonly [string, Job])[],
  ): Promise<void> {
    if (jobs.length === 0) return;
    for (const table of new Set(jobs.flatMap(([, { data }]) => data.cells.map((cell) => cell.table)))) {
      if (this.#tablesSent.has(table)) continue;
      await redis.hset(keys.tables(this.#announcement.id), table, tableText(this.#prepared.grid.tables.get(table)!));
      this.#tablesSent.add(table);
    }
    await queue.addBulk(jobs.map(([jobId, { data }]) => ({ name: "cells", data, opts: { jobId } })));
  }

  #next(lacking: number): (readonly [string, Job])[] {
    const jobs: (readonly [string, Job])[] = [];
    while (jobs.length < lacking) {
      const positions = this.#batches.next();
      if (positions === undefined) break;
      const cells = positions.map((at) => {
        const { key, spec, table } = this.#cells[at]!;
        return { key, spec, table };
      });
      // Letters, since BullMQ takes a whole number for one of its own.
      jobs.push([`job-${this.#named++}`, { positions, data: { cells } }]);
    }
    for (const [id, job] of jobs) this.#jobs.set(id, job);
    return jobs;
  }

  /** What came back, once: a job that was run twice, or that a Redis of yesterday remembers, has been told already. */
  #take(id: string, done: CellsDone): void {
    const job = this.#jobs.get(id);
    if (job === undefined) return;
    const isOfThese = Array.isArray(done) && job.data.cells.every(({ key }, i) => done[i]?.key === key);
    if (!isOfThese) {
      this.#giveUp(id, "what came back is not of its cells");
      return;
    }
    this.#jobs.delete(id);
    for (const [i, position] of job.positions.entries()) {
      const { wallMs, outcome } = done[i]!;
      if (outcome.ok) this.#batches.learn(position, wallMs);
      this.#tell(position, outcome, wallMs);
    }
  }

  /** Some worker, or several, died with it: its cells go on one by one, to find the one that does it. */
  #giveUp(id: string, why: string): void {
    const job = this.#jobs.get(id);
    if (job === undefined) return;
    this.#jobs.delete(id);
    if (job.positions.length > 1) for (const position of job.positions) this.#batches.putBack([position]);
    else this.#tell(job.positions[0]!, { ok: false, error: failure(why), stack: "" }, 0);
  }

  #tell(position: number, outcome: CellOutcome, wallMs: number): void {
    this.#told++;
    this.#options.told(this.#cells[position]!, outcome, wallMs);
  }

  /** That the sweep is there; and hears who works on it, and who will not. */
  async #say(redis: Redis): Promise<void> {
    if (performance.now() - this.#saidMs < SAY_MS) return;
    this.#saidMs = performance.now();
    const { id } = this.#announcement;
    await redis.set(keys.sweep(id), JSON.stringify(this.#announcement), "PX", GONE_MS);
    await redis.sadd(keys.sweeps, id);
    const known = await redis.smembers(keys.workers(id));
    const threads = known.length === 0 ? [] : await redis.mget(known.map((worker) => keys.worker(id, worker)));
    const there = threads.filter((count) => count !== null).map(Number);
    this.#threads = there.reduce((sum, count) => sum + count, 0);
    if (there.length !== this.#workers) {
      this.#workers = there.length;
      this.#options.notice(
        there.length === 0
          ? "no worker takes part yet; start some: npm run worker -- --queue URL"
          : `${there.length} worker${there.length === 1 ? "" : "s"} with ${this.#threads} threads`,
      );
    }
    for (const refusal of await redis.smembers(keys.refusals(id))) {
      if (!this.#refusals.has(refusal)) this.#options.notice(`refused by worker ${refusal}`);
      this.#refusals.add(refusal);
    }
  }
}

const failure = (why: string): string =>
  why.includes("stalled") ? `took its worker down ${LOST_MAX + 1} times` : `could not be run by a worker: ${why}`;

async function obliterate(redis: Redis, queue: Queue, id: string): Promise<void> {
  await redis.srem(keys.sweeps, id);
  await redis.del(keys.sweep(id), keys.tables(id), keys.workers(id), keys.refusals(id));
  await queue.obliterate({ force: true });
}

/** What sweeps have left that were killed. One that was only cut off puts everything there again. */
async function sweepAway(redis: Redis): Promise<void> {
  for (const id of await redis.smembers(keys.sweeps)) {
    if ((await redis.exists(keys.sweep(id))) === 1) continue;
    const queue = new Queue(keys.queue(id), { connection: redis, prefix: PREFIX });
    await obliterate(redis, queue, id);
    await queue.close();
  }
}
