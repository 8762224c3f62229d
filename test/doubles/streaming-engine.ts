import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout } from "node:timers/promises";
import { HttpDouble } from "./http-double.ts";

/** A model server as vLLM answers: completions as server-sent events, token by token, and its gauges. */
export class StreamingEngine extends HttpDouble {
  /** Until it answers. */
  readyMs = 0;
  tokenMs = 50;
  running = 0;
  /** When each request for a stream arrived, milliseconds since 1970. */
  readonly arrivedMs: number[] = [];
  readonly #startedMs = Date.now();

  protected override async answer(request: IncomingMessage, body: string, response: ServerResponse): Promise<void> {
    if (Date.now() - this.#startedMs < this.readyMs) return void response.writeHead(503).end();
    switch (`${request.method} ${request.url}`) {
      case "GET /health":
        return void response.end();
      case "GET /v1/models":
        return void response.end('{"data":[{"id":"m"}]}');
      case "GET /metrics":
        return void response.end(`vllm:num_requests_running ${this.running}\nvllm:num_requests_waiting 0\n`);
      case "POST /v1/completions":
        return this.#complete(JSON.parse(body) as { max_tokens: number; stream?: boolean }, response);
      default:
        return void response.writeHead(404).end();
    }
  }

  async #complete(asked: { readonly max_tokens: number; readonly stream?: boolean }, response: ServerResponse) {
    if (!asked.stream) return void response.end("{}");
    this.arrivedMs.push(Date.now());
    this.running++;
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (let token = 0; token < asked.max_tokens && !response.destroyed; token++) {
      await setTimeout(this.tokenMs);
      response.write(`data: {"choices":[{"text":"${token} "}]}\n\n`);
    }
    response.end("data: [DONE]\n\n");
    this.running--;
  }
}
