import { MessageChannel, receiveMessageOnPort } from "node:worker_threads";
import { Piscina } from "piscina";
import type { FromRunner, RunnerSettings, ToRunner } from "./runner-messages.ts";
import { unpacked } from "./shared-buffers.ts";
import { ThreadWatch } from "./thread-watch.ts";
import type { Outcome, ThreadWork } from "./thread-work.ts";

// The process that holds the worker threads. It is one of its own because a thread can take its process down: V8 aborts when
// a heap is full inside a built-in function, and cannot interrupt a loop that calls nothing else.

const settings = JSON.parse(process.argv[2]!) as RunnerSettings;
const tell = (message: FromRunner): void => void process.send?.(message);

// The command line decides what an interrupt means, and takes this process with it when it goes.
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => undefined);
process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));

const pool = new Piscina({
  filename: settings.worker,
  name: "runBatch",
  minThreads: settings.threads,
  maxThreads: settings.threads,
  idleTimeout: Infinity,
  recordTiming: false,
  // Beyond what ThreadWatch allows, because V8 grows slow near its limit and then may abort.
  resourceLimits: { maxOldGenerationSizeMb: 2 * settings.memoryMiB },
});
// A thread that dies between two batches, of a timer that an item left behind: the next batch gets a new one.
pool.on("error", () => undefined);
const shared = new Map<string, unknown>();

process.on("message", (message: ToRunner) => {
  if (message.do === "share") shared.set(message.group, unpacked(message.packed));
  else void runBatch(message);
});
// A worker module that does not load ends this process here, where it can be told from an item that does.
await import(settings.worker);
tell({ say: "ready" });

async function runBatch({ batch, items, groups }: Extract<ToRunner, { do: "run" }>): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  const progress = new Int32Array(new SharedArrayBuffer(8));
  const done = new Set<number>();
  const take = (outcomes: readonly Outcome[]): void => {
    for (const { position } of outcomes) done.add(position);
    tell({ say: "outcomes", batch, outcomes });
  };
  port1.on("message", take);
  const watch = new ThreadWatch(() => pool.threads, progress, settings);
  const work: ThreadWork = {
    items,
    shared: new Map(groups.map((group) => [group, shared.get(group)])),
    progress,
    port: port2,
  };
  let death: unknown;
  try {
    await pool.run(work, { transferList: [port2], signal: watch.signal });
  } catch (error) {
    death = error ?? new Error("the thread ended");
  }
  watch.stop();
  for (let left = receiveMessageOnPort(port1); left !== undefined; left = receiveMessageOnPort(port1)) {
    take(left.message as readonly Outcome[]);
  }
  port1.close();
  if (death === undefined) {
    tell({ say: "done", batch });
    return;
  }
  // The item it was at; none if it died between two, or before the first.
  const position = progress[0]! - 1;
  const { code, message } = death as NodeJS.ErrnoException;
  tell({
    say: "lost",
    batch,
    position: done.has(position) ? undefined : position,
    cause: watch.verdict ?? (code === "ERR_WORKER_OUT_OF_MEMORY" ? "memory" : "ended"),
    why: message,
    isStuck: await watch.isStuck(),
  });
}
