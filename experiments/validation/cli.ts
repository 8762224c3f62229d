import { availableParallelism } from "node:os";
import yargs from "yargs";
import { nearestName } from "../../policies/contract/nearest.ts";
import { refusingAsUsage } from "../arguments.ts";
import { print } from "../event-output.ts";
import { guarded, OK, SOME_FAILED } from "../guarded.ts";
import { matcher, OnlyError } from "../only.ts";
import { Progress } from "../progress.ts";
import { UsageError } from "../usage-error.ts";
import type { ReplayChoice } from "./replay.ts";
import { reporters } from "./reporters/index.ts";
import { failedOf, type Reporter } from "./reporters/reporter.ts";
import { type CaseResult, runCase } from "./run-case.ts";
import { readTargetFile, type TargetCase, type TargetFile } from "./target-file.ts";

interface CommandLine {
  readonly targets: readonly string[];
  readonly only: readonly string[];
  readonly reporter: Reporter;
}

/** `npm run validate -- ...`. @returns the exit code: 0 all as expected, 1 not so, 2 bad input, 130 interrupted. */
export const validateCommand = (args: readonly string[]): Promise<number> =>
  guarded(async () => {
    const parsed = parsedArguments(args);
    if (parsed === undefined) return OK;
    if ("targets" in parsed) return validate(parsed);
    // Loaded when there is something to run: a study brings the engine, its threads and the charts along.
    const { replayPublished } = await import("./replay.ts");
    return replayPublished(parsed);
  });

async function validate({ targets, only, reporter }: CommandLine): Promise<number> {
  // All files are read before the first case is computed: a bad one ends it before anything is told.
  const chosen = chosenOf(targets.map(readTargetFile), only);
  // In a terminal, the lines themselves show how far it is.
  const isShown = process.stderr.isTTY && !(process.stdout.isTTY && reporter.line !== undefined);
  const progress = isShown ? new Progress(chosen.length, process.stderr, undefined, "cases") : undefined;
  const results: CaseResult[] = [];
  for (const { file, target } of chosen) {
    const result = await runCase(file, target);
    results.push(result);
    if (reporter.line !== undefined) print(reporter.line(result));
    progress?.add(result.passed);
  }
  progress?.end();
  print(reporter.end(results));
  return failedOf(results) === 0 ? OK : SOME_FAILED;
}

interface Chosen {
  readonly file: TargetFile;
  readonly target: TargetCase;
}

/** @throws OnlyError for a pattern that no case answers to. */
function chosenOf(files: readonly TargetFile[], only: readonly string[]): readonly Chosen[] {
  const all = files.flatMap((file) => file.cases.map((target) => ({ file, target })));
  if (only.length === 0) return all;
  const patterns = only.map((pattern) => ({ pattern, matches: matcher(pattern) }));
  for (const { pattern, matches } of patterns) {
    if (all.some(({ target }) => matches(target.id))) continue;
    const near = nearestName(
      pattern,
      all.map(({ target }) => target.id),
    );
    throw new OnlyError(`--only ${pattern}: no case answers to it; did you mean "${near}"?`);
  }
  return all.filter(({ target }) => patterns.some(({ matches }) => matches(target.id)));
}

const USAGE =
  "$0 [--targets FILE...]\n\nComputes expected results anew and compares, a line a case. Without --targets: runs the studies that " +
  "compare themselves with published figures and computes the figures of papers, and prints each figure, ours, and a verdict. Exit code 0: all as expected " +
  "(of published figures: they hold, or the study says why they do not), 1: not so, 2: a file or an option is wrong.";

/** @returns undefined when help has been printed. @throws UsageError */
function parsedArguments(args: readonly string[]): CommandLine | ReplayChoice | undefined {
  const names = reporters.map(({ name }) => name);
  const texts = { type: "string", array: true, requiresArg: true } as const;
  const parser = yargs([...args])
    .scriptName("npm run validate --")
    .usage(USAGE)
    .option("targets", { ...texts, describe: "files of expected results (docs/VALIDATION.md)" })
    .option("only", { ...texts, default: [], describe: "ids of cases to compute; * and ? as in file names" })
    .option("reporter", {
      choices: names,
      requiresArg: true,
      default: names[0]!,
      describe: reporters.map(({ name, summary }) => `${name}: ${summary}`).join("; "),
    })
    .option("data", {
      type: "string",
      requiresArg: true,
      describe:
        "without --targets: folder of the public data sets that papers' figures need, by their names; your cache where absent",
    })
    .option("jobs", {
      type: "number",
      requiresArg: true,
      default: availableParallelism(),
      describe: "without --targets: worker threads for papers' figures",
    })
    .strict()
    .version(false)
    .exitProcess(false)
    .fail((message, error) => {
      throw error ?? new UsageError(`${message}; see --help`);
    });
  const {
    targets = [],
    only,
    reporter,
    data,
    jobs,
    help,
  } = refusingAsUsage(() => parser.parseSync()) as {
    readonly targets?: string[];
    readonly only: string[];
    readonly reporter: string;
    readonly data?: string;
    readonly jobs: number;
    readonly help?: boolean;
  };
  if (help === true) return undefined;
  const isGiven = (name: string) => args.some((arg) => arg === `--${name}` || arg.startsWith(`--${name}=`));
  if (targets.length > 0) {
    if (isGiven("data") || isGiven("jobs"))
      throw new UsageError(
        "--data and --jobs are for published figures, which are compared without --targets; see --help",
      );
    return { targets, only, reporter: reporters.find(({ name }) => name === reporter)! };
  }
  if (isGiven("only") || isGiven("reporter")) {
    throw new UsageError("--only and --reporter choose and tell cases: name their files with --targets; see --help");
  }
  if (!Number.isInteger(jobs) || jobs < 1) throw new UsageError("--jobs: expected a whole number above 0; see --help");
  return { data, jobs };
}
