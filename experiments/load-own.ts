import { writeSync } from "node:fs";
import { loadOwnPolicy } from "./own-policy.ts";

// Loads one policy file in a process of its own and says on descriptor 3 what is wrong with it: nothing where it can be run.

const [studyFolder, file] = process.argv.slice(2) as [string, string];
const fault = await loadOwnPolicy(studyFolder, file).then(
  () => "",
  (error: unknown) =>
    error instanceof Error
      ? error.name === "OwnPolicyError"
        ? error.message
        : `${file} fails when it is loaded: ${error.name}: ${error.message}`
      : `${file} fails when it is loaded: throws ${String(error)}`,
);
writeSync(3, fault);
// What it has started may not keep it.
process.exit(0);
