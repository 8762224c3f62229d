import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout } from "node:timers/promises";
import type { Logger } from "pino";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { spentUsd } from "../policies/guard/day-spend.ts";
import type { Attempt } from "./aws/calls.ts";
import { FleetStory } from "./fleet-story.ts";
import { livePage, type ToldAlarm } from "./live-page.ts";
import type { FactEntry, JournalEntry } from "./records.ts";
import type { Stopped } from "./stop-switch.ts";
import { type TelemetryEvent, Webhook } from "./webhook.ts";

export type Mode = "shadow" | "live";

/** What is beside the journal. */
export interface Beside {
  readonly stopped?: () => Stopped;
  readonly agents?: () => number;
  /** Somebody elsewhere who is told at once, of these events. */
  readonly webhook?: { readonly url: string; readonly fleet: string; readonly events: readonly TelemetryEvent[] };
}

const ALARMS_KEPT = 20;
/** Asked for anew by the browser every 5 s. */
const PAGE_HEADERS = {
  "content-type": "text/html; charset=utf-8",
  "cache-control": "no-store",
  refresh: "5",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
};

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
  readonly #posts: Counter<"result">;
  readonly #strangers: Counter<"why">;
  readonly #leadS: Histogram;
  readonly #readyAfterS: Histogram;
  readonly #alarmed: ToldAlarm[] = [];
  readonly #mode: Mode;
  readonly #beside: Beside;
  readonly #webhook: Webhook | undefined;

  constructor(log: Logger, mode: Mode, beside: Beside = {}) {
    this.#log = log;
    this.#mode = mode;
    this.#beside = beside;
    const { webhook } = beside;
    if (webhook !== undefined) {
      this.#webhook = new Webhook({ url: webhook.url, onEnd: (what) => this.#posted(what) });
    }
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
    this.#strangers = new Counter({
      name: "synkti_agents_refused_total",
      help: "What was said at the door and not believed, by why not.",
      labelNames: ["why"],
      registers,
    });
    this.#posts = new Counter({
      name: "synkti_webhook_total",
      help: "Messages to the webhook, by what became of them.",
      labelNames: ["result"],
      registers,
    });
    this.#leadS = new Histogram({
      name: "synkti_notice_lead_seconds",
      help: "Time that an interruption notice left.",
      buckets: [0, 5, 20, 60, 90, 110, 120],
      registers,
    });
    this.#readyAfterS = new Histogram({
      name: "synkti_ready_seconds",
      help: "From asking for an instance until it is ready.",
      buckets: [30, 60, 120, 240, 480, 960],
      registers,
    });
    new Gauge({ name: "synkti_mode", help: "1 for the mode it runs in.", labelNames: ["mode"], registers }).set(
      { mode },
      1,
    );
    const { story } = this;
    const gauge = (name: string, help: string, value: () => number) => {
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(value());
        },
      });
    };
    const gauges = <Label extends string>(
      name: string,
      help: string,
      label: Label,
      values: () => Iterable<readonly [string, number]>,
    ) => {
      new Gauge({
        name,
        help,
        labelNames: [label],
        registers,
        collect() {
          this.reset();
          for (const [key, value] of values()) this.set({ [label]: key } as Record<Label, string>, value);
        },
      });
    };
    gauge("synkti_replicas_ready", "Replicas that are ready.", () => story.readyReplicas);
    gauge("synkti_replicas_wanted", "Replicas that are wanted ready.", () => story.replicasWanted);
    gauge("synkti_instances", "Instances, requested ones included.", () => story.instances.size);
    gauge("synkti_launches_last_hour", "Launches of the last hour.", () => story.launchesLastHour);
    gauge("synkti_price_usd_per_hour", "What is billed now, at list prices.", () => story.usdPerHour);
    gauge("synkti_spent_usd", "Spent since the run began, at list prices.", () => story.spentUsd);
    gauge("synkti_notices", "Interruption notices of instances of this run.", () => story.notices);
    gauge("synkti_foreign", "Things that were said of what is not ours.", () => story.foreign);
    gauge("synkti_calls_open", "Calls without an answer.", () => story.open.size);
    gauge("synkti_asks", "How often the policy was asked.", () => story.asks);
    gauge("synkti_spent_day_usd", "Spent in the last 24 hours, at list prices.", () => spentUsd(story.day));
    gauge("synkti_epoch", "Of the lease that it acts under.", () => story.epoch);
    gauge("synkti_told_seconds", "Up to when the journal tells, in seconds of the run.", () => story.nowS);
    gauges("synkti_cap", "The fleet's caps that are numbers.", "cap", () =>
      Object.entries(story.start?.scenario.caps ?? {}).filter(([, most]) => typeof most === "number"),
    );
    gauges("synkti_refusals", "Launches refused, by code.", "code", () => story.refusals);
    gauges("synkti_ends", "Instances that have ended, by why.", "why", () => story.ends);
    gauges(
      "synkti_drains",
      "Instances taken back after a notice, by what is known of the last requests.",
      "result",
      () => Object.entries(story.drains),
    );
    const { stopped, agents } = beside;
    if (stopped !== undefined) {
      gauges("synkti_stopped", "1 for how far an operator has stopped it.", "level", () => [[stopped(), 1]]);
    }
    if (agents !== undefined) gauge("synkti_agents", "Agents that have proved themselves.", agents);
  }

  see(entry: JournalEntry): void {
    this.story.see(entry);
    switch (entry.kind) {
      case "start":
        this.#log.info({ event: "start", run: entry.run }, "the loop begins");
        this.#notify("start", { run: entry.run });
        break;
      case "ask":
        for (const { cap, market } of entry.capped ?? []) {
          this.#capped.inc({ cap });
          this.#log.warn({ event: "capped", cap, market }, "a launch was held back");
          this.#notify("capped", { cap, market });
        }
        for (const { action, by, why } of entry.notes) {
          this.#log.info({ event: "decision", action: entry.actions[action], by }, why);
        }
        break;
      case "result":
        this.#log.info({ event: "result", call: entry.call, outcome: entry.outcome });
        break;
      case "fact":
        this.#fact(entry);
        break;
      case "foreign":
        this.#log.info({ event: "foreign", name: entry.name, what: entry.what });
        break;
    }
  }

  #fact(fact: FactEntry): void {
    const { story } = this;
    if (fact.name === "reclaimNotice" || fact.name === "ended") {
      const [instance, about] = fact.args;
      this.#log.info({ event: fact.name, instance, about });
      this.#notify(fact.name, { instance, about });
    }
    if (fact.name === "reclaimNotice") this.#leadS.observe(Math.max(0, fact.args[1] - story.nowS));
    if (fact.name === "status" && fact.args[1] === "ready") {
      const instance = story.instances.get(fact.args[0]);
      if (instance !== undefined) this.#readyAfterS.observe(story.nowS - instance.requestedS);
    }
  }

  #notify(event: TelemetryEvent, about: Readonly<Record<string, unknown>>): void {
    const { webhook } = this.#beside;
    if (webhook?.events.includes(event)) this.#webhook?.tell({ fleet: webhook.fleet, event, ...about });
  }

  #posted(result: string): void {
    this.#posts.inc({ result });
    if (result !== "ok") this.#log.warn({ event: "webhook", result });
  }

  /** Once the webhook has been told all, or after 5 s. */
  async close(): Promise<void> {
    const enough = new AbortController();
    await Promise.race([
      this.#webhook?.settled(),
      setTimeout(5_000, undefined, { signal: enough.signal }).catch(() => {}),
    ]);
    enough.abort();
  }

  attempt({ call, attempt, code, tookS }: Attempt): void {
    this.#attempts.inc({ call, code });
    this.#tookS.observe({ call }, tookS);
    if (code !== "ok") this.#log.warn({ event: "attempt", call, attempt, code });
  }

  agentRefused(why: string): void {
    this.#strangers.inc({ why });
  }

  alarm(what: string): void {
    this.#alarms.inc();
    this.#log.error({ event: "alarm" }, what);
    this.#notify("alarm", { what });
    this.#alarmed.push({ atMs: Date.now(), what });
    if (this.#alarmed.length > ALARMS_KEPT) this.#alarmed.shift();
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
        case "/":
          return void response
            .writeHead(200, PAGE_HEADERS)
            .end(livePage(this.story, { mode: this.#mode, stopped: this.#beside.stopped?.(), alarms: this.#alarmed }));
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
