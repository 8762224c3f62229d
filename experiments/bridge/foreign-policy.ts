import type { Policy, PolicySpec } from "../../policies/contract/policy.ts";
import type { Json } from "../../policies/contract/units.ts";
import { carryOut } from "./carry-out.ts";
import { CommandProcess } from "./command-process.ts";
import { ForeignPolicyError } from "./foreign-policy-error.ts";
import { askAnswer, type Hello, helloAnswer, LINE_S_MAX, PROTOCOL } from "./protocol.ts";
import { viewData } from "./view-data.ts";

export interface ForeignCommand {
  readonly name: string;
  readonly command: readonly string[];
  /** That it runs in: the study's. */
  readonly folder: string;
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * A policy in another language as any other: its process is started for a run, keeps nothing that counts between two asks, since its
 * memory is the host's, and is ended by `end`. As slow as a line of JSON there and back.
 */
export class ForeignPolicy {
  readonly spec: PolicySpec<Json, { value: Json }>;
  /** What runs it, once it has said so. */
  runtime: string | undefined = undefined;
  readonly #of: ForeignCommand;
  readonly #lineSMax: number;
  #process: CommandProcess | undefined;
  #hello: Hello;
  #asks = 0;

  /** @param lineSMax how long it may think over one line. */
  constructor(of: ForeignCommand, lineSMax = LINE_S_MAX) {
    this.#of = of;
    this.#lineSMax = lineSMax;
    this.#hello = { workbench: PROTOCOL, params: {}, luck: 0, lineSMax };
    this.spec = {
      name: of.name,
      summary: "A policy in another language, which runs in a process of its own.",
      source: of.command.join(" "),
      workloads: ["tasks", "deadline-job", "serving"],
      // It knows its parameters itself.
      params: { parse: (input) => input as Json },
      memory: (params, luck) => {
        this.#hello = { ...this.#hello, params, luck: luck("bridge") };
        return { value: this.#started().memory };
      },
      create: (params) => this.#created(params),
    };
  }

  end(): void {
    this.#process?.end();
    this.#process = undefined;
    this.#asks = 0;
  }

  /** Nothing of an earlier policy outlives it, as nothing of a closure would. */
  #created(params: Json): Policy<{ value: Json }> {
    if (this.#asks > 0) this.end();
    this.#hello = { ...this.#hello, params };
    return {
      decide: (view, act, memory) => {
        if (this.#process === undefined) this.#started();
        const ask = ++this.#asks;
        const { data, known } = viewData(view);
        try {
          const answer = askAnswer(this.#answer({ ask, view: data, memory: memory.value }), ask);
          carryOut(answer.actions, view, known, act);
          memory.value = answer.memory;
        } catch (error) {
          throw this.#named(error, `at ${view.nowS} s, `);
        }
      },
    };
  }

  #started(): { readonly memory: Json } {
    this.end();
    const { command, folder, env } = this.#of;
    this.#process = new CommandProcess(command, folder, env);
    try {
      const { memory, runtime } = helloAnswer(this.#answer(this.#hello));
      this.runtime = runtime;
      return { memory };
    } catch (error) {
      throw this.#named(error);
    }
  }

  #answer(line: unknown): string {
    return this.#process!.ask(JSON.stringify(line), this.#lineSMax);
  }

  #named(error: unknown, when = ""): unknown {
    if (!(error instanceof ForeignPolicyError)) return error;
    return new ForeignPolicyError(`${this.#of.name}: ${when}${error.message}`, error.lastWords);
  }
}
