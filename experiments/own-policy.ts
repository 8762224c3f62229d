import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { PolicySpec } from "../policies/contract/policy.ts";
import { isForeign, nameOf, type Scenario } from "../policies/contract/scenario.ts";
import type { Json } from "../policies/contract/units.ts";
import { ForeignPolicy } from "./bridge/foreign-policy.ts";

/** How a study names a policy in a file of the user's own, relative to the study: ./my-policy.ts, ./my_policy.py */
export const OWN_FILE = /^\.{1,2}\/[^\0]+\.(m?[jt]s|py)$/;

type Scheduling = Pick<Scenario, "scheduling">;

/** Whether a scenario names a policy of the user's own instead of a listed one. */
export const isOwn = (scenario: Scheduling): boolean =>
  isForeign(scenario) || OWN_FILE.test(nameOf(scenario.scheduling));

/** The files of the user's own that a scenario names: a policy, or what its command names with a dot in front. */
export function ownFilesOf({ scheduling }: Scheduling): readonly string[] {
  if (typeof scheduling === "object" && "command" in scheduling) {
    return scheduling.command.filter((word) => /^\.{1,2}\//.test(word));
  }
  const name = nameOf(scheduling);
  return OWN_FILE.test(name) ? [name] : [];
}

/** A file of the user's own that cannot be read as code, or holds no policy. */
export class OwnPolicyError extends Error {
  override readonly name = "OwnPolicyError";
}

/** A policy of the user's own, ready to run. */
export interface OwnPolicy {
  readonly spec: PolicySpec<unknown, Json>;
  /** What runs it beside this process, once it has said so. */
  readonly runtime?: string | undefined;
  /** Ends the process that it runs in. */
  end?(): void;
}

/**
 * Loads the policy of the user's own that a scenario names; undefined where it names a listed one. Runs the file's code, so call it in a
 * worker only.
 */
export async function ownPolicyOf(scenario: Scheduling, studyFolder: string): Promise<OwnPolicy | undefined> {
  if (!isOwn(scenario)) return undefined;
  const name = nameOf(scenario.scheduling);
  if (isForeign(scenario)) return foreign(scenario, resolve(studyFolder)) as unknown as OwnPolicy;
  return { spec: await loadOwnPolicy(studyFolder, name) };
}

/** What every policy in Python imports. */
export const PYTHON_MODULE = fileURLToPath(new URL("./bridge/python/workbench.py", import.meta.url));

function foreign({ scheduling }: Scheduling, folder: string): ForeignPolicy {
  const name = nameOf(scheduling);
  const command =
    typeof scheduling === "object" && "command" in scheduling
      ? scheduling.command
      : [process.platform === "win32" ? "python" : "python3", "-B", name];
  const env = {
    PYTHONPATH: resolve(PYTHON_MODULE, ".."),
    // A set of texts has another order in each process otherwise.
    PYTHONHASHSEED: "0",
  };
  return new ForeignPolicy({ name, command, folder, env });
}

/** Loads the one `definePolicy` that a file exports. */
async function loadOwnPolicy(studyFolder: string, name: string): Promise<PolicySpec<unknown, Json>> {
  const exported = await imported(resolve(studyFolder, name), name);
  const policies = Object.values(exported).filter(isPolicySpec);
  if (policies.length === 1) return policies[0]!;
  throw new OwnPolicyError(
    `${name} exports ${policies.length} policies; export one, made with definePolicy({ name, summary, source, params, memory, create })`,
  );
}

async function imported(path: string, name: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await import(pathToFileURL(path).href)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    if (error instanceof SyntaxError) throw new OwnPolicyError(`${name} is no TypeScript that runs: ${error.message}`);
    throw error;
  }
}

function isPolicySpec(value: unknown): value is PolicySpec<unknown, Json> {
  if (typeof value !== "object" || value === null) return false;
  const { name, params, memory, create } = value as Readonly<Record<string, unknown>>;
  return (
    typeof name === "string" &&
    typeof params === "object" &&
    typeof memory === "function" &&
    typeof create === "function"
  );
}
