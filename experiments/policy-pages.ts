import { z } from "zod";
import { assignmentStrategies } from "../policies/assignment/index.ts";
import { nearestName } from "../policies/contract/nearest.ts";
import { type Bound, decidesFor, type Need, type Schema, type Sight } from "../policies/contract/policy.ts";
import type { WorkloadName } from "../policies/contract/scenario.ts";
import { failovers } from "../policies/failover/index.ts";
import { routers } from "../policies/routing/index.ts";
import { schedulingPolicies } from "../policies/scheduling/index.ts";
import { wrappers } from "../policies/wrappers/index.ts";
import { UsageError } from "./usage-error.ts";

/** What all definitions have in common, as far as a reader is concerned. */
interface Definition {
  readonly name: string;
  readonly summary: string;
  readonly source: string;
  readonly details?: readonly string[];
  readonly workloads?: readonly WorkloadName[];
  readonly sight?: Sight;
  readonly needs?: readonly Need[];
  readonly bound?: Bound;
  readonly params?: Schema<unknown>;
}

interface Kind {
  /** Folder under policies/. */
  readonly folder: string;
  readonly one: (definition: Definition) => string;
  readonly many: string;
  readonly role: string;
  readonly list: readonly Definition[];
  /** The lines of a policy in a study that name it. */
  readonly inStudy: (named: string, name: string) => readonly string[];
}

const WORK: Readonly<Record<WorkloadName, string>> = {
  tasks: "tasks",
  "deadline-job": "deadline jobs",
  serving: "services",
};

const scheduling = (workload: WorkloadName): Kind => ({
  folder: "scheduling",
  one: ({ workloads = ["tasks"] }) =>
    `Scheduling policy for ${new Intl.ListFormat("en").format(workloads.map((each) => WORK[each]))}`,
  many: `Scheduling policies for ${WORK[workload]}`,
  role: "when to launch and terminate what; a study names one as `scheduling`",
  list: schedulingPolicies.filter((spec) => decidesFor(spec, workload)),
  inStudy: (named) => [`scheduling: ${named}`, "assignment: first-fit"],
});

const kinds: readonly Kind[] = [
  ...(Object.keys(WORK) as WorkloadName[]).map(scheduling),
  {
    folder: "wrappers",
    one: () => "Wrapper",
    many: "Wrappers",
    role: "around a scheduling policy; a study lists them as `wrappers`, from the inside out",
    list: wrappers,
    inStudy: (named, name) => [
      "scheduling: greedy",
      `wrappers: [${named === name ? `{ name: ${name} }` : named}]`,
      "assignment: first-fit",
    ],
  },
  {
    folder: "assignment",
    one: () => "Assignment strategy",
    many: "Assignment strategies",
    role: "which work runs where, and who takes over after a reclaim; a study names one as `assignment`",
    list: assignmentStrategies,
    inStudy: (named) => ["scheduling: greedy", `assignment: ${named}`],
  },
  {
    folder: "routing",
    one: () => "Router",
    many: "Routers",
    role: "which replica of a service a request goes to; a study names one as `routing`, least-outstanding where it names none",
    list: routers,
    inStudy: (named) => ["scheduling: spot-hedge", "assignment: first-fit", `routing: ${named}`],
  },
  {
    folder: "failover",
    one: () => "Way to fail over",
    many: "Ways to fail over",
    role: "what happens to the replicas of a service that have to go; a study names one as `failover`, serve-on where it names none",
    list: failovers,
    inStudy: (named) => ["scheduling: spot-hedge", "assignment: first-fit", `failover: ${named}`],
  },
];

const WRITTEN = "<!-- Written by `npm run experiment -- policies --write` from the definitions in policies/. -->\n";

/** Pages by file name, made of the definitions alone: one for each policy, wrapper, strategy and router, and an index. */
export function policyPages(): ReadonlyMap<string, string> {
  const pages = new Map([["README.md", index()]]);
  for (const kind of kinds) for (const each of kind.list) pages.set(pageFile(kind, each), WRITTEN + page(kind, each));
  return pages;
}

/** Routers have names that others have too. */
const pageFile = ({ folder }: Kind, { name }: Definition): string =>
  folder === "routing" ? `routing-${name}.md` : `${name}.md`;

/** What a user may choose from, for the terminal; with a name, all about that one. @throws UsageError for a name not listed */
export function policyText(name?: string): string {
  if (name === undefined) {
    const width = Math.max(...kinds.flatMap(({ list }) => list.map((each) => each.name.length)));
    return kinds
      .map(({ many, role, list }) =>
        [`${many}: ${role}`, ...list.map((each) => `  ${each.name.padEnd(width)}  ${each.summary}`)].join("\n"),
      )
      .join("\n\n");
  }
  const found = new Set(
    kinds.flatMap((kind) => kind.list.filter((each) => each.name === name).map((each) => page(kind, each))),
  );
  if (found.size > 0) return [...found].join("\n").trimEnd();
  const names = kinds.flatMap(({ list }) => list.map((each) => each.name));
  throw new UsageError(
    `no policy, wrapper, strategy or router is called "${name}"; did you mean "${nearestName(name, names)}"?`,
  );
}

