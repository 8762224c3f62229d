import type { Scenario } from "../contract/scenario.ts";

/**
 * How far a policy is trusted with a fleet. shadow: it decides, and nothing is done. canary: it acts for one replica, the rest of
 * the fleet is whose it was. full: it acts for all.
 */
export type Stage = "shadow" | "canary" | "full";

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

/** What a journal shows of a stage: of one run of one fleet, decided again with no difference. */
export interface Evidence {
  readonly stage: Stage;
  readonly hours: number;
  readonly asks: number;
  /** Launches that were granted. */
  readonly launches: number;
  readonly notices: number;
  /** Of the journal's bytes. */
  readonly journalSha256: string;
}

/** What each stage must have shown before the next. A canary has lost a replica at least once: that is what it is for. Source: house. */
const NEEDED = {
  shadow: { next: "canary", hours: 24, asks: 100, launches: 1, notices: 0 },
  canary: { next: "full", hours: 24, asks: 100, launches: 3, notices: 1 },
} as const satisfies Record<
  Exclude<Stage, "full">,
  { readonly next: Stage } & Record<(typeof COUNTED)[number], number>
>;
const COUNTED = ["hours", "asks", "launches", "notices"] as const;

/** What comes after a stage, and why the evidence does not reach for it, each with what helps; empty if it does. */
export function nextStage(
  stage: Exclude<Stage, "full">,
  evidence: Evidence,
): { readonly next: Stage; readonly faults: string[] } {
  const { next, ...needed } = NEEDED[stage];
  const faults: string[] = [];
  if (evidence.stage !== stage) {
    faults.push(`it is the journal of ${evidence.stage}, the manifest's stage is ${stage}; name a journal of that`);
  }
  for (const name of COUNTED) {
    if (evidence[name] >= needed[name]) continue;
    const found = Math.floor(evidence[name] * 10) / 10;
    faults.push(`${name} are ${found}, ${next} needs ${needed[name]}; let it run on${HELP[name] ?? ""}`);
  }
  return { next, faults };
}

const HELP: Partial<Record<(typeof COUNTED)[number], string>> = {
  notices: ", or have EC2 initiate an interruption of its spot instance",
};
