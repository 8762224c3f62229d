import { type ChildProcess, spawn } from "node:child_process";
import { writeSync } from "node:fs";
import { type MessagePort, workerData } from "node:worker_threads";
import type { CommandCall, CommandReply, CommandThreadData } from "./command-process.ts";

// Owns the processes of foreign policies, so that the thread that simulates may wait for an answer without a loop of its own.

const { port, answered } = workerData as CommandThreadData;
/** Enough of what a process said before it ended to know why. */
const WORDS_MAX = 4_000;
const LINE_MAX = 2 ** 26;
/** What a process started may keep its pipes open when it is gone itself. */
const CLOSE_MS = 500;

class Command {
  readonly #child: ChildProcess;
  #buffer = "";
  #words = "";
  #end: string | undefined;
  #waiting: ((reply: CommandReply) => void) | undefined;

  constructor(command: readonly string[], folder: string, env: Readonly<Record<string, string>>) {
    const [file, ...args] = command as [string, ...string[]];
    this.#child = spawn(file, args, { cwd: folder, env: { ...process.env, ...env }, stdio: "pipe", windowsHide: true });
    this.#child.on("error", ({ code, message }: NodeJS.ErrnoException) =>
      this.#gone(`${file} cannot be started (${code ?? message})`),
    );
    this.#child.on("exit", (code, signal) => {
      const end = `it ended (${signal ?? `exit code ${code}`})`;
      this.#child.once("close", () => this.#gone(end));
      setTimeout(() => this.#gone(end), CLOSE_MS);
    });
    // It ended before it read the line: its end tells.
    this.#child.stdin?.on("error", () => undefined);
    this.#child.stdout?.setEncoding("utf8").on("data", (text: string) => this.#hear(text));
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#words = (this.#words + text).slice(-WORDS_MAX);
      writeSync(2, text);
    });
  }

  /** Its answer to a line, or why there is none. */
  ask(line: string, limitMs: number): Promise<CommandReply> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#gone(`it has not answered within ${limitMs / 1000} s`);
        this.kill();
      }, limitMs);
      this.#waiting = (reply) => {
        clearTimeout(timer);
        this.#waiting = undefined;
        resolve(reply);
      };
      if (this.#end !== undefined) return this.#gone(this.#end);
      if (this.#buffer !== "") {
        return this.#gone(`it wrote ${JSON.stringify(this.#buffer.slice(0, 60))} before it was asked`);
      }
      this.#child.stdin?.write(`${line}\n`);
    });
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  #hear(text: string): void {
    this.#buffer += text;
    const end = this.#buffer.indexOf("\n");
    if (end < 0) {
      if (this.#buffer.length > LINE_MAX) this.#gone(`its answer is longer than ${LINE_MAX / 2 ** 20} MiB`);
      return;
    }
    if (this.#waiting === undefined) return;
    const line = this.#buffer.slice(0, end);
    this.#buffer = this.#buffer.slice(end + 1);
    this.#waiting({ line });
  }

  #gone(end: string): void {
    this.#end ??= end;
    this.#waiting?.({ end: this.#end, words: this.#words });
  }
}

const commands = new Map<number, Command>();

async function carriedOut(call: CommandCall): Promise<CommandReply> {
  const command = commands.get(call.id);
  switch (call.do) {
    case "start":
      commands.set(call.id, new Command(call.command, call.folder, call.env));
      return { line: "" };
    case "ask":
      return command!.ask(call.line, call.limitMs);
    case "end":
      commands.delete(call.id);
      command?.kill();
      return { line: "" };
  }
}

(port as MessagePort).on("message", (call: CommandCall) => {
  void carriedOut(call).then((reply) => {
    port.postMessage(reply);
    Atomics.store(answered, 0, 1);
    Atomics.notify(answered, 0);
  });
});
