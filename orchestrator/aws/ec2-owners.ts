import type { EC2Client } from "@aws-sdk/client-ec2";
import type { Seconds } from "../../policies/contract/units.ts";
import type { Clock, Owner } from "../ports.ts";
import { CallFailure, type Calls } from "./calls.ts";

export interface OwnersOptions {
  readonly client: EC2Client;
  readonly calls: Calls;
  readonly clock: Clock;
  /** Key and value of the tag that marks what is ours. */
  readonly tag: { readonly key: string; readonly value: string };
}

const READ_S: Seconds = 10;
/** A filter takes so many values. Source: AWS, DescribeInstances. */
const VALUES_MAX = 200;

/** Whose instances are, by their tags as of now. Those asked for together are asked about together: a mass notice is one question. */
export class Ec2Owners {
  readonly #options: OwnersOptions;
  #asking: { readonly ids: Set<string>; readonly answer: Promise<ReadonlyMap<string, Owner> | undefined> } | undefined;

  constructor(options: OwnersOptions) {
    this.#options = options;
  }

  async of(providerId: string, signal: AbortSignal): Promise<Owner> {
    if (this.#asking === undefined || this.#asking.ids.size === VALUES_MAX) {
      const ids = new Set<string>();
      const { clock } = this.#options;
      // Of nobody's signal: whoever asked first may give up while the others go on asking.
      const { signal: shared } = new AbortController();
      const answer = clock.sleepUntil(clock.nowS(), shared).then(() => {
        if (this.#asking?.ids === ids) this.#asking = undefined;
        return this.#read(ids, shared);
      });
      this.#asking = { ids, answer };
    }
    this.#asking.ids.add(providerId);
    const owners = await this.#asking.answer;
    signal.throwIfAborted();
    return owners === undefined ? "unknown" : (owners.get(providerId) ?? "absent");
  }

  async #read(ids: ReadonlySet<string>, signal: AbortSignal): Promise<ReadonlyMap<string, Owner> | undefined> {
    const { client, calls, tag } = this.#options;
    const { DescribeInstancesCommand } = await import("@aws-sdk/client-ec2");
    // By a filter, since one id that nobody knows would spoil the answer about all others.
    const input = { Filters: [{ Name: "instance-id", Values: [...ids] }] };
    try {
      const { Reservations = [] } = await calls.call(
        { name: "DescribeInstances", kind: "safety", withinS: READ_S },
        signal,
        (abortSignal) => client.send(new DescribeInstancesCommand(input), { abortSignal }),
      );
      const found = Reservations.flatMap(({ Instances = [] }) => Instances);
      return new Map(
        found.map(({ InstanceId = "", Tags = [] }): [string, Owner] => [
          InstanceId,
          Tags.some(({ Key, Value }) => Key === tag.key && Value === tag.value) ? "ours" : "foreign",
        ]),
      );
    } catch (error) {
      if (error instanceof CallFailure) return undefined;
      throw error;
    }
  }
}
