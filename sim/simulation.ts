import type { Note } from "../policies/contract/actions.ts";
import type { Bound } from "../policies/contract/policy.ts";
import type { Cadence, CloudSpec, WorkloadName } from "../policies/contract/scenario.ts";
import type { Seconds, Usd } from "../policies/contract/units.ts";
import type { RequestColumns } from "../traces/requests.ts";
import type { TraceTable } from "../traces/trace-table.ts";

/** Which workload, and its parameters as the study wrote them; the workload's own schema checks them. */
export interface WorkloadSpec {
  readonly model: WorkloadName;
  readonly params: unknown;
}

/** One run, for the decisions handed to `simulate` beside it. Same input, same bytes out: nothing else is read. */
export interface SimulationInput {
  /** Spot and on-demand markets, from 0 to at least horizonS. */
  readonly table: TraceTable;
  /** Work arrives and is measured before it. */
  readonly horizonS: Seconds;
  /** The run goes on this much longer, without arrivals, so that started work can finish. Default 0. */
  readonly drainS?: Seconds;
  readonly workload: WorkloadSpec;
  /** Those of the file that the workload names, opened; in order of arrival. */
  readonly requests?: RequestColumns | undefined;
  readonly cloud: CloudSpec;
  readonly cadence: Cadence;
  /** Names the luck: study, trace and replicate, never the policy. */
  readonly seed: string;
  /** Record the timeline and the action log. */
  readonly traced?: boolean;
}

export interface SimulationResult {
  /** Names carry units: docs/METRICS.md defines each. All finite; what is undefined in a run (a mean of nothing) is absent. */
  readonly metrics: Readonly<Record<string, number>>;
  /** What the run took for granted, as sentences for the record. */
  readonly assumptions: readonly string[];
  /** The policy was told the future; what its cost is a bound of, if of anything. */
  readonly clairvoyant?: { readonly bound: Bound | null };
  /** Over all facts and actions, hex. */
  readonly fingerprint: string;
  readonly timeline?: Timeline;
}

/** One run as a picture: an instance a row, work on it, notices, decisions with their reasons. */
export interface Timeline {
  readonly endS: Seconds;
  readonly markets: readonly { readonly name: string; readonly capacityType: "spot" | "onDemand" }[];
  /** Step functions of the markets over the run. capacity null: unlimited. */
  readonly prices: readonly { readonly market: number; readonly timeS: Seconds; readonly usdPerHour: number }[];
  readonly capacity: readonly { readonly market: number; readonly timeS: Seconds; readonly count: number | null }[];
  readonly instances: readonly TimelineInstance[];
  readonly work: readonly TimelineWork[];
  /** Ready replicas wanted by a service from each time on; absent for other work. */
  readonly wanted?: readonly { readonly timeS: Seconds; readonly replicas: number }[];
  readonly asks: readonly {
    readonly timeS: Seconds;
    readonly actions: readonly string[];
    readonly notes: readonly Note[];
  }[];
}
/** One life of an instance: one that was stopped and started has several. */
export interface TimelineInstance {
  readonly id: number;
  readonly market: number;
  readonly requestedS: Seconds;
  readonly runningS: Seconds | null;
  readonly readyS: Seconds | null;
  readonly noticeS: Seconds | null;
  /** End of the run for those that outlive it. */
  readonly endS: Seconds;
  readonly endedBy: "terminated" | "reclaimed" | "refused" | "stopped" | "cut";
  /** Kept to stand in for a replica. */
  readonly spare?: true;
  readonly usd: Usd;
}
/** A stretch in which a task ran on an instance, or a replica there was ready and not deregistered. */
export interface TimelineWork {
  readonly work: number;
  readonly instance: number;
  readonly fromS: Seconds;
  readonly toS: Seconds;
  readonly ended: "completed" | "stopped" | "cut";
  /** Of a replica: until when, after toS, it finished what it had. */
  readonly drainedToS?: Seconds;
}
