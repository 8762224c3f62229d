import { createPublicKey, randomBytes, verify } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import type { z } from "zod";
import type { Seconds } from "../../policies/contract/units.ts";
import { Feed } from "../feed.ts";
import type { Clock, Notice, Notices } from "../ports.ts";
import type { ObjectStore } from "../store/object-store.ts";
import { type Expected, IdentityError, type Life, provenLife, type WhyNot } from "./identity.ts";
import { agentState, hello, saying, signedHello, signedSaying } from "./words.ts";

export interface DoorOptions extends Omit<Expected, "held"> {
  /** The instance as the provider describes it; undefined if it is not of the fleet. */
  readonly held: (providerId: string, signal: AbortSignal) => ReturnType<Expected["held"]>;
  readonly clock: Clock;
  /** Where the key of each life is kept: the first one counts, whichever controller heard it. */
  readonly store: ObjectStore;
  /** Instances that the fleet has. */
  readonly fleetSize: () => number;
  /** Of the controller, for the agents' TLS: PEM. */
  readonly tls: { readonly key: string; readonly cert: string };
  readonly host: string;
  readonly port: number;
  readonly alarm: (what: string) => void;
  readonly onRefused?: (why: WhyNot) => void;
}

interface Session {
  readonly life: Life;
  readonly key: string;
  count: number;
}

const NONCE_S: Seconds = 30;
const NONCES_MAX = 1_000;
const BYTES_MAX = 32_768;
/** So many notices in a minute are believed of agents alone, or a tenth of the fleet's. Source: house. */
const NOTICES_A_MINUTE = 3;

/**
 * Where agents speak to the controller, over TLS: an instance proves once in its life which one it is, by EC2's signature, and binds a key;
 * from then on it speaks by that key, about itself. What is not believed is refused by name, counted, and told to an operator.
 *
 * A notice that comes with many others is not handed on: if it is true, EC2 says so through the queue as well, and the agent stops its own
 * traffic in any case.
 */
export class Door implements Notices {
  readonly #options: DoorOptions;
  readonly #server: Server;
  readonly #notices = new Feed<Notice>();
  readonly #over = new AbortController();
  /** When each was given out. */
  readonly #nonces = new Map<string, Seconds>();
  readonly #sessions = new Map<string, Session>();
  /** What was handed on, by life: the same notice or recommendation is news once. */
  readonly #told = new Map<string, { noticed: boolean; recommended: boolean }>();
  #noticesS: Seconds[] = [];

