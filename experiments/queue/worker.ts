import { availableParallelism, hostname } from "node:os";
import { resolve, sep } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "bullmq";
import type { Redis } from "ioredis";
import type { CellOutcome, CellTask } from "../cell-task.ts";
import { CodeDigests } from "../closure.ts";
import { computeCells } from "../compute.ts";
import { digestOf } from "../digest.ts";
import { ImportError } from "../import-graph.ts";
import { OWN_FILE } from "../own-policy.ts";
import { RunnerProcess } from "../runner-process.ts";
import { sourceDigest, type TableSource } from "../tables.ts";
import {
  type Announcement,
  type CellsDone,
  type CellsJob,
  codeOf,
  GONE_MS,
  keys,
  LOST_MAX,
  namesOf,
  parsedAnnouncement,
  SAY_MS,
  type ScenarioNames,
  tableOfText,
} from "./messages.ts";
import { connected, PREFIX } from "./redis.ts";

export interface WorkerOptions {
  readonly url: string;
  readonly threads: number;
  /** Of the workbench. */
  readonly root: string;
  /** Where policies in files of the user's own lie; no other file is run. */
  readonly studyFolder: string;
  readonly version: string;
  readonly signal: AbortSignal;
  readonly notice: (text: string) => void;
}

export const threadsDefault = availableParallelism;

/** Works on every sweep that is announced and whose code is this tree's own, until it is told to stop. @throws QueueError */
export async function work(options: WorkerOptions): Promise<void> {
  const { url, signal, notice } = options;
  const redis = await connected(url, (isThere) => notice(isThere ? "Redis is back" : "Redis is lost; waiting for it"));
  const joined = new Map<string, SweepWork>();
  const refused = new Set<string>();
  const stopped = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  const turn = async (): Promise<void> => {
    const there = new Map<string, Announcement>();
    for (const id of await redis.smembers(keys.sweeps)) {
      const announced = parsedAnnouncement((await redis.get(keys.sweep(id))) ?? "");
      if (announced?.id === id) there.set(id, announced);
    }
    for (const [id, sweep] of joined) {
      if (there.has(id)) await sweep.say();
      else {
        joined.delete(id);
        notice(`sweep ${sweep.study} has ended; ${sweep.cells} cells were run here`);
        void sweep.close();
      }
    }
    for (const [id, announced] of there) {
      if (joined.has(id) || refused.has(id)) continue;
      const why = await refusal(announced, options);
      if (why === undefined) {
        joined.set(id, new SweepWork(announced, redis, options));
        notice(`sweep ${announced.study}: takes part with ${options.threads} threads`);
      } else {
        refused.add(id);
        notice(`sweep ${announced.study}: refused; ${why}`);
        await redis.sadd(keys.refusals(id), `${hostname()}: ${why}`);
      }
    }
  };
  try {
    while (!signal.aborted) {
      await Promise.race([turn(), stopped]);
      await Promise.race([sleep(SAY_MS / 2), stopped]);
    }
  } finally {
    await Promise.all([...joined.values()].map((sweep) => sweep.close()));
    redis.disconnect();
  }
}

/** Why this worker may not take part: what of its own differs from what the sweep runs; undefined where nothing does. */
export async function refusal(
  { versions, generator, scenarios }: Announcement,
  { root, studyFolder, version }: Pick<WorkerOptions, "root" | "studyFolder" | "version">,
): Promise<string | undefined> {
  const differs = (what: string, theirs: string, ours: string): string =>
    `${what} is ${ours} here and ${theirs} there; use the same checkout and Node on both`;
  if (versions.node !== process.versions.node) return differs("Node", versions.node, process.versions.node);
  if (versions.engine !== version) return differs("the workbench", versions.engine, version);
  // Made anew: the tree may have changed since the last sweep.
  const code = new CodeDigests(root, studyFolder);
  const ours = await code.generator();
  if (generator !== ours) return differs("the digest of the generator", generator.slice(0, 12), ours.slice(0, 12));
  const engine = await code.engine();
  for (const { names, closureDigest } of scenarios) {
    const { scheduling } = names;
    if (isForeign(names, studyFolder)) {
      return `it names ${JSON.stringify(scheduling)}, which is no policy in the folder of studies; copy the file there, or say --studies FOLDER`;
    }
    try {
      const own = digestOf({ engine, policy: await code.scenario(names) });
      if (own === closureDigest) continue;
      return differs(`the digest of the code of ${scheduling}`, closureDigest.slice(0, 12), own.slice(0, 12));
    } catch (error) {
      if (error instanceof ImportError) return `${scheduling} is not in this tree; use the same checkout on both`;
      throw error;
    }
  }
  return undefined;
}

