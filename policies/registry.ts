import { assignmentStrategies } from "./assignment/index.ts";
import type { AssignmentStrategy } from "./contract/assignment.ts";
import type { FailoverSpec } from "./contract/failover.ts";
import { nearestName } from "./contract/nearest.ts";
import { type AnyPolicySpec, decidesFor, type PolicySpec, type Schema, type WrapperSpec } from "./contract/policy.ts";
import type { RouterSpec } from "./contract/routing.ts";
import {
  type Cadence,
  type CloudSpec,
  type Named,
  type Scenario,
  scenarioLabel,
  type WorkloadName,
} from "./contract/scenario.ts";
import type { Json } from "./contract/units.ts";
import type { Decisions } from "./decider.ts";
import { failovers } from "./failover/index.ts";
import { routers } from "./routing/index.ts";
import { schedulingPolicies } from "./scheduling/index.ts";
import { wrappers } from "./wrappers/index.ts";

/** A scenario names something that is not listed, or gives parameters that do not fit. */
export class ScenarioError extends Error {
  override readonly name = "ScenarioError";
}

/** Of a scenario that names none. */
export const DEFAULT_ROUTER = "least-outstanding";
/** How a service fails over where a scenario says nothing of it. */
export const DEFAULT_FAILOVER = "serve-on";

/** Looks up the names of a scenario and checks its parameters. `own` adds policies that are not listed: a user's file. */
export function resolveScenario(scenario: Scenario, own: readonly AnyPolicySpec[] = []): Decisions {
  if (typeof scenario.scheduling === "object" && "command" in scenario.scheduling) {
    throw new ScenarioError("a policy that a command starts can only be simulated, by a study");
  }
  const scheduling = named("scheduling policy", scenario.scheduling, [...own, ...schedulingPolicies]);
  let spec = scheduling.spec;
  for (const wrapper of scenario.wrappers ?? []) {
    if (spec.bound?.kind === "relaxation") {
      throw new ScenarioError(`${spec.name} is a bound that decides nothing; remove its wrappers`);
    }
    const { spec: around, params } = named("wrapper", wrapper, wrappers);
    const wrapped: AnyPolicySpec = around.wrap(spec as PolicySpec<unknown, Json>, params);
    // An optimum that a wrapper interferes with is none.
    spec = wrapped.bound === undefined ? wrapped : { ...wrapped, bound: { ...wrapped.bound, kind: "heuristic" } };
  }
  const assignment = named("assignment strategy", scenario.assignment, assignmentStrategies);
  const router = named("router", scenario.routing ?? DEFAULT_ROUTER, routers);
  const failover = named("way to fail over", scenario.failover ?? DEFAULT_FAILOVER, failovers);
  return {
    label: scenarioLabel(scenario),
    scheduling: spec,
    params: scheduling.params,
    assignment: assignment.spec,
    routing: (luck) => router.spec.create(router.params, luck),
    failover: failover.spec.rules(failover.params),
    ...(scenario.caps === undefined ? {} : { caps: scenario.caps }),
  };
}

/**
 * Why the policy cannot decide this: it is for other work, or is not given what it needs. Undefined if it can.
 * @param isCutOverGpus each replica of the service is on the GPUs of several instances.
 * @example unfitFor(uniformProgress, "tasks", cloud, cadence) // "uniform-progress does not decide for the workload tasks; those that do are ..."
 */
export function unfitFor(
  { scheduling }: Pick<Decisions, "scheduling">,
  workload: WorkloadName,
  cloud: Pick<CloudSpec, "profile" | "visibility">,
  cadence: Cadence,
  isCutOverGpus = false,
): string | undefined {
  const { name, needs = [], bound } = scheduling;
  if (!decidesFor(scheduling, workload)) {
    const others = schedulingPolicies.filter((each) => decidesFor(each, workload)).map((each) => each.name);
    return `${name} does not decide for the workload ${workload}; those that do are ${others.join(", ")}`;
  }
  if (needs.includes("layouts") && !isCutOverGpus) {
    return `${name} lays out a model over the GPUs of several instances; add workload.params.requests.modelParallel, or choose another policy`;
  }
  if (isCutOverGpus && !needs.includes("layouts")) {
    const others = schedulingPolicies.filter((each) => each.needs?.includes("layouts")).map((each) => each.name);
    return `${name} places each replica on one instance, and this model is cut over several; those that lay it out are ${others.join(", ")}`;
  }
  if (needs.includes("availability") && cloud.visibility === "tried") {
    return `${name} must be told what is obtainable; set cloud.visibility: told, or choose a policy that tries`;
  }
  if (needs.includes("grid") && cadence.everyS === undefined) {
    return `${name} must be asked at regular times; set cadence.everyS`;
  }
  if (bound?.profile !== undefined && bound.profile !== cloud.profile) {
    return `${name} is a bound under the timing profile ${bound.profile}, the study's is ${cloud.profile}; leave it out`;
  }
  return undefined;
}

function named<
  T extends
    | AssignmentStrategy
    | AnyPolicySpec
    | WrapperSpec<unknown, Json>
    | RouterSpec<unknown>
    | FailoverSpec<unknown>,
>(what: string, wanted: Named, list: readonly T[]): { readonly spec: T; readonly params: unknown } {
  const { name, params } = typeof wanted === "string" ? { name: wanted, params: undefined } : wanted;
  const spec = list.find((each) => each.name === name);
  if (spec === undefined) {
    const names = list.map((each) => each.name);
    throw new ScenarioError(
      `no ${what} is called "${name}"; did you mean "${nearestName(name, names)}"? There are ${names.join(", ")}`,
    );
  }
  if (!hasParams(spec)) {
    if (params !== undefined) throw new ScenarioError(`${what} ${name} takes no parameters; remove params`);
    return { spec, params };
  }
  try {
    return { spec, params: spec.params.parse(params ?? {}) };
  } catch (error) {
    throw new ScenarioError(`${what} ${name}: its params do not fit: ${messageOf(error)}`);
  }
}

const hasParams = (spec: object): spec is { readonly params: Schema<unknown> } => "params" in spec;

function messageOf(error: unknown): string {
  const issues = (
    error as { readonly issues?: readonly { readonly path: readonly unknown[]; readonly message: string }[] }
  ).issues;
  if (issues === undefined) return String(error);
  return issues.map(({ path, message }) => `${path.join(".") || "params"}: ${message}`).join("; ");
}
