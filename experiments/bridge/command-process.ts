import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from "node:worker_threads";
import { ForeignPolicyError } from "./foreign-policy-error.ts";

export type CommandCall =
  | {
      readonly do: "start";
      readonly id: number;
      readonly command: readonly string[];
      readonly folder: string;
      readonly env: Readonly<Record<string, string>>;
    }
  | { readonly do: "ask"; readonly id: number; readonly line: string; readonly limitMs: number }
  | { readonly do: "end"; readonly id: number };

/** A line of the process, or that there will be none any more. */
export type CommandReply =
  | { readonly line: string }
  | { readonly end: string /** The end of what it wrote to standard error. */; readonly words: string };

export interface CommandThreadData {
  readonly port: MessagePort;
  /** 1 once a reply has been posted. */
  readonly answered: Int32Array;
}

/**
 * A process that answers each line it is sent by one line, as a synchronous function: the caller's thread sleeps (Atomics.wait) while
 * a thread of its own, one for all processes of a caller, writes, reads and keeps the time. Decision 0013.
 */
export class CommandProcess {
  static #thread: CommandThread | undefined;
  static #started = 0;
  readonly #id = CommandProcess.#started++;
  readonly #owner: CommandThread;
  readonly #folder: string;

  /** A command that cannot be started is told at the first `ask`. @param folder that it runs in. @param env beside this process's own. */
  constructor(command: readonly string[], folder: string, env: Readonly<Record<string, string>> = {}) {
    CommandProcess.#thread ??= new CommandThread();
    this.#owner = CommandProcess.#thread;
    this.#folder = folder;
    this.#owner.call({ do: "start", id: this.#id, command, folder, env });
  }

  /** @throws ForeignPolicyError when no line comes within the limit; the process is ended then. */
  ask(line: string, limitS: number): string {
    const reply = this.#owner.call({ do: "ask", id: this.#id, line, limitMs: limitS * 1000 });
    if ("line" in reply) return reply.line;
    // The same on every machine, since it goes into the record.
    const words = reply.words.replaceAll(`${this.#folder}/`, "").trimEnd();
    const last = words.slice(words.lastIndexOf("\n") + 1).trim();
    throw new ForeignPolicyError(`${reply.end}${last === "" ? "" : `; its last words: ${last}`}`, words);
  }

  end(): void {
    this.#owner.call({ do: "end", id: this.#id });
  }
}

class CommandThread {
  readonly #port: MessagePort;
  readonly #answered = new Int32Array(new SharedArrayBuffer(4));

  constructor() {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    const workerData: CommandThreadData = { port: port2, answered: this.#answered };
    const thread = new Worker(new URL("./command-thread.ts", import.meta.url), {
      workerData,
      transferList: [port2],
      execArgv: [],
    });
    // Neither keeps the caller alive.
    thread.unref();
    port1.unref();
  }

  call(call: CommandCall): CommandReply {
    Atomics.store(this.#answered, 0, 0);
    this.#port.postMessage(call);
    Atomics.wait(this.#answered, 0, 0);
    return receiveMessageOnPort(this.#port)!.message as CommandReply;
  }
}
