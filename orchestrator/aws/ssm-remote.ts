import type { SSMClient } from "@aws-sdk/client-ssm";
import type { Seconds } from "../../policies/contract/units.ts";
import type { Account, Clock } from "../ports.ts";
import { CallFailure, type Calls } from "./calls.ts";
import type { RemoteVerb } from "./ssm-document.ts";

export interface RemoteOptions {
  readonly client: SSMClient;
  readonly calls: Calls;
  readonly clock: Clock;
  /** Of the fleet's document (`ssmDocument`). */
  readonly documentName: string;
  /** Whose an instance is, read before each command. */
  readonly account: Pick<Account, "ownerOf">;
}

/** foreign, absent, unknown: nothing was sent. lost: sent, and nobody said in time what came of it. */
export type RemoteOutcome =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly why: "foreign" | "absent" | "unknown" | "refused" | "failed" | "lost";
      readonly said: string;
    };

const CALL_S: Seconds = 30;
/** SSM gives up an instance that does not take a command within so long; 30 is its least. */
const DELIVERY_S: Seconds = 30;
const ANSWER_S: Seconds = 180;
const LOOK_EVERY_S: Seconds = 2;

/** Fixed verbs on one instance of the fleet, by SSM: too slow for a notice, which is the agent's, and the way to it when it is silent. */
export class SsmRemote {
  readonly #options: RemoteOptions;

  constructor(options: RemoteOptions) {
    this.#options = options;
  }

  /** @param epoch of the lease: a node that has heard a newer one does nothing */
  async run(providerId: string, verb: RemoteVerb, epoch: number, signal: AbortSignal): Promise<RemoteOutcome> {
    const { client, calls, documentName, account } = this.#options;
    const owner = await account.ownerOf(providerId, signal);
    if (owner !== "ours") return { ok: false, why: owner, said: `${providerId} is not known as of this fleet` };
    const { SendCommandCommand } = await import("@aws-sdk/client-ssm");
    const input = {
      DocumentName: documentName,
      InstanceIds: [providerId],
      Parameters: { verb: [verb], epoch: [String(epoch)] },
      TimeoutSeconds: DELIVERY_S,
    };
    try {
      const { Command } = await calls.call(
        { name: "SendCommand", kind: verb === "start-engine" ? "write" : "safety", withinS: CALL_S },
        signal,
        (abortSignal) => client.send(new SendCommandCommand(input), { abortSignal }),
      );
      return await this.#outcome(Command?.CommandId ?? "", providerId, signal);
    } catch (error) {
      if (!(error instanceof CallFailure)) throw error;
      const why = error.verdict.is === "unknown" || error.verdict.is === "throttled" ? "lost" : "refused";
      return { ok: false, why, said: error.message };
    }
  }

  async #outcome(CommandId: string, InstanceId: string, signal: AbortSignal): Promise<RemoteOutcome> {
    const { client, calls, clock } = this.#options;
    const { GetCommandInvocationCommand } = await import("@aws-sdk/client-ssm");
    const untilS = clock.nowS() + ANSWER_S;
    while (clock.nowS() < untilS) {
      const { Status, StandardErrorContent = "" } = await calls.call(
        // A command that was just sent is not there yet: asked for again until then.
        { name: "GetCommandInvocation", kind: "read", withinS: CALL_S },
        signal,
        (abortSignal) => client.send(new GetCommandInvocationCommand({ CommandId, InstanceId }), { abortSignal }),
      );
      if (Status === "Success") return { ok: true };
      if (Status === "Failed" || Status === "TimedOut" || Status === "Cancelled") {
        return { ok: false, why: "failed", said: `${Status}: ${StandardErrorContent.trim().slice(0, 500)}` };
      }
      await clock.sleepUntil(clock.nowS() + LOOK_EVERY_S, signal);
      signal.throwIfAborted();
    }
    return { ok: false, why: "lost", said: `no answer within ${ANSWER_S} s` };
  }
}

/** A client whose calls end up on our own retries and deadlines alone. */
export async function ssmClient(region: string, endpoint?: string): Promise<SSMClient> {
  const { SSMClient } = await import("@aws-sdk/client-ssm");
  return new SSMClient({ region, maxAttempts: 1, ...(endpoint === undefined ? {} : { endpoint }) });
}
