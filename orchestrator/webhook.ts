import { setTimeout } from "node:timers/promises";
import type { FleetFile } from "./fleet-file.ts";
import { boundedFetch } from "./node/bounded-fetch.ts";
import type { Beside } from "./telemetry.ts";

/** What somebody elsewhere may want to be told at once. */
export const TELEMETRY_EVENTS = ["start", "reclaimNotice", "ended", "capped", "alarm"] as const;
export type TelemetryEvent = (typeof TELEMETRY_EVENTS)[number];

export interface WebhookOptions {
  /** Whoever has it can post: a secret, never logged and never part of a message. */
  readonly url: string;
  /** What became of a message: "ok", or why it was given up. */
  readonly onEnd: (what: string) => void;
}

const LIMITS = { withinMs: 2_000, bytesMax: 65_536 };
const AGAIN_MS = 1_000;
/** Messages that wait; what comes while there are so many is lost. */
const WAITING_MAX = 100;

/**
 * Tells events to somebody else's server, in order and beside the loop, which never waits for it. A message is tried twice, two seconds
 * each.
 */
export class Webhook {
  readonly #options: WebhookOptions;
  #waiting = 0;
  #last: Promise<void> = Promise.resolve();

  constructor(options: WebhookOptions) {
    this.#options = options;
  }

  tell(message: Readonly<Record<string, unknown>>): void {
    if (this.#waiting === WAITING_MAX) {
      this.#options.onEnd("too many wait");
      return;
    }
    this.#waiting++;
    const body = JSON.stringify(message);
    this.#last = this.#last.then(async () => {
      this.#options.onEnd(await this.#posted(body));
      this.#waiting--;
    });
  }

  /** Once all that has been told is posted or given up. */
  settled(): Promise<void> {
    return this.#last;
  }

  async #posted(body: string): Promise<string> {
    const headers = { "content-type": "application/json" };
    for (let attempt = 1; ; attempt++) {
      const answer = await boundedFetch(this.#options.url, { method: "POST", headers, body }, LIMITS);
      if (answer.ok && answer.status < 300) return "ok";
      const why = answer.ok ? `HTTP ${answer.status}` : "no answer";
      // What the server has refused it refuses again.
      if (attempt === 2 || (answer.ok && answer.status < 500 && answer.status !== 429)) return why;
      await setTimeout(AGAIN_MS);
    }
  }
}

/** Where the address comes from: a fleet's file is shown and stored, and holds no secrets. */
const VARIABLE = "SYNKTI_WEBHOOK_URL";

/** The address of a webhook cannot be used. */
export class WebhookError extends Error {
  override readonly name = "WebhookError";
}

/** What a fleet's file says of a webhook, with its address. @throws WebhookError that names the variable, never its value */
export function webhookOf({ fleet, webhook }: Pick<FleetFile, "fleet" | "webhook">): Pick<Beside, "webhook"> {
  if (webhook === undefined) return {};
  const url = process.env[VARIABLE] ?? "";
  if (!URL.canParse(url) || !/^https?:\/\//.test(url)) {
    throw new WebhookError(
      `${VARIABLE} is ${url === "" ? "missing" : "no address"}: the fleet's file wants a webhook; give its http or https address by that variable`,
    );
  }
  return { webhook: { url, fleet, events: webhook.events } };
}
