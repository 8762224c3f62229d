import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Seconds } from "../../policies/contract/units.ts";
import type { WallClock } from "../ports.ts";
import { drained } from "./drain.ts";
import type { Announced, Imds } from "./imds.ts";
import type { Vllm } from "./vllm.ts";

export interface AgentOptions {
  readonly imds: Pick<Imds, "interruption">;
  readonly engine: Pick<Vllm, "ready" | "load">;
  readonly clock: WallClock;
  /** Where the balancer asks: its health check port. */
  readonly port: number;
  readonly host: string;
  readonly say: (event: string, about: Readonly<Record<string, unknown>>) => void;
}

/** AWS advises to look for a notice every 5 s; each second later is a second less to drain. */
const NOTICE_EVERY_S = 1;
const READY_EVERY_S = 2;

/**
 * What stops the traffic of one instance, with no rights in AWS and no controller: it answers the balancer's health check with 200
 * only while the model server is ready and no interruption is announced, with 503 from the notice on. That is how traffic begins, too.
 * A notice is never taken back, and from then on it watches
 * whether the server's last requests end in time; a metadata service or model server that says nothing changes nothing about that.
 */
export class Agent {
  readonly #options: AgentOptions;
  readonly #server: Server = createServer((_, response) => {
    response.writeHead(this.serves ? 200 : 503, { "content-type": "text/plain" }).end(`${this.#state}\n`);
  });
  #ready = false;
  #noticed = false;

  constructor(options: AgentOptions) {
    this.#options = options;
  }

  /** Whether the balancer may send requests. */
  get serves(): boolean {
    return this.#ready && !this.#noticed;
  }

  get #state(): string {
    if (this.#noticed) return "interruption announced";
    return this.#ready ? "ready" : "not ready";
  }

  /** @returns where it answers */
  async listen(): Promise<string> {
    const { port, host } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, host, resolve);
    });
    return `http://${host}:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([
      this.#every(NOTICE_EVERY_S, () => this.#lookForNotice(signal), signal),
      this.#every(READY_EVERY_S, () => this.#lookAtEngine(signal), signal),
    ]);
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #lookForNotice(signal: AbortSignal): Promise<void> {
    const { imds, engine, clock, say } = this.#options;
    if (this.#noticed) return;
    let announced: Announced | undefined;
    try {
      announced = await imds.interruption();
    } catch (error) {
      say("metadata-unknown", { why: String(error) });
    }
    if (announced === undefined) return;
    this.#noticed = true;
    say("notice", { action: announced.action, leftS: announced.leftS });
    const { idle, ...how } = await drained(engine, clock, announced.leftS, signal);
    say(idle ? "drained" : "cut-short", how);
  }

  async #lookAtEngine(signal: AbortSignal): Promise<void> {
    const { engine, say } = this.#options;
    // Unknown is not ready for one that was not, and proves nothing of one that was: a busy server may be slow to answer.
    const ready = await engine.ready(signal);
    if (ready === "unknown" || ready === this.#ready) return;
    this.#ready = ready;
    say("ready", { ready });
  }

  async #every(seconds: Seconds, look: () => Promise<void>, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    while (!signal.aborted) {
      await look();
      await clock.sleepUntil(clock.nowS() + seconds, signal);
    }
  }
}
