import { z } from "zod";
import { assignmentStrategies } from "../policies/assignment/index.ts";
import type { Schema } from "../policies/contract/policy.ts";
import type { Scenario } from "../policies/contract/scenario.ts";
import { failovers } from "../policies/failover/index.ts";
import { DEFAULT_FAILOVER, DEFAULT_ROUTER } from "../policies/registry.ts";
import { routers } from "../policies/routing/index.ts";
import { schedulingPolicies } from "../policies/scheduling/index.ts";
import { wrappers } from "../policies/wrappers/index.ts";
import { oneOf } from "./faults.ts";
import { OWN_FILE } from "./own-policy.ts";

/** What a list offers by name. */
interface Listed {
  readonly name: string;
  readonly summary: string;
  readonly params?: Schema<unknown>;
}

const scheduling = z.union([
  name(schedulingPolicies, true),
  withParams(schedulingPolicies, true),
  z
    .strictObject({ command: z.array(z.string().min(1)).min(1), params: z.unknown().optional() })
    .describe("a policy in another language, started in the study's folder; docs/BRIDGE.md"),
]);
const failover = z.union([name(failovers, false), withParams(failovers, false)]);
const assignment = z.union([name(assignmentStrategies, false), withParams(assignmentStrategies, false)]);
const routing = z.union([name(routers, false), withParams(routers, false)]);

/** Everything that decides, by name; a name that is not listed, and parameters that do not fit, are faults of the study. */
export const scenarioSchema = z.strictObject({
  id: z
    .string()
    .min(1)
    .regex(/^\P{Cc}+$/u, { error: "expected one line, without control characters" })
    .exactOptional()
    .describe("what legends call it; made from its parts where absent"),
  scheduling: scheduling.describe("when to launch and terminate what"),
  wrappers: z
    .array(withParams(wrappers, false))
    .exactOptional()
    .describe("around the policy, from the inside out: the last one is asked first"),
  assignment: assignment.describe("which work runs where"),
  routing: routing
    .exactOptional()
    .describe(`which replica of a service a request goes to; ${DEFAULT_ROUTER} where absent`),
  failover: failover
    .exactOptional()
    .describe(`what happens to replicas of a service that have to go; ${DEFAULT_FAILOVER} where absent`),
  caps: z
    .strictObject({
      instances: z.int().min(0).exactOptional(),
      onDemand: z.int().min(0).exactOptional(),
      onDemandShare: z.number().min(0).max(1).exactOptional().describe("of all instances, 0 to 1"),
      launchesPerHour: z.int().min(0).exactOptional(),
      usdPerHour: z.number().nonnegative().exactOptional(),
      usdPerDay: z
        .number()
        .nonnegative()
        .exactOptional()
        .describe("what the last 24 hours cost, and the next one would"),
      instanceTypes: z.array(z.string()).min(1).exactOptional().describe("no others are launched"),
      zones: z.array(z.string()).min(1).exactOptional().describe("nothing is launched elsewhere"),
    })
    .exactOptional()
    .describe("limits that the guard keeps"),
}) satisfies z.ZodType<Scenario>;

function name(list: readonly Listed[], ownFiles: boolean) {
  const names = list.map((each) => each.name);
  const offered = list.map(({ name, summary }) => ({ const: name, description: summary }));
  const file = {
    pattern: OWN_FILE.source,
    description: "a file of your own: TypeScript that exports a definePolicy, or Python",
  };
  return z
    .string()
    .superRefine((name, context) => {
      if (names.includes(name) || (ownFiles && OWN_FILE.test(name))) return;
      const message = oneOf(names, name, ownFiles ? "./a-file.ts or .py of your own" : undefined);
      context.addIssue({ code: "custom", message });
    })
    .meta({ anyOf: ownFiles ? [...offered, file] : offered });
}

/** Parameters are checked by the named policy's own schema, so a fault lies where the parameter stands. */
function withParams(list: readonly Listed[], ownFiles: boolean) {
  return z
    .strictObject({ name: name(list, ownFiles), params: z.unknown().optional() })
    .superRefine(({ name, params }, context) => {
      const spec = list.find((each) => each.name === name);
      if (spec === undefined) return;
      if (spec.params === undefined) {
        if (params !== undefined)
          context.addIssue({ code: "custom", path: ["params"], message: `${name} takes none; remove it` });
        return;
      }
      const checked = (spec.params as z.ZodType).safeParse(params ?? {});
      for (const issue of checked.error?.issues ?? []) {
        context.addIssue({ ...issue, path: ["params", ...issue.path] } as Parameters<typeof context.addIssue>[0]);
      }
    })
    .meta({
      anyOf: list.map(({ name, summary, params }) => ({
        description: summary,
        properties: {
          name: { const: name },
          ...(params === undefined ? {} : { params: paramsJsonSchema(params as z.ZodType) }),
        },
      })),
    });
}

function paramsJsonSchema(params: z.ZodType): unknown {
  const { $schema: _, ...schema } = z.toJSONSchema(params, { io: "input" });
  return schema;
}
