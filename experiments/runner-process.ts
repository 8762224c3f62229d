import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { FromRunner, RunnerSettings, ToRunner } from "./runner-messages.ts";
import { packed } from "./shared-buffers.ts";
import type { Outcome } from "./thread-work.ts";

/** How a batch ended. process: the whole process went, and nobody can say which of its items was to blame. */
export type BatchEnd =
  | { readonly how: "done" }
  | (Omit<Extract<FromRunner, { say: "lost" }>, "say" | "batch"> & { readonly how: "lost" })
  | { readonly how: "process"; readonly why: string };

interface Waiting {
  readonly onOutcome: (outcome: Outcome) => void;
  readonly onEnd: (end: BatchEnd) => void;
}

/**
 * How V8 runs the threads. A run's loop is one function with all that it calls, beyond what V8 inlines by itself: 7 % fewer
 * instructions an event. Each thread has a core of its own to do, so none is left that could collect beside it; and a short run
 * leaves little behind, so what it wrote is better looked through while it lies in the cache.
 */
const V8_FLAGS = [
  "--max-inlined-bytecode-size=1000",
  "--max-inlined-bytecode-size-cumulative=4000",
  "--single-threaded-gc",
  "--max-semi-space-size=8",
];

/** The runner's process as its parent sees it. */
export class RunnerProcess {
  readonly #child: ChildProcess;
  readonly #batches = new Map<number, Waiting>();
  readonly #sharedGroups = new Set<string>();
  #batchesSent = 0;
  #hasStarted = false;
  #gone: string | undefined;

  constructor(settings: RunnerSettings) {
    // Policies may print: that goes to stderr, because stdout is for results.
    this.#child = fork(fileURLToPath(new URL("./runner.ts", import.meta.url)), [JSON.stringify(settings)], {
      serialization: "advanced",
      stdio: ["ignore", 2, "pipe", "ipc"],
      execArgv: V8_FLAGS,
    });
    this.#child.on("message", (message: FromRunner) => this.#hear(message));
    this.#child.on("error", () => undefined);
    this.#child.on("exit", (code, signal) => this.#end(`the process ended (${signal ?? `exit code ${code}`})`));
    let isDying = false;
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      // V8's last words are for its developers; what happened is in the record of the cell.
      isDying ||= text.includes("<--- Last few GCs --->");
      if (!isDying) process.stderr.write(text);
    });
  }

  /** Whether it ever came so far as to take work. */
  get hasStarted(): boolean {
    return this.#hasStarted;
  }

  /** False once it has ended or was told to. */
  get isUp(): boolean {
    return this.#gone === undefined;
  }

  run(
    items: readonly unknown[],
    shared: ReadonlyMap<string, unknown>,
    onOutcome: (outcome: Outcome) => void,
  ): Promise<BatchEnd> {
    if (this.#gone !== undefined) return Promise.resolve({ how: "process", why: this.#gone });
    for (const [group, value] of shared) {
      if (this.#sharedGroups.has(group)) continue;
      this.#sharedGroups.add(group);
      this.#tell({ do: "share", group, packed: packed(value) });
    }
    const batch = this.#batchesSent++;
    return new Promise((onEnd) => {
      this.#batches.set(batch, { onOutcome, onEnd });
      this.#tell({ do: "run", batch, items, groups: [...shared.keys()] });
    });
  }

  kill(): void {
    this.#end("stopped");
    this.#child.kill("SIGKILL");
  }

  #tell(message: ToRunner): void {
    // A failure to send means that it is ending, which its exit tells.
    this.#child.send(message, () => undefined);
  }

  #hear(message: FromRunner): void {
    if (message.say === "ready") {
      this.#hasStarted = true;
      return;
    }
    const waiting = this.#batches.get(message.batch);
    if (waiting === undefined) return;
    if (message.say === "outcomes") {
      for (const outcome of message.outcomes) if (this.#batches.has(message.batch)) waiting.onOutcome(outcome);
      return;
    }
    this.#batches.delete(message.batch);
    waiting.onEnd(message.say === "done" ? { how: "done" } : { ...message, how: "lost" });
  }

  #end(why: string): void {
    this.#gone ??= why;
    for (const { onEnd } of this.#batches.values()) onEnd({ how: "process", why: this.#gone });
    this.#batches.clear();
  }
}
