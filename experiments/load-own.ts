import { writeSync } from "node:fs";
import type { Scenario } from "../policies/contract/scenario.ts";
import { ownPolicyOf } from "./own-policy.ts";

// Loads one policy of the user's own in a process of its own and says on descriptor 3 what is wrong with it, and what runs it.

/** What is said of a policy that was loaded. */
export interface Loaded {
  /** Empty where it can be run. */
  readonly fault: string;
  readonly runtime?: string | undefined;
}

const [studyFolder, scheduling] = process.argv.slice(2) as [string, string];
const named = JSON.parse(scheduling) as Scenario["scheduling"];
writeSync(3, JSON.stringify(await loaded()));
// What it has started may not keep it.
process.exit(0);

async function loaded(): Promise<Loaded> {
  try {
    const own = (await ownPolicyOf({ scheduling: named }, studyFolder))!;
    const { params = {} } = typeof named === "string" ? {} : named;
    // A policy in another language is started by this, and knows its parameters itself.
    if ("runtime" in own) own.spec.memory(params, () => 0.5);
    own.end?.();
    return { fault: "", runtime: own.runtime };
  } catch (error) {
    return { fault: faultOf(error) };
  }
}

function faultOf(error: unknown): string {
  if (!(error instanceof Error)) return `fails when it is loaded: throws ${String(error)}`;
  return ["OwnPolicyError", "ForeignPolicyError"].includes(error.name)
    ? error.message
    : `fails when it is loaded: ${error.name}: ${error.message}`;
}
