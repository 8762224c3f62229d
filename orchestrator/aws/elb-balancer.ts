import type { ElasticLoadBalancingV2Client } from "@aws-sdk/client-elastic-load-balancing-v2";
import type { Seconds } from "../../policies/contract/units.ts";
import type { Balancer } from "../ports.ts";
import { CallFailure, type CallKind, type Calls } from "./calls.ts";

export interface ElbOptions {
  readonly client: ElasticLoadBalancingV2Client;
  readonly calls: Calls;
  readonly targetGroupArn: string;
  /** Of the model server on each instance. */
  readonly port: number;
}

/** As the balancer sees a replica; "unknown" where it cannot be asked. */
export type TargetHealth = "initial" | "healthy" | "unhealthy" | "draining" | "unused" | "unknown";

/** Requests in flight may go on for so long after a deregistration; a notice is at most 120 s ahead. */
const DEREGISTRATION_S_MAX = 100;
/** Interval x threshold: so long traffic may still come after the agent says 503. */
const UNHEALTHY_S_MAX = 15;
const CALL_S: Seconds = 30;

/** One target group of an application or network load balancer. Each call goes on until it is done: routing is safety. */
export class ElbBalancer implements Balancer {
  readonly #options: ElbOptions;

  constructor(options: ElbOptions) {
    this.#options = options;
  }

  register(providerId: string, signal: AbortSignal): Promise<"done" | "absent"> {
    return this.#insist("RegisterTargets", "write", providerId, signal);
  }

  /** An instance that was never registered is sent nothing: that is all that was asked for. */
  deregister(providerId: string, signal: AbortSignal): Promise<"done" | "absent"> {
    return this.#insist("DeregisterTargets", "safety", providerId, signal);
  }

  /** absent: it has ended meanwhile. */
  async #insist(
    name: "RegisterTargets" | "DeregisterTargets",
    kind: CallKind,
    providerId: string,
    signal: AbortSignal,
  ): Promise<"done" | "absent"> {
    const { client, calls } = this.#options;
    const sdk = await import("@aws-sdk/client-elastic-load-balancing-v2");
    const target = this.#target(providerId);
    try {
      await calls.insist<unknown>({ name, kind, withinS: CALL_S }, signal, (abortSignal) =>
        name === "RegisterTargets"
          ? client.send(new sdk.RegisterTargetsCommand(target), { abortSignal })
          : client.send(new sdk.DeregisterTargetsCommand(target), { abortSignal }),
      );
      return "done";
    } catch (error) {
      if (error instanceof CallFailure && /^InvalidTarget(Exception)?$/.test(error.code)) return "absent";
      throw error;
    }
  }

  /** @throws CallFailure when the group cannot be described */
  async registered(signal: AbortSignal): Promise<readonly string[]> {
    const { client, calls, targetGroupArn } = this.#options;
    const { DescribeTargetHealthCommand } = await import("@aws-sdk/client-elastic-load-balancing-v2");
    const { TargetHealthDescriptions = [] } = await calls.call(
      { name: "DescribeTargetHealth", kind: "read", withinS: CALL_S },
      signal,
      (abortSignal) =>
        client.send(new DescribeTargetHealthCommand({ TargetGroupArn: targetGroupArn }), { abortSignal }),
    );
    return TargetHealthDescriptions.flatMap(({ Target, TargetHealth }) =>
      Target?.Id === undefined || TargetHealth?.State === "draining" ? [] : [Target.Id],
    );
  }

  async health(providerId: string, signal: AbortSignal): Promise<TargetHealth> {
    const { client, calls } = this.#options;
    const { DescribeTargetHealthCommand } = await import("@aws-sdk/client-elastic-load-balancing-v2");
    try {
      const { TargetHealthDescriptions = [] } = await calls.call(
        { name: "DescribeTargetHealth", kind: "read", withinS: CALL_S },
        signal,
        (abortSignal) => client.send(new DescribeTargetHealthCommand(this.#target(providerId)), { abortSignal }),
      );
      const state = TargetHealthDescriptions[0]?.TargetHealth?.State;
      switch (state) {
        case "initial":
        case "healthy":
        case "unhealthy":
        case "draining":
        case "unused":
          return state;
        default:
          return "unknown";
      }
    } catch (error) {
      if (error instanceof CallFailure) return "unknown";
      throw error;
    }
  }

  /**
   * What is wrong with the target group for instances that EC2 takes back two minutes after it says so; empty if nothing is.
   * @throws CallFailure when it cannot be described
   */
  async faults(signal: AbortSignal): Promise<string[]> {
    const { client, calls, targetGroupArn } = this.#options;
    const { DescribeTargetGroupAttributesCommand, DescribeTargetGroupsCommand } = await import(
      "@aws-sdk/client-elastic-load-balancing-v2"
    );
    const { Attributes = [] } = await calls.call(
      { name: "DescribeTargetGroupAttributes", kind: "read", withinS: CALL_S },
      signal,
      (abortSignal) =>
        client.send(new DescribeTargetGroupAttributesCommand({ TargetGroupArn: targetGroupArn }), { abortSignal }),
    );
    const { TargetGroups = [] } = await calls.call(
      { name: "DescribeTargetGroups", kind: "read", withinS: CALL_S },
      signal,
      (abortSignal) =>
        client.send(new DescribeTargetGroupsCommand({ TargetGroupArns: [targetGroupArn] }), { abortSignal }),
    );
    const faults: string[] = [];
    const DELAY = "deregistration_delay.timeout_seconds";
    const delayS = Number(Attributes.find(({ Key }) => Key === DELAY)?.Value ?? 300);
    if (!(delayS <= DEREGISTRATION_S_MAX)) {
      faults.push(`${DELAY} is ${delayS}, longer than a notice leaves; set it to ${DEREGISTRATION_S_MAX} or less`);
    }
    const { HealthCheckIntervalSeconds: intervalS = 30, UnhealthyThresholdCount: threshold = 2 } =
      TargetGroups[0] ?? {};
    if (!(intervalS * threshold <= UNHEALTHY_S_MAX)) {
      faults.push(
        `the health check takes ${intervalS} s x ${threshold} to stop traffic; set interval and unhealthy threshold to ${UNHEALTHY_S_MAX} s or less together, such as 5 and 2`,
      );
    }
    return faults;
  }

  #target(providerId: string) {
    const { targetGroupArn, port } = this.#options;
    return { TargetGroupArn: targetGroupArn, Targets: [{ Id: providerId, Port: port }] };
  }
}

/** A client whose calls end up on our own retries and deadlines alone. */
export async function elbClient(region: string, endpoint?: string): Promise<ElasticLoadBalancingV2Client> {
  const { ElasticLoadBalancingV2Client } = await import("@aws-sdk/client-elastic-load-balancing-v2");
  return new ElasticLoadBalancingV2Client({ region, maxAttempts: 1, ...(endpoint === undefined ? {} : { endpoint }) });
}