/** A name from elsewhere leads to a listed policy, or to a file below the folder of studies; to nothing else on this machine. */
function isForeign({ scheduling, wrappers, assignment }: ScenarioNames, studyFolder: string): boolean {
  const isListed = (name: string) => /^[a-z\d-]+$/.test(name);
  const folder = resolve(studyFolder);
  const isOwn = OWN_FILE.test(scheduling) && resolve(folder, scheduling).startsWith(folder + sep);
  return !((isListed(scheduling) || isOwn) && [...wrappers.map(({ name }) => name), assignment].every(isListed));
}

/** A job's lock is renewed every half of this; a job whose lock is not has stalled, and goes to another worker. */
const LOCK_MS = 10_000;

/** One sweep's cells on this machine. Cells run in a process of their own, so that nothing keeps the locks from being renewed. */
class SweepWork {
  cells = 0;
  readonly #announced: Announcement;
  readonly #redis: Redis;
  readonly #options: WorkerOptions;
  readonly #worker: Worker<CellsJob, CellsDone>;
  readonly #code: ReadonlySet<string>;
  readonly #tables = new Map<string, TableSource>();
  readonly #name = `${hostname()}-${process.pid}`;
  #runner: RunnerProcess;

  constructor(announced: Announcement, redis: Redis, options: WorkerOptions) {
    this.#announced = announced;
    this.#redis = redis;
    this.#options = options;
    this.#code = new Set(announced.scenarios.map(({ names, closureDigest }) => codeOf(names, closureDigest)));
    this.#runner = this.#start();
    this.#worker = new Worker(keys.queue(announced.id), async ({ data }) => this.#run(data), {
      connection: redis,
      prefix: PREFIX,
      concurrency: options.threads,
      lockDuration: LOCK_MS,
      stalledInterval: LOCK_MS / 2,
      maxStalledCount: LOST_MAX,
    });
    this.#worker.on("error", () => undefined);
    void this.say();
  }

  get study(): string {
    return this.#announced.study;
  }

  /** That it takes part. */
  async say(): Promise<void> {
    const { id } = this.#announced;
    await this.#redis.sadd(keys.workers(id), this.#name);
    await this.#redis.set(keys.worker(id, this.#name), this.#options.threads, "PX", GONE_MS);
  }

  /** After the jobs at work. */
  async close(): Promise<void> {
    await this.#worker.close();
    this.#runner.kill();
    await this.#redis.del(keys.worker(this.#announced.id, this.#name)).catch(() => undefined);
  }

  async #run({ cells }: CellsJob): Promise<CellsDone> {
    const { versions, timeoutS, memoryMiB } = this.#announced;
    const { studyFolder } = this.#options;
    for (const { key, spec, table } of cells) {
      if (!this.#code.has(codeOf(namesOf(spec.policy), spec.closureDigest))) {
        throw new Error("names code that the sweep has not announced");
      }
      if (digestOf({ spec, versions, table }) !== key) throw new Error(`is not what its key ${key} says`);
      if (!this.#tables.has(table)) this.#tables.set(table, await this.#table(table));
    }
    const done = new Map<string, CellsDone[number]>();
    const shared = new Map(cells.map(({ table }) => [table, this.#tables.get(table)!]));
    const items = cells.map(({ spec, table }): CellTask => ({ spec, group: table, studyFolder, traced: false }));
    if (!this.#runner.isUp) this.#runner = this.#start();
    await this.#runner.run(items, shared, ({ position, wallMs, result }) => {
      const { key } = cells[position]!;
      done.set(key, { key, wallMs, outcome: result as CellOutcome });
    });
    // Where a thread or the process went, what is left is run with nothing beside it, so that each cell that does it fails alone.
    const left = cells.filter(({ key }) => !done.has(key));
    const alone = { studyFolder, jobs: 1, timeoutS, memoryMiB, signal: new AbortController().signal };
    await computeCells(left, shared, alone, ({ key }, outcome, wallMs) => {
      done.set(key, { key, wallMs, outcome });
    });
    this.cells += cells.length;
    return cells.map(({ key }) => done.get(key)!);
  }

  /** @throws Error for what does not come to its digest. */
  async #table(table: string): Promise<TableSource> {
    const text = await this.#redis.hget(keys.tables(this.#announced.id), table);
    if (text === null) throw new Error(`its table ${table} is not there`);
    const source = tableOfText(text);
    const digest = sourceDigest(source);
    const own = source.kind === "columns" ? digest : digestOf([digest, this.#announced.generator]);
    if (own !== table) throw new Error(`its table does not come to the digest ${table}`);
    return source;
  }

  #start(): RunnerProcess {
    const { timeoutS, memoryMiB } = this.#announced;
    const worker = new URL("../worker.ts", import.meta.url).href;
    return new RunnerProcess({ worker, threads: this.#options.threads, timeoutS, memoryMiB });
  }
}
