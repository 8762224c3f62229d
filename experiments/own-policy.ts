import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { PolicySpec } from "../policies/contract/policy.ts";
import type { Scenario } from "../policies/contract/scenario.ts";
import type { Json } from "../policies/contract/units.ts";

/** How a study names a policy in a file of the user's own, relative to the study: ./my-policy.ts */
export const OWN_FILE = /^\.{1,2}\/[^\0]+\.m?[jt]s$/;

/** The file that a scenario names instead of a listed policy. */
export function ownFileOf({ scheduling }: Pick<Scenario, "scheduling">): string | undefined {
  const name = typeof scheduling === "string" ? scheduling : scheduling.name;
  return OWN_FILE.test(name) ? name : undefined;
}

/** A file of the user's own that cannot be read as code, or holds no policy. */
export class OwnPolicyError extends Error {
  override readonly name = "OwnPolicyError";
}

/** Loads the one `definePolicy` that a file exports. Runs the file's code, so call it in a worker only. */
export async function loadOwnPolicy(studyFolder: string, name: string): Promise<PolicySpec<unknown, Json>> {
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
