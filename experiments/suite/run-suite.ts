import { readFileSync } from "node:fs";
import { basename, extname, join, relative, resolve, sep } from "node:path";
import { parseDocument } from "yaml";
import { nearestName } from "../../policies/contract/nearest.ts";
import { decidesFor } from "../../policies/contract/policy.ts";
import { nameOf, type Scenario, scenarioLabel } from "../../policies/contract/scenario.ts";
import { schedulingPolicies } from "../../policies/scheduling/index.ts";
import { TraceError } from "../../traces/columns.ts";
import type { ExperimentEnd, ExperimentOptions } from "../experiment.ts";
import { OWN_FILE } from "../own-policy.ts";
import { preparedStudy } from "../prepared-study.ts";
import { makeFolder, writeResult } from "../results.ts";
import { loadStudy } from "../study.ts";
import { UsageError } from "../usage-error.ts";
import { enter, rowsOf, type ScoreRow } from "./scoreboard.ts";
import { assertFrozen, readSuite, type Track, worldOf } from "./suite-file.ts";

export interface SuiteOptions
  extends Pick<ExperimentOptions, "sets" | "jobs" | "timeoutS" | "memoryMiB" | "out" | "skipLaws" | "command"> {
  readonly suite: string;
  /** Who enters: YAML, as a study's `policies` has it, a listed name, or a file of one's own; nobody but the suite's own where undefined. */
  readonly policy: string | undefined;
  /** Only these; all where empty. */
  readonly tracks: readonly string[];
}

export interface SuiteHost {
  readonly root: string;
  /** Runs one track. */
  readonly run: (options: ExperimentOptions) => Promise<ExperimentEnd>;
  readonly notice: (text: string) => void;
}

export interface SuiteEnd {
  readonly how: "complete" | "interrupted";
  readonly rows: readonly ScoreRow[];
  readonly failed: number;
  readonly scoreboard: string;
}

/**
 * Runs a frozen suite, with one policy entered beside those that it has, and writes what came of it into the folder's scoreboard. A track
 * whose data set is not on this machine is passed over aloud; one whose traces or settings are not those that were frozen is refused.
 * @throws SuiteError, StudyError, UsageError, and what `experiment` throws.
 */
export async function runSuite(options: SuiteOptions, { root, run, notice }: SuiteHost): Promise<SuiteEnd> {
  const suite = readSuite(root, options.suite);
  const folder = options.out ?? join("results", suite.suite);
  const entrant = options.policy === undefined ? undefined : entered(options.policy);
  const rows: ScoreRow[] = [];
  let failed = 0;
  for (const track of chosenTracks(suite.tracks, options.tracks)) {
    const frozen = join(suite.folder, track.study);
    try {
      assertFrozen(track, suite.suite, worldOf(await preparedStudy(loadStudy(frozen, options.sets), root)));
    } catch (error) {
      if (!(error instanceof TraceError && /does not come with the workbench/.test(error.message))) throw error;
      notice(`${track.id}: passed over, its traces are not on this machine; ${error.message.replace(/^.*?: /, "")}`);
      continue;
    }
    const { study } = loadStudy(frozen);
    const unfit = entrant && unfitFor(entrant, study.workload.model);
    if (unfit !== undefined) {
      notice(`${track.id}: passed over, ${unfit}`);
      continue;
    }
    makeFolder(folder);
    const file = writeResult(folder, track.study, [withEntrant(frozen, entrant, folder, study.baseline)]);
    notice(`${track.id}: ${study.question}`);
    const end = await run({
      ...options,
      study: file,
      out: join(folder, track.id),
      only: [],
      dryRun: false,
      fresh: false,
    });
    if (end.how !== "complete") return { how: "interrupted", rows, failed, scoreboard: "" };
    failed += end.failed;
    rows.push(...(await rowsOf(track, await preparedStudy(loadStudy(file, options.sets), root), end.summary)));
    enter(folder, suite.suite, rows);
  }
  return { how: "complete", rows, failed, scoreboard: join(folder, "scoreboard.json") };
}

function chosenTracks(tracks: readonly Track[], asked: readonly string[]): readonly Track[] {
  const ids = tracks.map(({ id }) => id);
  const unknown = asked.find((id) => !ids.includes(id));
  if (unknown !== undefined) {
    throw new UsageError(
      `--track ${unknown}: expected one of ${ids.join(", ")}; did you mean ${nearestName(unknown, ids)}?`,
    );
  }
  return asked.length === 0 ? tracks : tracks.filter(({ id }) => asked.includes(id));
}

/** As a study would have it; a file of one's own by its absolute path. */
function entered(text: string): Scenario {
  const document = parseDocument(text);
  if (document.errors.length > 0)
    throw new UsageError(`--policy ${text}: ${document.errors[0]!.message.split("\n")[0]}`);
  const value = document.toJS() as unknown;
  if (typeof value !== "string") return value as Scenario;
  const isFile = OWN_FILE.test(value);
  const id = isFile ? basename(value, extname(value)) : value;
  return { id, scheduling: value, assignment: "earliest-node" };
}

/** Only a listed policy says beforehand what it is for. */
function unfitFor({ scheduling }: Scenario, workload: Parameters<typeof decidesFor>[1]): string | undefined {
  const spec =
    scheduling === undefined ? undefined : schedulingPolicies.find(({ name }) => name === nameOf(scheduling));
  return spec === undefined || decidesFor(spec, workload)
    ? undefined
    : `${spec.name} does not decide for the workload ${workload}`;
}

/** The track's study as text, with the entrant among its policies and primary comparisons: what is wrong with it, the study's check says. */
function withEntrant(frozen: string, entrant: Scenario | undefined, folder: string, baseline: string): string {
  const document = parseDocument(readFileSync(frozen, "utf8"));
  document.commentBefore = null;
  if (entrant === undefined) return document.toString({ lineWidth: 0 });
  const { scheduling, ...rest } = entrant;
  const named = (name: string) => (OWN_FILE.test(name) ? fromFolder(name, folder) : name);
  const moved =
    typeof scheduling === "string"
      ? named(scheduling)
      : typeof scheduling === "object" && "name" in scheduling
        ? { ...scheduling, name: named(scheduling.name) }
        : scheduling;
  document.addIn(["policies"], document.createNode({ ...rest, scheduling: moved }));
  document.addIn(["primary", "comparisons"], document.createNode([scenarioLabel(entrant), baseline]));
  return document.toString({ lineWidth: 0 });
}

/** A study names files from where it lies. */
function fromFolder(file: string, folder: string): string {
  const path = relative(resolve(folder), resolve(file)).split(sep).join("/");
  return path.startsWith(".") ? path : `./${path}`;
}
