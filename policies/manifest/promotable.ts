import type { Cadence, CloudSpec, Scenario, WorkloadName } from "../contract/scenario.ts";
import { isForeign, LIVE_CLOUD, nameOf } from "../contract/scenario.ts";

/** What a study simulated, as far as it decides whether a policy of it may run. */
export interface Simulated {
  readonly workload: WorkloadName;
  readonly cloud: CloudSpec;
  readonly cadence: Cadence;
  readonly policy: Scenario;
  /** Points of the study's sweep; 1 without one. */
  readonly points: number;
  readonly failedCells: number;
  /** Disjoint stretches of time that the policy was run on. */
  readonly units: number;
  /** Whether the code that ran was not what the repository has. Null: no repository. */
  readonly dirty: boolean | null;
}

/** What is to run: the policy and cadence of a fleet. */
export interface ToRun {
  readonly policy: Scenario;
  readonly cadence: Cadence;
}

/** Fewer pairs give no interval. */
const UNITS_MIN = 6;
const MEMORY = "with-capacity-memory";

/**
 * Why what was simulated is not what would run, each by the setting that has to change; empty if it is. `same` compares JSON.
 * Source: design of the workbench, part 11.
 */
export function unpromotable(simulated: Simulated, toRun: ToRun, same: (a: unknown, b: unknown) => boolean): string[] {
  const { workload, cloud, cadence, policy, points, failedCells, units, dirty } = simulated;
  const why: string[] = [];
  const must = (holds: boolean, otherwise: string) => {
    if (!holds) why.push(otherwise);
  };
  must(workload === "serving", `workload.model is ${workload}: only serving runs live; study a service`);
  must(
    !isForeign(policy),
    `scheduling is ${nameOf(policy.scheduling)}, in another language: only a policy in TypeScript runs live; write it as one`,
  );
  must(
    cloud.visibility === LIVE_CLOUD.visibility,
    `cloud.visibility is ${cloud.visibility}: EC2 tells nobody what is obtainable; set ${LIVE_CLOUD.visibility}`,
  );
  must(
    cloud.profile === LIVE_CLOUD.profile,
    `cloud.profile is ${cloud.profile}: what runs meets EC2's order and billing; set ${LIVE_CLOUD.profile}`,
  );
  must(
    cloud.noticeLeadS !== undefined,
    "cloud.noticeLeadS is not stated: say how long before a reclaim the notice comes",
  );
  must(cloud.launchS !== undefined, "cloud.launchS is not stated: say how long the parts of a launch take");
  must(
    points === 1,
    `the study sweeps over ${points} points: promote from a study of one, so that its numbers are of what runs`,
  );
  must(failedCells === 0, `${failedCells} cells failed: repair them, and run again`);
  must(units >= UNITS_MIN, `units are ${units}, fewer than ${UNITS_MIN} give no interval: take more or longer traces`);
  must(dirty !== true, "the study ran on changes that are not committed: commit them, and run again");
  must(same(cadence, toRun.cadence), "cadence differs between study and fleet: simulate the loop that will run");
  must(
    policy.caps !== undefined && Object.keys(policy.caps).length > 0,
    "policies.caps is missing: simulate with the caps that will hold",
  );
  must(
    (policy.wrappers ?? []).some(({ name }) => name === MEMORY),
    `policies.wrappers lacks ${MEMORY}: EC2 refuses, and what refused is not asked again at once`,
  );
  for (const part of ["scheduling", "wrappers", "assignment", "routing", "failover", "caps"] as const) {
    must(same(policy[part], toRun.policy[part]), `${part} differs between study and fleet: write the same in both`);
  }
  return why;
}
