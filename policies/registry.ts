import { assignmentStrategies } from "./assignment/index.ts";
import type { AssignmentStrategy } from "./contract/assignment.ts";
import { nearestName } from "./contract/nearest.ts";
import type { PolicySpec, Schema, WrapperSpec } from "./contract/policy.ts";
import { type Named, type Scenario, scenarioLabel } from "./contract/scenario.ts";
import type { Json } from "./contract/units.ts";
import type { Decisions } from "./decider.ts";
import { schedulingPolicies } from "./scheduling/index.ts";
import { wrappers } from "./wrappers/index.ts";

/** A scenario names something that is not listed, or gives parameters that do not fit. */
export class ScenarioError extends Error {
  override readonly name = "ScenarioError";
}

/** Looks up the names of a scenario and checks its parameters. `own` adds policies that are not listed: a user's file. */
export function resolveScenario(scenario: Scenario, own: readonly PolicySpec<unknown, Json>[] = []): Decisions {
  const scheduling = named("scheduling policy", scenario.scheduling, [...own, ...schedulingPolicies]);
  let spec = scheduling.spec;
  for (const wrapper of scenario.wrappers ?? []) {
    const { spec: around, params } = named("wrapper", wrapper, wrappers);
    spec = around.wrap(spec, params) as PolicySpec<unknown, Json>;
  }
  const assignment = named("assignment strategy", scenario.assignment, assignmentStrategies);
  return {
    label: scenarioLabel(scenario),
    scheduling: spec,
    params: scheduling.params,
    assignment: assignment.spec,
    ...(scenario.caps === undefined ? {} : { caps: scenario.caps }),
  };
}

function named<T extends AssignmentStrategy | PolicySpec<unknown, Json> | WrapperSpec<unknown, Json>>(
  what: string,
  wanted: Named,
  list: readonly T[],
): { readonly spec: T; readonly params: unknown } {
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
