import type { EngineLoad } from "../ports.ts";
import { boundedFetch, type Fetched } from "./bounded-fetch.ts";
import { prometheusSamples } from "./prometheus-text.ts";

const LIMITS = { withinMs: 2_000, bytesMax: 1_000_000 };
/** A first token may take its time on a server that is busy. */
const ANSWER = { withinMs: 10_000, bytesMax: 1_000_000 };

const RUNNING = "vllm:num_requests_running";
const WAITING = "vllm:num_requests_waiting";
/** Its name before version 0.9, and since. */
const KV = ["vllm:gpu_cache_usage_perc", "vllm:kv_cache_usage_perc"];

/** One vLLM server, by its address. What cannot be read is unknown: neither idle nor ready. */
export class Vllm {
  readonly #url: string;
  readonly #model: string;

  /** @param model as `/v1/models` lists it */
  constructor(url: string, model: string) {
    this.#url = url;
    this.#model = model;
  }

  /**
   * Whether it answers a request now: alive, with the model, and one token of a tiny completion comes back. `/health` alone says 200
   * of an engine that hangs (vllm#36451). false: it says that it is not ready; "unknown": it says nothing that can be read.
   */
  async ready(signal?: AbortSignal): Promise<boolean | "unknown"> {
    const health = await boundedFetch(`${this.#url}/health`, {}, LIMITS, signal);
    if (!health.ok || health.status !== 200) return saidNo(health);
    const models = await boundedFetch(`${this.#url}/v1/models`, {}, LIMITS, signal);
    if (!models.ok || models.status !== 200) return saidNo(models);
    const listed = idsOf(models.text);
    if (listed === undefined) return "unknown";
    if (!listed.includes(this.#model)) return false;
    const completion = await boundedFetch(
      `${this.#url}/v1/completions`,
      {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ model: this.#model, prompt: "a", max_tokens: 1 }),
      },
      ANSWER,
      signal,
    );
    return completion.ok && completion.status === 200 ? true : saidNo(completion);
  }

  /** Summed over its engines (data parallel ranks have one series each). */
  async load(signal?: AbortSignal): Promise<EngineLoad | "unknown"> {
    const page = await boundedFetch(`${this.#url}/metrics`, {}, LIMITS, signal);
    if (!page.ok || page.status !== 200) return "unknown";
    const samples = prometheusSamples(page.text);
    if (samples === undefined) return "unknown";
    // Exactly these names: `vllm:num_requests_waiting_by_reason` begins with one of them.
    const valuesOf = (...names: readonly string[]) =>
      samples.flatMap(({ name, value }) => (names.includes(name) ? [value] : []));
    const running = valuesOf(RUNNING);
    const waiting = valuesOf(WAITING);
    const counts = [...running, ...waiting];
    if (running.length === 0 || running.length !== waiting.length || !counts.every(isCount)) return "unknown";
    const shares = valuesOf(...KV).filter((share) => share >= 0 && share <= 1);
    return {
      inFlight: counts.reduce((sum, count) => sum + count, 0),
      kvShare: shares.length === 0 ? undefined : Math.max(...shares),
    };
  }
}

const isCount = (value: number): boolean => Number.isInteger(value) && value >= 0;

const saidNo = (fetched: Fetched): false | "unknown" => (fetched.ok && fetched.status >= 400 ? false : "unknown");

function idsOf(text: string): readonly string[] | undefined {
  try {
    const { data } = JSON.parse(text) as { readonly data: readonly { readonly id: string }[] };
    return data.map(({ id }) => id);
  } catch {
    return undefined;
  }
}
