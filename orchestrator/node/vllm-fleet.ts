import type { Engine, EngineLoad } from "../ports.ts";
import { Vllm } from "./vllm.ts";

/** The vLLM servers of a fleet, one an instance. Of an instance without an address nothing is known. */
export class VllmFleet implements Engine {
  readonly #url: string;
  readonly #model: string;
  readonly #addressOf: (providerId: string) => string | undefined;

  /** @param url in which ADDRESS stands for the instance's */
  constructor(url: string, model: string, addressOf: (providerId: string) => string | undefined) {
    this.#url = url;
    this.#model = model;
    this.#addressOf = addressOf;
  }

  async ready(providerId: string, signal: AbortSignal): Promise<boolean | "unknown"> {
    return (await this.#of(providerId)?.ready(signal)) ?? "unknown";
  }

  async load(providerId: string, signal: AbortSignal): Promise<EngineLoad | "unknown"> {
    return (await this.#of(providerId)?.load(signal)) ?? "unknown";
  }

  #of(providerId: string): Vllm | undefined {
    const address = this.#addressOf(providerId);
    return address === undefined ? undefined : new Vllm(this.#url.replace("ADDRESS", address), this.#model);
  }
}
