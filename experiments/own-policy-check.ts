import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { ownFileOf } from "./own-policy.ts";
import { type LoadedStudy, StudyError } from "./study.ts";

const LOAD_MS_MAX = 30_000;

/**
 * Loads each policy file that a study names once, in a process of its own, so that one that cannot be run is told before anything is.
 * @throws StudyError at the place in the study that names it.
 */
export function checkOwnPolicies(loaded: LoadedStudy): void {
  const places = new Map<string, number>();
  for (const { study } of loaded.points) {
    for (const [i, policy] of study.policies.entries()) {
      const file = ownFileOf(policy);
      if (file !== undefined && !places.has(file)) places.set(file, i);
    }
  }
  const faults = [...places].flatMap(([file, i]) => {
    const fault = loadingFault(loaded.folder, file);
    return fault === "" ? [] : [loaded.fault(["policies", i, "scheduling"], fault).message];
  });
  if (faults.length > 0) throw new StudyError(faults.join("\n"));
}

function loadingFault(folder: string, file: string): string {
  const script = fileURLToPath(new URL("./load-own.ts", import.meta.url));
  // What it prints goes to stderr, as it does when its cells run.
  const { output, signal, status } = spawnSync(process.execPath, [script, folder, file], {
    stdio: ["ignore", 2, 2, "pipe"],
    encoding: "utf8",
    timeout: LOAD_MS_MAX,
  });
  if (status === 0) return output[3]!;
  return signal === null
    ? `${file} ends its process when it is loaded (exit code ${status})`
    : `${file} has not been loaded after ${LOAD_MS_MAX / 1000} s`;
}
