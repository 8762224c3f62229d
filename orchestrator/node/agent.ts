import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Seconds } from "../../policies/contract/units.ts";
import type { WallClock } from "../ports.ts";
import type { Controller } from "./controller.ts";
import { drainBudgetS, drained } from "./drain.ts";
import type { Announced, Imds } from "./imds.ts";
import type { Vllm } from "./vllm.ts";

export interface AgentOptions {
  readonly imds: Pick<Imds, "interruption" | "rebalanceRecommended">;
  readonly engine: Pick<Vllm, "ready" | "load">;
  /** Whom it tells what it hears, beside what it does by itself. Absent: nobody. */
  readonly controller?: Pick<Controller, "tell">;
  readonly clock: WallClock;
  /** Where the balancer asks: its health check port. */
  readonly port: number;
  readonly host: string;
  readonly say: (event: string, about: Readonly<Record<string, unknown>>) => void;
}

/** AWS advises to look for a notice every 5 s; each second later is a second less to drain. */
const NOTICE_EVERY_S = 1;
const READY_EVERY_S = 2;
/** And at once when there is news. */
const TELL_EVERY_S = 5;

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
  /** When the instance is taken back; undefined while nothing is announced. */
  #reclaimS: Seconds | undefined;
  #rebalance = false;
  /** Somebody wants it to have no more traffic. */
  #leaves = false;
  #telling: Promise<void> = Promise.resolve();
  #controllerHeard = true;

  constructor(options: AgentOptions) {
    this.#options = options;
  }

  /** Whether the balancer may send requests. */
  get serves(): boolean {
    return this.#ready && this.#reclaimS === undefined && !this.#leaves;
  }

  get #state(): string {
    if (this.#reclaimS !== undefined) return "interruption announced";
    if (this.#leaves) return "told to drain";
    return this.#ready ? "ready" : "not ready";
  }

  /** As at a notice, but with nothing announced and no time set: for good. */
  async leave(signal: AbortSignal): Promise<void> {
    if (this.#leaves) return;
    this.#leaves = true;
    const { engine, clock, say } = this.#options;
    say("leaving", {});
    const { idle, ...how } = await drained(engine, clock, Infinity, signal);
    if (idle) say("drained", how);
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
      this.#every(TELL_EVERY_S, () => this.#tell(), signal),
    ]);
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #lookForNotice(signal: AbortSignal): Promise<void> {
    const { imds, engine, clock, say } = this.#options;
    if (this.#reclaimS !== undefined) return;
    let announced: Announced | undefined;
    try {
      announced = await imds.interruption();
      this.#rebalance ||= await imds.rebalanceRecommended();
    } catch (error) {
      say("metadata-unknown", { why: String(error) });
    }
    if (announced === undefined) return;
    this.#reclaimS = clock.nowS() + announced.leftS;
    say("notice", { action: announced.action, leftS: announced.leftS });
    this.#tell();
    const { idle, ...how } = await drained(engine, clock, drainBudgetS(announced.leftS), signal);
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

  /** One after another, the newest state each time. */
  #tell(): Promise<void> {
    this.#telling = this.#telling.then(async () => {
      const { controller, clock, say } = this.#options;
      const leftS = this.#reclaimS === undefined ? null : Math.max(0, this.#reclaimS - clock.nowS());
      const why = await controller?.tell({ leftS, rebalance: this.#rebalance }).then(() => undefined, String);
      if ((why === undefined) === this.#controllerHeard) return;
      this.#controllerHeard = why === undefined;
      say(why === undefined ? "controller-heard" : "controller-unheard", why === undefined ? {} : { why });
    });
    return this.#telling;
  }

  async #every(seconds: Seconds, look: () => Promise<void>, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    while (!signal.aborted) {
      await look();
      await clock.sleepUntil(clock.nowS() + seconds, signal);
    }
  }
}