function index(): string {
  const sections = kinds.map((kind) => {
    const { many, role, list } = kind;
    const rows = list.map((each) => `| [${each.name}](${pageFile(kind, each)}) | ${cell(each.summary)} |`);
    return `## ${many}\n\n${role[0]!.toUpperCase()}${role.slice(1)}.\n\n| name | what it does |\n|---|---|\n${rows.join("\n")}\n`;
  });
  return `${WRITTEN}# What decides\n\nA scenario of a study is one scheduling policy, wrappers around it if any, and one assignment strategy; for a service also a way to fail over, and where it answers requests a router.\n\n${sections.join("\n")}`;
}

function page(kind: Kind, definition: Definition): string {
  const { name, summary, source, params } = definition;
  const toKnow = [...conditionsOf(definition), ...(definition.details ?? [])];
  const found = params === undefined ? [] : parametersOf(params);
  const parts = [
    `# ${name}`,
    `${kind.one(definition)}, [\`policies/${kind.folder}/${name}.ts\`](../../policies/${kind.folder}/${name}.ts). ${summary}`,
    `Source: ${source}.`,
  ];
  if (toKnow.length > 0) parts.push("## What to know", toKnow.map((each) => `- ${each}`).join("\n"));
  parts.push("## Parameters");
  if (found.length === 0) parts.push("None.");
  else {
    const rows = found.map((each) => `| \`${each.name}\` | ${each.type} | ${each.default} | ${cell(each.meaning)} |`);
    parts.push(["| name | type | default | meaning |", "|---|---|---|---|", ...rows].join("\n"));
  }
  parts.push("## In a study", ["```yaml", ...inStudy(kind, name, found), "```"].join("\n"));
  return `${parts.join("\n\n")}\n`;
}

const NEEDS: Readonly<Record<Need, string>> = {
  availability: "Must be told what is obtainable: `cloud.visibility: told`, or with-probing around it.",
  grid: "Must be asked at regular times: `cadence.everyS`.",
  layouts: "Lays out a model that is cut over the GPUs of several instances: `workload.params.requests.modelParallel`.",
};

/** What a definition says of itself beside its texts. */
function conditionsOf({ sight, needs = [], bound }: Definition): string[] {
  const conditions = needs.map((need) => NEEDS[need]);
  if (sight === "clairvoyant") conditions.unshift("Is told the whole future, so it can only be simulated.");
  if (bound !== undefined) {
    conditions.push(
      `Its cost is a bound (${bound.kind}) for the workload ${bound.workload} under ${bound.profile ? `the timing profile ${bound.profile}` : "any timing profile"}.`,
    );
  }
  return conditions;
}

/** With the parameter that comes first, to show where parameters stand. */
function inStudy({ inStudy }: Kind, name: string, parameters: readonly Parameter[]): string[] {
  const first = parameters.find((each) => each.default !== "");
  const named = first === undefined ? name : `{ name: ${name}, params: { ${first.name}: ${first.default} } }`;
  return ["policies:", ...inStudy(named, name).map((line, i) => `${i === 0 ? "  - " : "    "}${line}`)];
}

// ── parameters ─────────────────────────────────────────────────────────────────────────

interface Parameter {
  readonly name: string;
  readonly type: string;
  /** As a study writes it; empty for a parameter that has to be given. */
  readonly default: string;
  readonly meaning: string;
}

type JsonSchema = Readonly<Record<string, unknown>>;

function parametersOf(params: Schema<unknown>): Parameter[] {
  const { properties = {} } = z.toJSONSchema(params as z.ZodType, { io: "input" }) as {
    readonly properties?: Readonly<Record<string, JsonSchema>>;
  };
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    type: typeOf(schema),
    default: schema.default === undefined ? "" : JSON.stringify(schema.default),
    meaning: String(schema.description ?? ""),
  }));
}

/** @example typeOf({ type: "number", exclusiveMinimum: 0 }) // "number > 0" */
function typeOf(schema: JsonSchema): string {
  if (schema.enum !== undefined) return (schema.enum as readonly unknown[]).map((each) => `\`${each}\``).join(" or ");
  if (schema.type === "boolean") return "true or false";
  const bounds = [
    [">", schema.exclusiveMinimum],
    [">=", schema.minimum],
    ["<", schema.exclusiveMaximum],
    ["<=", schema.maximum],
  ]
    // Every whole number has the bounds of what a computer counts exactly; they say nothing.
    .filter(([, bound]) => bound !== undefined && Math.abs(bound as number) !== Number.MAX_SAFE_INTEGER)
    .map(([sign, bound]) => `${sign} ${bound}`);
  const kind = schema.type === "integer" ? "whole number" : String(schema.type);
  return bounds.length === 0 ? kind : `${kind} ${bounds.join(", ")}`;
}

/** Inside a table a bar would begin the next cell. */
const cell = (text: string): string => text.replaceAll("|", "\\|");
