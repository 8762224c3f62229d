import type { MiB, Seconds, Usd, UsdPerHour } from "./units.ts";

/** What both sides name: a study, a record, later a promotion manifest. */
export type Named = string | { readonly name: string; readonly params?: unknown };

/** A policy in another language: the command that starts it, in the study's folder. Simulated only. */
export interface Commanded {
  readonly command: readonly string[];
  readonly params?: unknown;
}

/** Everything that decides, by name. */
export interface Scenario {
  /** Legend label; made from the parts where absent (`scenarioLabel`). */
  readonly id?: string;
  readonly scheduling: Named | Commanded;
  /** From the inside out: the last one is asked first. */
  readonly wrappers?: readonly { readonly name: string; readonly params?: unknown }[];
  readonly assignment: Named;
  /** Which replica a request goes to; least-outstanding where absent. */
  readonly routing?: Named;
  /** What happens to replicas of a service that have to go. Absent: `serve-on`. */
  readonly failover?: Named;
  readonly caps?: Caps;
}

/** What the guard lets a fleet grow to by launches, in replay too; what runs is never ended because of it. Absent: no cap. */
export interface Caps {
  /** Requested or up. */
  readonly instances?: number;
  readonly onDemand?: number;
  /** Of all instances, the launch in question included. 0 to 1. */
  readonly onDemandShare?: number;
  readonly launchesPerHour?: number;
  readonly usdPerHour?: UsdPerHour;
  /** What the last 24 hours have cost, and one more at what would be held then. */
  readonly usdPerDay?: Usd;
  readonly instanceTypes?: readonly string[];
  readonly zones?: readonly string[];
}

export type Cap = keyof Caps;

/** When a policy is asked: the live loop polls, so what is simulated must be able to poll too. */
export interface Cadence {
  /** At every fact but a price, and at wakeAt. */
  readonly onChange: boolean;
  /** And on the grid 0, everyS, 2 everyS, ... */
  readonly everyS?: Seconds;
  /** One ask at each time of the grid, whatever comes of it. Absent: until the decisions have settled. */
  readonly once?: boolean;
}

/** What is to be done; each is a model of its own in the simulator. */
export type WorkloadName = "tasks" | "deadline-job" | "serving";

export type ProfileName = "aws" | "cbl-tick-v1" | "skyserve-tick" | "skynomad-tick" | "spotserve";

export type Distribution =
  | { readonly kind: "constant"; readonly value: number }
  | { readonly kind: "lognormal"; readonly median: number; readonly p95: number }
  | { readonly kind: "empirical"; readonly values: readonly number[] };

/** Seconds of each part of a launch after the answer, in order. */
export interface LaunchParts {
  readonly boot: Distribution;
  readonly imagePull: Distribution;
  readonly engineStart: Distribution;
}

/** What the simulated cloud does; the live loop needs its visibility and its expected launch times. */
export interface CloudSpec {
  readonly profile: ProfileName;
  /** Absent: the profile's defaults. */
  readonly answerS?: Distribution;
  readonly noticeLeadS?: Distribution;
  readonly launchS?: LaunchParts;
  /** Share of the reclaims that come without any notice. Absent: none. */
  readonly noticeMissingShare?: number;
  /** Absent: nothing is recommended. */
  readonly rebalance?: RebalanceSpec;
  readonly interruptions: /** Reclaims when the trace's capacity falls below what is held. */
    | { readonly model: "capacity" }
    /** Reclaims at a rate per instance-hour, with shocks that take all spot instances of a zone or region; always grants. */
    | {
        readonly model: "hazard";
        readonly perHour: number;
        readonly zoneShockPerHour?: number;
        readonly regionShockPerHour?: number;
      };
  /** told: policies see `obtainable`. tried: only asking tells, as on EC2. */
  readonly visibility: "told" | "tried";
  /** observed: the trace's count is the limit. unlimited: any positive count is read as unlimited. */
  readonly depth: "observed" | "unlimited";
  readonly slotsPerInstance: number;
  /** What an instance of each type offers. */
  readonly instanceTypes: Readonly<Record<string, InstanceTypeSpec>>;
  /** What is billed beside instances. Absent: nothing. */
  readonly bill?: BillSpec;
}

