import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Logger } from "pino";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Attempt } from "./aws/calls.ts";
import { FleetStory } from "./fleet-story.ts";
import type { JournalEntry } from "./records.ts";

/**
 * What can be seen of a loop from outside: metrics, health and logs, all from what has been journalled and from attempts on the wire.
 * The server answers on 127.0.0.1 only, and only whoever asks it by that name.
 */
export class Telemetry {
  readonly story = new FleetStory();
  readonly #log: Logger;
  readonly #registry = new Registry();
  readonly #attempts: Counter<"call" | "code">;
  readonly #tookS: Histogram<"call">;
  readonly #alarms: Counter;
  readonly #capped: Counter<"cap">;

  constructor(log: Logger, mode: "shadow" | "live") {
    this.#log = log;
    const registers = [this.#registry];
    this.#attempts = new Counter({
      name: "synkti_aws_attempts_total",
      help: "Attempts of calls to AWS.",
      labelNames: ["call", "code"],
      registers,
    });
    this.#tookS = new Histogram({
      name: "synkti_aws_attempt_seconds",
      help: "How long attempts of calls to AWS took.",
      labelNames: ["call"],
      buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    });
    this.#alarms = new Counter({ name: "synkti_alarms_total", help: "What an operator should have seen.", registers });
    this.#capped = new Counter({
      name: "synkti_launches_capped_total",
      help: "Launches that the guard held back, by the cap that they would have passed.",
      labelNames: ["cap"],
      registers,
    });
    new Gauge({ name: "synkti_mode", help: "1 for the mode it runs in.", labelNames: ["mode"], registers }).set(
      { mode },
      1,
    );
    const gauge = (name: string, help: string, value: (story: FleetStory) => number) => {
      const { story } = this;
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(value(story));
        },
      });
    };
    gauge("synkti_replicas_ready", "Replicas that are ready.", (story) => story.readyReplicas);
    gauge("synkti_replicas_wanted", "Replicas that are wanted ready.", (story) => story.replicasWanted);
    gauge("synkti_instances", "Instances, requested ones included.", (story) => story.instances.size);
    gauge("synkti_launches_last_hour", "Launches of the last hour.", (story) => story.launchesLastHour);
    gauge("synkti_price_usd_per_hour", "What is billed now, at list prices.", (story) => story.usdPerHour);
    gauge("synkti_spent_usd", "Spent since the run began, at list prices.", (story) => story.spentUsd);
    gauge("synkti_notices", "Interruption notices of instances of this run.", (story) => story.notices);
    gauge("synkti_foreign", "Things that were said of what is not ours.", (story) => story.foreign);
    gauge("synkti_calls_open", "Calls without an answer.", (story) => story.open.size);
    gauge("synkti_asks", "How often the policy was asked.", (story) => story.asks);
  }

  see(entry: JournalEntry): void {
    this.story.see(entry);
    switch (entry.kind) {
      case "start":
        this.#log.info({ event: "start", run: entry.run }, "the loop begins");
        break;
      case "ask":
        for (const { cap, market } of entry.capped ?? []) {
          this.#capped.inc({ cap });
          this.#log.warn({ event: "capped", cap, market }, "a launch was held back");
        }
        for (const { action, by, why } of entry.notes) {
          this.#log.info({ event: "decision", action: entry.actions[action], by }, why);
        }
        break;
      case "result":
        this.#log.info({ event: "result", call: entry.call, outcome: entry.outcome });
        break;
      case "fact":
        if (entry.name === "reclaimNotice" || entry.name === "ended") {
          this.#log.info({ event: entry.name, instance: entry.args[0], about: entry.args[1] });
        }
        break;
      case "foreign":
        this.#log.info({ event: "foreign", name: entry.name, what: entry.what });
        break;
    }
  }

  attempt({ call, attempt, code, tookS }: Attempt): void {
    this.#attempts.inc({ call, code });
    this.#tookS.observe({ call }, tookS);
    if (code !== "ok") this.#log.warn({ event: "attempt", call, attempt, code });
  }

  alarm(what: string): void {
    this.#alarms.inc();
    this.#log.error({ event: "alarm" }, what);
  }

  /** @returns where it answers, until the signal aborts */
  async serve(port: number, signal: AbortSignal): Promise<string> {
    const server = createServer(async (request, response) => {
      // A page elsewhere that points its own name at 127.0.0.1 is not answered.
      const { host = "", origin } = request.headers;
      if (!/^(127\.0\.0\.1|localhost)(:\d+)?$/.test(host) || origin !== undefined || request.method !== "GET") {
        return void response.writeHead(403).end();
      }
      switch (request.url) {
        case "/metrics":
          return void response
            .writeHead(200, { "content-type": this.#registry.contentType })
            .end(await this.#registry.metrics());
        case "/healthz":
          return void response.writeHead(200).end("ok\n");
        default:
          return void response.writeHead(404).end();
      }
    });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, "127.0.0.1", resolve);
    });
    signal.addEventListener("abort", () => {
      server.closeAllConnections();
      server.close();
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }
}
