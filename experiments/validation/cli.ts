import yargs from "yargs";
import { nearestName } from "../../policies/contract/nearest.ts";
import { refusingAsUsage, UsageError } from "../arguments.ts";
import { coloursOf, complain, ignoreBrokenPipe, print } from "../event-output.ts";
import { matcher, OnlyError } from "../only.ts";
import { Progress } from "../progress.ts";
import { reporters } from "./reporters/index.ts";
import { failedOf, oneLine, type Reporter } from "./reporters/reporter.ts";
import { type CaseResult, runCase } from "./run-case.ts";
import { readTargetFile, type TargetCase, type TargetFile } from "./target-file.ts";

const OK = 0;
const SOME_FAILED = 1;
const BAD_INPUT = 2;

/** Errors that the user can mend: told in one line each, without a stack. */
const MENDABLE: ReadonlySet<string> = new Set(["UsageError", "TargetsError", "OnlyError"]);

interface CommandLine {
  readonly targets: readonly string[];
  readonly only: readonly string[];
  readonly reporter: Reporter;
}

/** `npm run validate -- ...`. @returns the exit code: 0 all passed, 1 some failed, 2 bad input. */
export async function validateCommand(args: readonly string[]): Promise<number> {
  process.stdout.on("error", ignoreBrokenPipe);
  try {
    const parsed = parsedArguments(args);
    return parsed === undefined ? OK : await validate(parsed);
  } catch (error) {
    if (!(error instanceof Error) || !MENDABLE.has(error.name)) throw error;
    const { red } = coloursOf(process.stderr);
    for (const line of error.message.split("\n")) complain(`${red(`${error.name}:`)} ${oneLine(line)}`);
    return BAD_INPUT;
  }
}

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
  "$0 --targets FILE [FILE...]\n\nComputes published results anew and compares. Exit code 0: all agree, 1: some do not, 2: a file or an option is wrong.";

/** @returns undefined when help has been printed. @throws UsageError */
function parsedArguments(args: readonly string[]): CommandLine | undefined {
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
    help,
  } = refusingAsUsage(() => parser.parseSync()) as {
    readonly targets?: string[];
    readonly only: string[];
    readonly reporter: string;
    readonly help?: boolean;
  };
  if (help === true) return undefined;
  if (targets.length === 0) {
    throw new UsageError(
      "validate what? Name files of expected results: npm run validate -- --targets FILE; see --help",
    );
  }
  return { targets, only, reporter: reporters.find(({ name }) => name === reporter)! };
}
