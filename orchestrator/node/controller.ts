import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { request } from "node:https";
import { type AgentState, signedHello, signedSaying } from "../door/words.ts";
import type { Imds } from "./imds.ts";

export interface ControllerOptions {
  /** Of its door: https. */
  readonly url: string;
  /** PEM of whoever signed the door's certificate. */
  readonly ca: string;
  readonly imds: Pick<Imds, "identity">;
}

/** The controller does not listen, or does not believe. */
export class ControllerError extends Error {
  override readonly name = "ControllerError";
}

const WITHIN_MS = 5_000;
const BYTES_MAX = 4_096;

/**
 * The controller as an agent sees it. The agent's key is made here, in memory, and dies with the process: one that is started again in the
 * same life of its instance is not believed any more, and goes on without the controller.
 */
export class Controller {
  readonly #options: ControllerOptions;
  readonly #private: KeyObject;
  readonly #key: string;
  #session: string | undefined;
  #count = 0;

  constructor(options: ControllerOptions) {
    this.#options = options;
    const { privateKey, publicKey } = generateKeyPairSync("ed25519");
    this.#private = privateKey;
    this.#key = publicKey.export({ format: "der", type: "spki" }).toString("base64");
  }

  /** @throws ControllerError, or ImdsError when this instance's identity cannot be read */
  async tell(state: AgentState): Promise<void> {
    for (let greeted = false; ; greeted = true) {
      this.#session ??= await this.#hello();
      const words = { session: this.#session, count: ++this.#count, state: JSON.stringify(state) };
      const answer = await this.#post("/state", { ...words, signature: this.#signed(signedSaying(words)) });
      if (answer.status === 200) return;
      this.#session = undefined;
      // Another controller may have taken over: it has to be greeted first.
      if (greeted || answer.refused !== "no-session") throw refusal(answer);
    }
  }

  async #hello(): Promise<string> {
    const { nonce } = await this.#post("/nonce", {});
    const words = { document: await this.#options.imds.identity(), key: this.#key, nonce: nonce ?? "" };
    const answer = await this.#post("/hello", { ...words, signature: this.#signed(signedHello(words)) });
    if (answer.session === undefined) throw refusal(answer);
    this.#count = 0;
    return answer.session;
  }

  #signed(text: string): string {
    return sign(null, Buffer.from(text), this.#private).toString("base64");
  }

  #post(path: string, words: unknown): Promise<Answer> {
    const { url, ca } = this.#options;
    const limit = AbortSignal.timeout(WITHIN_MS);
    return new Promise((resolve, reject) => {
      const fail = (error: Error) => reject(new ControllerError(`${url}${path}: ${error.message}`));
      // A connection of its own for each: a kept one may lead to a controller that has gone.
      const asked = request(`${url}${path}`, { method: "POST", ca, agent: false, signal: limit }, (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (part: string) => {
          text += part;
          if (text.length > BYTES_MAX) asked.destroy(new Error(`more than ${BYTES_MAX} characters`));
        });
        response.on("error", fail);
        response.on("end", () => {
          try {
            resolve({ ...(JSON.parse(text) as object), status: response.statusCode ?? 0 });
          } catch (error) {
            fail(error as Error);
          }
        });
      });
      asked.on("error", fail);
      asked.end(JSON.stringify(words));
    });
  }
}

interface Answer {
  readonly status: number;
  readonly nonce?: string;
  readonly session?: string;
  readonly refused?: string;
}

const refusal = ({ status, refused }: Answer): ControllerError =>
  new ControllerError(`the controller answers ${status}${refused === undefined ? "" : `, ${refused}`}`);
