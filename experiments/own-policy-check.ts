import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { isForeign, nameOf, type Scenario, scenarioLabel } from "../policies/contract/scenario.ts";
import type { CellTask, LawOutcome } from "./cell-task.ts";
import type { ComputeOptions } from "./compute.ts";
import type { ExperimentOptions } from "./experiment.ts";
import type { Cell, Grid } from "./grid.ts";
import type { Loaded } from "./load-own.ts";
import { isOwn } from "./own-policy.ts";
import { runOnPool } from "./pool.ts";
import type { OwnPolicyNote } from "./record.ts";
import { type LoadedStudy, StudyError } from "./study.ts";

const LOAD_MS_MAX = 30_000;
/** Laws are held against so many cells of a policy, of different units, and so many asks in each; a process costs more than a closure. */
const LAW_CELLS = 2;
const LAW_ASKS = { own: 300, foreign: 20 };
const LAWS_S_MAX = 20;

type CheckOptions = Pick<ComputeOptions, "jobs" | "timeoutS" | "memoryMiB">;

const LAWS_SKIPPED = "not held against the contract's laws (--skip-laws): what it depends on may be in no record";

/**
 * Loads each policy of the user's own once, in a process of its own, and holds it against the laws of the contract in the first cells that
 * it is to run: what cannot be run, or must not be, is told before anything is.
 * @throws StudyError at the place in the study that names it.
 */
export async function checkOwnPolicies(
  loaded: LoadedStudy,
  cells: readonly Cell[],
  tables: Grid["tables"],
  { skipLaws, ...options }: CheckOptions & Pick<ExperimentOptions, "skipLaws">,
): Promise<readonly OwnPolicyNote[]> {
  const faults: string[] = [];
  const found = ownPolicies(loaded).map((own) => ({ ...own, ...loadedOnce(loaded.folder, own.policy.scheduling) }));
  const runs = found.filter(({ fault }) => fault === "");
  const laws = skipLaws
    ? runs.map(() => LAWS_SKIPPED)
    : await lawsOf(
        runs.map(({ policy }) => cells.filter(({ spec }) => JSON.stringify(spec.policy) === JSON.stringify(policy))),
        tables,
        loaded.folder,
        options,
      );
  for (const { policy, place, fault } of found) {
    const name = nameOf(policy.scheduling);
    const verdict = laws[runs.findIndex((each) => each.policy === policy)];
    const why = verdict?.startsWith(BREAKS)
      ? `${verdict}; mend it, or say --skip-laws, which the report will tell`
      : fault;
    if (why !== "") faults.push(loaded.fault(place, why.startsWith(name) ? why : `${name} ${why}`).message);
  }
  if (faults.length > 0) throw new StudyError(faults.join("\n"));
  return runs.flatMap(({ policy, policyIds, runtime = "its command" }, i) => {
    const foreign = isForeign(policy) ? { foreign: `${runtime}, in a process of its own` } : {};
    return [...policyIds].map((policyId) => ({
      policyId,
      policy: nameOf(policy.scheduling),
      ...foreign,
      laws: laws[i]!,
    }));
  });
}

/** Each once, with where the study names it first. */
function ownPolicies({ points }: LoadedStudy) {
  const found = new Map<string, { policy: Scenario; place: (string | number)[]; policyIds: Set<string> }>();
  for (const { study } of points) {
    for (const [i, policy] of study.policies.entries()) {
      const key = JSON.stringify(policy.scheduling);
      if (!isOwn(policy)) continue;
      const own = found.get(key) ?? { policy, place: ["policies", i, "scheduling"], policyIds: new Set() };
      found.set(key, own);
      own.policyIds.add(scenarioLabel(policy));
    }
  }
  return [...found.values()];
}

function loadedOnce(folder: string, scheduling: Scenario["scheduling"]): Loaded {
  const script = fileURLToPath(new URL("./load-own.ts", import.meta.url));
  // What it prints goes to stderr, as it does when its cells run.
  const { output, signal, status } = spawnSync(process.execPath, [script, folder, JSON.stringify(scheduling)], {
    stdio: ["ignore", 2, 2, "pipe"],
    encoding: "utf8",
    timeout: LOAD_MS_MAX,
  });
  if (status === 0) return JSON.parse(output[3]!) as Loaded;
  return {
    fault:
      signal === null
        ? `ends its process when it is loaded (exit code ${status})`
        : `has not been loaded after ${LOAD_MS_MAX / 1000} s`,
  };
}

const BREAKS = "breaks a law of the contract";

/** Of each policy, what came of holding it against the laws: on threads as its cells are, since it may do anything. */
async function lawsOf(
  policies: readonly (readonly Cell[])[],
  tables: Grid["tables"],
  studyFolder: string,
  { jobs, timeoutS, memoryMiB }: CheckOptions,
): Promise<readonly string[]> {
  const verdicts = policies.map(() => "kept");
  const taken = policies.flatMap((cells, policy) =>
    [...new Map(cells.map((cell) => [cell.spec.unit, cell])).values()]
      .slice(0, LAW_CELLS)
      .map((cell) => ({ cell, policy })),
  );
  await runOnPool<CellTask, LawOutcome>(
    taken.map(({ cell: { spec, table } }) => {
      const lawAsks = isForeign(spec.policy) ? LAW_ASKS.foreign : LAW_ASKS.own;
      return { item: { spec, group: table, studyFolder, traced: false, lawAsks }, group: table, kind: spec.policyId };
    }),
    {
      worker: new URL("./worker.ts", import.meta.url),
      threads: Math.min(jobs, taken.length),
      timeoutS: Math.min(timeoutS, LAWS_S_MAX),
      memoryMiB,
      sharedBy: (group) => tables.get(group),
      onDone: (index, { broken }) => {
        const { cell, policy } = taken[index]!;
        if (broken !== undefined) verdicts[policy] = `${BREAKS} on ${cell.spec.seed}: it ${broken}`;
      },
      // It would fail its cells too, and those say so.
      onFailed: (index, why) => {
        verdicts[taken[index]!.policy] = `could not be held against the contract's laws: it ${why}`;
      },
    },
  );
  return verdicts;
}
