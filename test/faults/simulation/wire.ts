import type { Seconds } from "../../../policies/contract/units.ts";
import type { Process, VirtualTime } from "./virtual-time.ts";

/** What becomes of one request. lose: it is carried out, and its answer never comes. */
export type Fate = "hang" | "lose" | { readonly code: string; readonly status?: number };

/** Something is wrong with a service for a while. */
export interface Trouble {
  readonly service: Service["name"];
  /** Absent: with all of them. */
  readonly actions?: readonly string[];
  readonly untilS: Seconds;
  /** Undefined: nothing, this time. */
  readonly fate: () => Fate | undefined;
}

/** An error as the SDK throws it. */
export class AwsError extends Error {
  readonly $metadata: { readonly httpStatusCode: number };

  constructor(code: string, status = 400) {
    super("as ordered");
    this.name = code;
    this.$metadata = { httpStatusCode: status };
  }
}

/** A simulated service of AWS. */
export interface Service {
  readonly name: "ec2" | "elb" | "sqs" | "s3";
  /** What changes something: the others are questions. */
  readonly mutating: ReadonlySet<string>;
  /** The answer, now or (a long poll) later. @throws AwsError */
  apply(action: string, input: object, by: Process): object | Promise<object>;
}

/** One request that was carried out. */
export interface Applied {
  readonly by: Process;
  readonly service: Service["name"];
  readonly action: string;
  readonly input: object;
  readonly sentS: Seconds;
}

/** Between the processes and the services: requests take time, get lost, and are seen. */
export class Wire {
  readonly troubles: Trouble[] = [];
  /** Requests that would change something, whatever became of them. */
  mutations = 0;
  readonly #time: VirtualTime;
  readonly #draw: () => number;
  readonly #before: (request: Applied) => void;
  readonly #after: (request: Applied) => void;

  /** @param before, after: each mutating request that is carried out */
  constructor(
    time: VirtualTime,
    draw: () => number,
    before: (request: Applied) => void,
    after: (request: Applied) => void,
  ) {
    this.#time = time;
    this.#draw = draw;
    this.#before = before;
    this.#after = after;
  }

  /** A client of the SDK, as far as our adapters use one. */
  client<Client>(service: Service, by: Process): Client {
    const send = (command: { readonly input: object; readonly constructor: { readonly name: string } }) =>
      new Promise((resolve, reject) => {
        const action = command.constructor.name.replace(/Command$/, "");
        if (by.isDead) return;
        if (service.mutating.has(action)) this.mutations++;
        const request = { by, service: service.name, action, input: command.input, sentS: this.#time.nowS };
        const carryOut = () => this.#arrives(service, request, resolve, reject);
        this.#time.at(this.#time.nowS + 0.02 + 0.1 * this.#draw(), carryOut);
      });
    return { send, destroy: () => {}, middlewareStack: { add: () => {} } } as Client;
  }

  #arrives(
    service: Service,
    request: Applied,
    resolve: (answer: object) => void,
    reject: (error: Error) => void,
  ): void {
    const { by, action, input } = request;
    const fate = this.#fateOf(service.name, action);
    if (fate === "hang") return;
    if (typeof fate === "object") {
      by.deliver(() => reject(new AwsError(fate.code, fate.status)));
      return;
    }
    const mutating = service.mutating.has(action);
    let answer: object | Promise<object>;
    try {
      if (mutating) this.#before(request);
      answer = service.apply(action, input, by);
      if (mutating) this.#after(request);
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      by.deliver(() => reject(error));
      return;
    }
    if (fate === "lose") return;
    if (answer instanceof Promise) answer.then((late) => by.deliver(() => resolve(late)));
    else if (mutating) this.#time.at(this.#time.nowS + 0.02, () => by.deliver(() => resolve(answer)));
    else by.deliver(() => resolve(answer));
  }

  #fateOf(service: Service["name"], action: string): Fate | undefined {
    for (const trouble of this.troubles) {
      if (trouble.service !== service || trouble.untilS <= this.#time.nowS) continue;
      if (trouble.actions !== undefined && !trouble.actions.includes(action)) continue;
      const fate = trouble.fate();
      if (fate !== undefined) return fate;
    }
    return undefined;
  }
}