/** Lines of the bill beside instances, each with its price; a line that is absent is not billed. */
export interface BillSpec {
  /** One volume an instance. */
  readonly disk?: { readonly gib: number; readonly usdPerGibMonth: Usd };
  /** One public address an instance. */
  readonly addressUsdPerHour?: UsdPerHour;
  readonly transfer?: TransferSpec;
  /** One load balancer, for the whole run. */
  readonly balancerUsdPerHour?: UsdPerHour;
}

export interface TransferSpec {
  /** Each way: charged to the sender and to the receiver. */
  readonly betweenZonesUsdPerGib: Usd;
  /** Out of a region into another: one price for all, one for each region that is left, or one for each pair. */
  readonly betweenRegionsUsdPerGib: Usd | Readonly<Record<string, Usd | Readonly<Record<string, Usd>>>>;
  /** Where checkpoints and weights lie. Absent: a checkpoint lies in the region it was written in, weights in every region. */
  readonly storageRegion?: string;
}

/**
 * EC2's rebalance recommendation. Assumes that every one is followed by a reclaim: where capacity drops the recommendation comes
 * then, the notice `leadS` later, so that such instances live on for so long.
 */
export interface RebalanceSpec {
  /** Of the reclaims that have one. */
  readonly share: number;
  /** From the recommendation to the notice. */
  readonly leadS: Distribution;
}

/** What a policy meets on EC2, and so what a study must have simulated before the policy may run there. */
export const LIVE_CLOUD: Pick<CloudSpec, "profile" | "visibility"> = { profile: "aws", visibility: "tried" };

export interface InstanceTypeSpec {
  /** Of all its GPUs together. */
  readonly gpuMemoryMiB: MiB;
  readonly networkMiBPerS: number;
  /** Where models are timed by what the GPUs can do. */
  readonly gpu?: GpuSpec;
}

/** The GPUs of an instance: how many, and the peaks of each. */
export interface GpuSpec {
  readonly count: number;
  readonly bandwidthGBPerS: number;
  /** Dense, in half precision. */
  readonly fp16Tflops: number;
  /** Between the GPUs of one instance. Absent: what they tell each other takes no time of its own. */
  readonly link?: GpuLink;
}

export interface GpuLink {
  /** One way. */
  readonly bandwidthGBPerS: number;
  /** Of one exchange among all of them, however little is exchanged. */
  readonly latencyUs: number;
}

/**
 * What legends and tables call a scenario: its id, or its parts.
 * @example scenarioLabel({ scheduling: "greedy", assignment: "kuhn-munkres" }) // "greedy + kuhn-munkres"
 */
export function scenarioLabel(scenario: Scenario): string {
  if (scenario.id !== undefined) return scenario.id;
  const inner = (scenario.wrappers ?? []).reduce(
    (label, wrapper) => `${wrapper.name}(${label})`,
    nameOf(scenario.scheduling),
  );
  const rest = [scenario.assignment, scenario.routing, scenario.failover].flatMap((part) =>
    part === undefined ? [] : nameOf(part),
  );
  return [inner, ...rest].join(" + ");
}

/** @example nameOf({ command: ["./my-policy", "--fast"] }) // "./my-policy --fast" */
export function nameOf(part: Named | Commanded): string {
  if (typeof part === "string") return part;
  return "command" in part ? part.command.join(" ") : part.name;
}

/**
 * Whether its policy runs in a process of its own, in whatever language: slow, and simulated only.
 * @example isForeign({ scheduling: "./my_policy.py" }) // true
 */
export const isForeign = ({ scheduling }: Pick<Scenario, "scheduling">): boolean =>
  (typeof scheduling === "object" && "command" in scheduling) || /^\..*\.py$/.test(nameOf(scheduling));
