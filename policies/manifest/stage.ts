import type { Scenario } from "../contract/scenario.ts";

/**
 * How far a policy is trusted with a fleet. shadow: it decides, and nothing is done. canary: it acts for one replica, the rest of
 * the fleet is whose it was. full: it acts for all.
 */
export type Stage = "shadow" | "canary" | "full";

export const STAGES: readonly Stage[] = ["shadow", "canary", "full"];

/** One replica, and the one that takes over from it. */
const CANARY_INSTANCES = 2;

/**
 * What a stage leaves of a fleet: of a canary one replica, with room for its replacement and no more.
 * @example staged("canary", { service: { name: "chat", replicas: 8 }, policy }).service // { name: "chat", replicas: 1 }
 */
export function staged<F extends { readonly service: { readonly replicas: number }; readonly policy: Scenario }>(
  stage: Stage,
  { service, policy }: F,
): Pick<F, "service" | "policy"> {
  if (stage !== "canary") return { service, policy };
  const instances = Math.min(CANARY_INSTANCES, policy.caps?.instances ?? Infinity);
  return { service: { ...service, replicas: 1 }, policy: { ...policy, caps: { ...policy.caps, instances } } };
}
