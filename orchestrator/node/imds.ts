import type { Seconds } from "../../policies/contract/units.ts";
import type { WallClock } from "../ports.ts";
import { boundedFetch, type Fetched } from "./bounded-fetch.ts";

/** What EC2 has announced for the instance that asks. */
export interface Announced {
  readonly action: "terminate" | "stop" | "hibernate";
  /** When, by EC2's clock. */
  readonly atMs: number;
  /** Seconds until then, at the moment of reading, at most 120. Of our clock and EC2's, the one that leaves less counts. */
  readonly leftS: Seconds;
}

/** The metadata service did not say anything that we understand: not the same as nothing to say. */
export class ImdsError extends Error {
  override readonly name = "ImdsError";
}

const LIMITS = { withinMs: 2_000, bytesMax: 16_384 };
const TRIES = 3;
const TOKEN_TTL_S = 3_600;
/** A token with less left is renewed before it is used. */
const TOKEN_SPARE_S = 15;
/** Clocks that differ by less agree: `Date` has whole seconds. */
const SKEW_S = 2;
/** A notice is at most two minutes ahead. Source: AWS, "Spot Instance interruption notices". */
const NOTICE_S_MAX = 120;

/**
 * The instance metadata service, version 2 only. Source: AWS, "Use the Instance Metadata Service"; habits (2 s, three tries, a token
 * for an hour, one renewal on 401) as in AWS's node termination handler. There is no way back to version 1.
 */
export class Imds {
  readonly #url: string;
  readonly #clock: WallClock;
  #token: { readonly text: string; readonly untilS: Seconds } | undefined;

  /** @param url of the service: http://169.254.169.254 on an instance */
  constructor(clock: WallClock, url = "http://169.254.169.254") {
    this.#clock = clock;
    this.#url = url;
  }

  /**
   * The interruption that is announced; undefined while there is none (404).
   * @throws ImdsError for all else that is no notice
   */
  async interruption(): Promise<Announced | undefined> {
    const read = await this.#read("/latest/meta-data/spot/instance-action");
    if (read === undefined) return undefined;
    const { action, time } = parsed(read.text);
    const atMs = Date.parse(typeof time === "string" ? time : "");
    if ((action !== "terminate" && action !== "stop" && action !== "hibernate") || Number.isNaN(atMs)) {
      throw new ImdsError(`no notice that we understand: ${JSON.stringify(read.text.slice(0, 200))}`);
    }
    return { action, atMs, leftS: secondsLeft(atMs, this.#clock.wallMs(), read.dateMs) };
  }

  /** Whether EC2 recommends to leave, which it may before an interruption. @throws ImdsError */
  async rebalanceRecommended(): Promise<boolean> {
    return (await this.#read("/latest/meta-data/events/recommendations/rebalance")) !== undefined;
  }

  /** EC2's word for which instance this is, signed with RSA-2048. @throws ImdsError */
  async identity(): Promise<string> {
    const path = "/latest/dynamic/instance-identity/rsa2048";
    const read = await this.#read(path);
    if (read === undefined) throw new ImdsError(`${path}: there is none`);
    return read.text;
  }

  async #read(path: string): Promise<Extract<Fetched, { ok: true }> | undefined> {
    for (let renewed = false; ; renewed = true) {
      const token = await this.#tokenText();
      const answer = await this.#tried("GET", path, { "X-aws-ec2-metadata-token": token });
      if (answer.status === 200) return answer;
      if (answer.status === 404) return undefined;
      if (answer.status !== 401 || renewed) throw new ImdsError(`${path}: HTTP ${answer.status}`);
      this.#token = undefined;
    }
  }

  async #tokenText(): Promise<string> {
    const nowS = this.#clock.nowS();
    if (this.#token === undefined || this.#token.untilS - nowS < TOKEN_SPARE_S) {
      const path = "/latest/api/token";
      const answer = await this.#tried("PUT", path, { "X-aws-ec2-metadata-token-ttl-seconds": String(TOKEN_TTL_S) });
      if (answer.status !== 200) {
        const why = answer.status === 403 ? "; the metadata service is switched off for this instance" : "";
        throw new ImdsError(`${path}: HTTP ${answer.status}${why}`);
      }
      this.#token = { text: answer.text, untilS: nowS + TOKEN_TTL_S };
    }
    return this.#token.text;
  }

  /** Until it is answered with anything but 5xx. */
  async #tried(method: string, path: string, headers: Record<string, string>): Promise<Extract<Fetched, { ok: true }>> {
    let why = "";
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const answer = await boundedFetch(this.#url + path, { method, headers }, LIMITS);
      if (answer.ok && answer.status < 500) return answer;
      why = answer.ok ? `HTTP ${answer.status}` : answer.why;
    }
    throw new ImdsError(
      `${path}: ${why}, ${TRIES} times; in a container, the hop limit of 1 keeps it away: run on the host`,
    );
  }
}

/**
 * Seconds until a time of EC2's, at most 120, never below 0. Where our clock and that of the answer differ by more than 2 s, the one
 * that leaves less time counts.
 * @example secondsLeft(100_000, 10_000, undefined) // 90
 */
export function secondsLeft(atMs: number, wallMs: number, serverMs: number | undefined): Seconds {
  const differ = serverMs !== undefined && Math.abs(serverMs - wallMs) > SKEW_S * 1000;
  const nowMs = differ ? Math.max(wallMs, serverMs) : wallMs;
  return Math.min(NOTICE_S_MAX, Math.max(0, (atMs - nowMs) / 1000));
}

function parsed(text: string): { readonly action?: unknown; readonly time?: unknown } {
  try {
    return (JSON.parse(text) ?? {}) as object;
  } catch {
    return {};
  }
}
