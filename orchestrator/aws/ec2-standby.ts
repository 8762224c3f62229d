import type { EC2Client } from "@aws-sdk/client-ec2";
import type { Seconds } from "../../policies/contract/units.ts";
import type { LaunchOutcome, Standby } from "../ports.ts";
import { CallFailure, type Calls } from "./calls.ts";

const STOP_S: Seconds = 30;
const START_S: Seconds = 60;

/** On-demand instances that wait stopped. Whoever asks has read the tag. Source: AWS, StopInstances, StartInstances. */
export class Ec2Standby implements Standby {
  readonly #client: EC2Client;
  readonly #calls: Calls;

  constructor(client: EC2Client, calls: Calls) {
    this.#client = client;
    this.#calls = calls;
  }

  async stop(providerId: string, signal: AbortSignal): Promise<"done" | "absent"> {
    const { StopInstancesCommand } = await import("@aws-sdk/client-ec2");
    try {
      await this.#calls.insist({ name: "StopInstances", kind: "write", withinS: STOP_S }, signal, (abortSignal) =>
        this.#client.send(new StopInstancesCommand({ InstanceIds: [providerId] }), { abortSignal }),
      );
      return "done";
    } catch (error) {
      if (error instanceof CallFailure && error.verdict.is === "absent") return "absent";
      throw error;
    }
  }

  async start(providerId: string, signal: AbortSignal): Promise<LaunchOutcome> {
    const { StartInstancesCommand } = await import("@aws-sdk/client-ec2");
    try {
      await this.#calls.call({ name: "StartInstances", kind: "launch", withinS: START_S }, signal, (abortSignal) =>
        this.#client.send(new StartInstancesCommand({ InstanceIds: [providerId] }), { abortSignal }),
      );
      return { ok: true, providerId };
    } catch (error) {
      if (!(error instanceof CallFailure)) throw error;
      const { verdict, code } = error;
      if (verdict.is === "wrong") throw error;
      if (verdict.is === "refused" && verdict.reason !== "guard") {
        return { ok: false, reason: verdict.reason, scope: verdict.scope, code };
      }
      // Not known to have started: it is asked again later, and a start of what has started is granted.
      return { ok: false, reason: verdict.is === "denied" ? "denied" : "lost", scope: "market", code };
    }
  }
}