  constructor(options: DoorOptions) {
    this.#options = options;
    this.#server = createServer({ ...options.tls, minVersion: "TLSv1.2" }, (request, response) => {
      this.#answer(request, response).catch((error: unknown) => this.#refuse(response, error));
    });
    this.#server.requestTimeout = 10_000;
    this.#server.maxConnections = 4_096;
  }

  /** @returns where it answers */
  async listen(): Promise<string> {
    const { host, port } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, host, resolve);
    });
    return `https://${host}:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#over.abort();
    if (!this.#server.listening) return;
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Agents that have proved themselves to this controller. */
  get agents(): number {
    return new Set([...this.#sessions.values()].map(({ life }) => life.providerId)).size;
  }

  stream(signal: AbortSignal): AsyncIterable<Notice> {
    return this.#notices.read(signal);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    switch (`${request.method} ${request.url}`) {
      case "POST /nonce":
        return answer(response, 200, { nonce: this.#newNonce() });
      case "POST /hello":
        return answer(response, 200, { session: await this.#hello(body) });
      case "POST /state":
        this.#state(body);
        return answer(response, 200, {});
      default:
        return answer(response, 404, {});
    }
  }

  #newNonce(): string {
    const nowS = this.#options.clock.nowS();
    for (const [nonce, givenS] of this.#nonces) {
      if (nowS - givenS <= NONCE_S && this.#nonces.size < NONCES_MAX) break;
      this.#nonces.delete(nonce);
    }
    const nonce = randomBytes(32).toString("hex");
    this.#nonces.set(nonce, nowS);
    return nonce;
  }

  async #hello(body: string): Promise<string> {
    const said = parsed(hello, body);
    const { clock, held } = this.#options;
    const givenS = this.#nonces.get(said.nonce);
    this.#nonces.delete(said.nonce);
    if (givenS === undefined || clock.nowS() - givenS > NONCE_S) {
      throw new IdentityError("replayed-nonce", "the nonce is not one that was just given out");
    }
    if (!isSignedBy(said.key, signedHello(said), said.signature)) {
      throw new IdentityError("forged-message", "the words are not signed by the key that they bring");
    }
    const ofFleet = (providerId: string) => held(providerId, this.#over.signal);
    const life = await provenLife(said.document, { ...this.#options, held: ofFleet });
    await this.#bind(life, said.key);
    const session = randomBytes(32).toString("hex");
    for (const [name, { life: other }] of this.#sessions) {
      if (other.providerId === life.providerId) this.#sessions.delete(name);
    }
    this.#sessions.set(session, { life, key: said.key, count: 0 });
    return session;
  }

  /** EC2 signs no nonce, so a copied document would do: the first key of a life is the only one. Pattern: Vault's EC2 login. */
  async #bind(life: Life, key: string): Promise<void> {
    const { store } = this.#options;
    const name = `agents/${nameOf(life)}`;
    if ((await store.write(name, key, "absent", this.#over.signal)).ok) return;
    const bound = await store.read(name, this.#over.signal);
    if (bound?.text !== key) {
      throw new IdentityError("second-key", `${life.providerId} has another key already, and keeps it until it ends`);
    }
  }

  #state(body: string): void {
    const said = parsed(saying, body);
    const session = this.#sessions.get(said.session);
    if (session === undefined) throw new IdentityError("no-session", "say hello first");
    if (!isSignedBy(session.key, signedSaying(said), said.signature)) {
      throw new IdentityError("forged-message", `not signed by the key of ${session.life.providerId}`);
    }
    if (said.count <= session.count) {
      throw new IdentityError("replayed-message", `number ${said.count} of ${session.life.providerId} has been heard`);
    }
    session.count = said.count;
    const { leftS, rebalance } = parsed(agentState, said.state);
    const { providerId } = session.life;
    const told = this.#told.get(nameOf(session.life)) ?? { noticed: false, recommended: false };
    this.#told.set(nameOf(session.life), told);
    if (leftS !== null && !told.noticed && this.#isBelieved(providerId)) {
      told.noticed = true;
      this.#notices.put({ providerId, reclaimS: this.#options.clock.nowS() + leftS });
    }
    if (rebalance && !told.recommended && leftS === null) {
      told.recommended = true;
      this.#notices.put({ providerId, reclaimS: null });
    }
  }

  #isBelieved(providerId: string): boolean {
    const { clock, fleetSize, alarm } = this.#options;
    const nowS = clock.nowS();
    this.#noticesS = this.#noticesS.filter((timeS) => timeS > nowS - 60);
    if (this.#noticesS.length < Math.max(NOTICES_A_MINUTE, fleetSize() / 10)) {
      this.#noticesS.push(nowS);
      return true;
    }
    alarm(
      `agents announce more than ${this.#noticesS.length} interruptions a minute: ${providerId} waits for EC2's word`,
    );
    return false;
  }

  #refuse(response: ServerResponse, error: unknown): void {
    if (response.headersSent) return void response.destroy();
    if (!(error instanceof IdentityError)) {
      this.#options.alarm(`an agent could not be answered: ${error instanceof Error ? error.message : error}`);
      answer(response, 503, {});
      return;
    }
    this.#options.onRefused?.(error.why);
    // One whose controller has changed says hello again: nothing to see.
    if (error.why !== "no-session") this.#options.alarm(`an agent was refused: ${error.message}`);
    answer(response, 403, { refused: error.why });
  }
}

const nameOf = ({ providerId, pendingMs }: Life): string => `${providerId}-${pendingMs}`;

function parsed<T>(schema: z.ZodType<T>, text: string): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw new IdentityError("unreadable", "these are no words of an agent", error);
  }
}

function isSignedBy(key: string, text: string, signature: string): boolean {
  try {
    const publicKey = createPublicKey({ key: Buffer.from(key, "base64"), format: "der", type: "spki" });
    if (publicKey.asymmetricKeyType !== "ed25519") return false;
    return verify(null, Buffer.from(text), publicKey, Buffer.from(signature, "base64"));
  } catch {
    return false; // no key at all
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > BYTES_MAX) throw new IdentityError("unreadable", `more than ${BYTES_MAX} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(`${JSON.stringify(body)}\n`);
}
