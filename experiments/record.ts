import type { Cadence, CloudSpec, Scenario } from "../policies/contract/scenario.ts";
import type { Seconds } from "../policies/contract/units.ts";
import type { SimulationResult, Timeline, WorkloadSpec } from "../sim/simulation.ts";

/** One cell: a policy, on one stretch of one market, with one replicate of luck. The seed never depends on the policy. */
export interface RunSpec {
  /** Study-given name of the trace, its digest, and the window in it. */
  readonly trace: string;
  readonly traceDigest: string;
  readonly fromS: Seconds;
  readonly lengthS: Seconds;
  /** Unit of inference: a disjoint stretch of calendar time, or a seed of a generated trace. */
  readonly unit: string;
  readonly replicate: number;
  readonly seed: string;
  readonly workload: WorkloadSpec;
  readonly cloud: CloudSpec;
  readonly cadence: Cadence;
  readonly drainS: Seconds;
  /** Whose accounts its log is put into besides our own. */
  readonly accounting?: "synkti-seed";
  /** Legend label: scenario.id, or made from its parts. */
  readonly policyId: string;
  readonly policy: Scenario;
  /** The sweep's coordinates: path -> value. */
  readonly axes: Readonly<Record<string, unknown>>;
  /** Digest of the import closures of engine, workload and everything the scenario names. */
  readonly closureDigest: string;
}

/** One line of runs.ndjson. Wall times stand in another file. */
export type RunRecord = {
  readonly key: string;
  readonly spec: RunSpec;
  readonly versions: { readonly engine: string; readonly node: string };
} & (
  | {
      readonly ok: true;
      readonly metrics: Readonly<Record<string, number>>;
      readonly assumptions: readonly string[];
      readonly clairvoyant?: SimulationResult["clairvoyant"];
      readonly fingerprint: string;
    }
  | { readonly ok: false; readonly error: string; readonly replay: string }
);

/** A run with everything that happened in it, and where it stands in the study. */
export interface TracedRun extends Pick<RunSpec, "policyId" | "trace" | "unit" | "replicate" | "axes"> {
  readonly timeline: Timeline;
}

/** What a manifest says of a policy of the user's own. */
export interface OwnPolicyNote {
  readonly policyId: string;
  readonly policy: string;
  /** Of one in another language: what runs it, beside the workbench, slowly; it can only be simulated. */
  readonly foreign?: string;
  /** "kept", or why that is not known. */
  readonly laws: string;
}
