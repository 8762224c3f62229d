import { availableParallelism, totalmem } from "node:os";
import { join, relative } from "node:path";
import yargs, { type Argv } from "yargs";
import { nearestName } from "../policies/contract/nearest.ts";
import type { ExperimentOptions } from "./experiment.ts";
import { type JobFile, schedulers } from "./launch.ts";
import type { MergeOptions } from "./merge.ts";
import { type Language, languages } from "./new-files.ts";
import { REDIS_URL, REDIS_URL_WANTED, shownUrl } from "./queue/shown-url.ts";
import { shellWord } from "./shell-word.ts";
import type { SuiteOptions } from "./suite/run-suite.ts";
import { UsageError } from "./usage-error.ts";

/** What is run, and how it is told. */
export type RunCommand = Omit<ExperimentOptions, "shard"> & {
  readonly do: "run";
  readonly json: boolean;
  /** As it was typed. */
  readonly shard: string | undefined;
};

/** What the words of a command line ask for. */
export type Command =
  | RunCommand
  | (MergeOptions & { readonly do: "merge"; readonly json: boolean })
  | (JobFile & { readonly do: "launch"; readonly study: string; readonly sets: readonly string[] })
  /** What there is to choose from, all of it or one by name; with `write`, as pages. */
  | { readonly do: "policies"; readonly name: string | undefined; readonly write: boolean }
  | { readonly do: "init"; readonly path: string }
  | {
      readonly do: "new policy";
      readonly name: string;
      readonly language: Language;
      readonly folder: string;
    }
  | (SuiteOptions & { readonly do: "suite"; readonly json: boolean })
  | { readonly do: "doctor" }
  | { readonly do: "schema"; readonly of: "study" | "scoreboard" };

const texts = { type: "string", array: true, requiresArg: true, default: [] as string[] } as const;
const text = { type: "string", requiresArg: true } as const;
const count = { type: "number", requiresArg: true } as const;

/** How cells are run. */
export const running = {
  jobs: { ...count, default: availableParallelism(), describe: "worker threads" },
  "cell-timeout": { ...count, default: 600, describe: "seconds after which a cell fails" },
  "cell-memory": { ...count, default: memoryMiBDefault(), describe: "MiB of memory above which a cell fails" },
  json: { type: "boolean", default: false, describe: "events as JSON lines on stdout" },
  out: { ...text, describe: "results folder; results/NAME-OF-THE-STUDY" },
} as const;

const studyFile = (root: string) =>
  ({
    type: "string",
    default: relative("", join(root, "experiments", "configs", "quickstart.yaml")),
    describe: "a study file",
  }) as const;
const skipLaws = {
  type: "boolean",
  default: false,
  describe: "run policies of your own without holding them against the contract's laws first; the report says so",
} as const;
const set = {
  ...texts,
  describe: "path.of.key=value: another value for a setting; traces.root=FOLDER: where data sets lie",
} as const;

/** What the words of a command line ask for; undefined when help has been printed. @throws UsageError */
export function parsedArguments(args: readonly string[], root: string): Command | undefined {
  let parsed: Command | undefined;
  const command = commandLine(args);
  const parser = yargs([...args])
    .scriptName("npm run experiment --")
    .usage(
      "$0 [study.yaml]\n\nRuns a study and ends in a report. What the results folder holds already is not run again.",
    )
    .command(
      "$0 [study]",
      "run a study",
      (y) =>
        y.positional("study", studyFile(root)).options({
          set,
          only: { ...texts, describe: "policy=, trace=, unit= or cell=PATTERN: run only these" },
          shard: {
            ...text,
            describe:
              "i/n: one of n parts; in an array job of Slurm or AWS Batch without being told; auto/n in one of Kubernetes",
          },
          queue: {
            ...text,
            describe: "redis://host:port: run cells on the workers there (npm run worker) instead of here",
          },
          "dry-run": { type: "boolean", default: false, describe: "say what would be run, and why" },
          fresh: { type: "boolean", default: false, describe: "forget what is stored" },
          "skip-laws": skipLaws,
          ...running,
        }),
      (given) => {
        if (given.queue !== undefined && !REDIS_URL.test(given.queue)) {
          throw new UsageError(`--queue ${shownUrl(given.queue)}: ${REDIS_URL_WANTED}`);
        }
        parsed = {
          do: "run",
          study: given.study,
          sets: given.set,
          only: given.only,
          shard: given.shard,
          queue: given.queue,
          dryRun: given.dryRun,
          fresh: given.fresh,
          skipLaws: given.skipLaws,
          ...runningOf(given),
          command,
        };
      },
    )
    .command(
      "merge <folders..>",
      "join the results of a study's shards, and draw them",
      (y) => y.positional("folders", { type: "string", array: true, demandOption: true }).options(running),
      (given) => {
        parsed = { do: "merge", folders: given.folders, ...runningOf(given), command };
      },
    )
    .command(
      "launch <scheduler> [study]",
      "write the file with which a cluster runs a study as an array job",
      (y) =>
        y
          .positional("scheduler", { choices: schedulers, demandOption: true })
          .positional("study", studyFile(root))
          .options({
            set,
            shards: { ...count, demandOption: true, describe: "tasks of the array job" },
            cpus: { ...count, default: 2, describe: "CPUs of a task, each a worker thread" },
            "memory-mib": { ...count, default: 4096, describe: "memory of a task" },
            image: {
              type: "string",
              requiresArg: true,
              describe: "kubernetes: an image with this checkout in /workbench",
            },
            claim: { ...text, describe: "kubernetes: the volume claim that results go to" },
          }),
      ({ scheduler, study, set: sets, shards, cpus, memoryMib, image, claim }) => {
        for (const [name, value] of Object.entries({ shards, cpus, "memory-mib": memoryMib })) wholeNumber(name, value);
        parsed = { do: "launch", scheduler, study, sets, shards, cpus, memoryMiB: memoryMib, image, claim };
      },
    )
    .command(
      "init [file]",
      "write a commented study to begin from",
      (y) => y.positional("file", { type: "string", default: "study.yaml", describe: "what to call it" }),
      ({ file }) => {
        parsed = { do: "init", path: file };
      },
    )
    .command(
      "new <kind> <name>",
      "write a policy of your own, and its test",
      (y) =>
        y
          .positional("kind", { choices: ["policy"] as const, demandOption: true })
          .positional("name", { type: "string", demandOption: true, describe: "such as my-policy" })
          .option("language", { choices: languages, default: languages[0], describe: "that it is written in" })
          .option("folder", {
            ...text,
            default: relative("", join(root, "experiments", "configs")) || ".",
            describe: "where the studies lie that will name it",
          }),
      ({ kind, name, language, folder }) => {
        parsed = { do: `new ${kind}`, name, language, folder };
      },
    )
    .command(
      "suite [name]",
      "run a frozen suite, with a policy of yours entered, and write its scoreboard",
      (y) =>
        y
          .positional("name", { type: "string", default: "spot-2026", describe: "a suite that ships, or a suite.yaml" })
          .options({
            policy: {
              ...text,
              describe: "who enters: a listed policy, ./a-file.ts or .py, or YAML as a study's policies have it",
            },
            track: { ...texts, describe: "only this track of the suite" },
            set: { ...texts, describe: "traces.root=FOLDER: where data sets lie; nothing else of a suite can be set" },
            "skip-laws": skipLaws,
            ...running,
          }),
      (given) => {
        const { name, policy, track, set: sets, skipLaws } = given;
        const other = sets.find((each) => !each.startsWith("traces.root="));
        if (other !== undefined) throw new UsageError(`--set ${other}: a suite is frozen; only traces.root can be set`);
        parsed = { do: "suite", suite: name, policy, tracks: track, sets, skipLaws, ...runningOf(given), command };
      },
    )
    .command("doctor", "check the installation", {}, () => {
      parsed = { do: "doctor" };
    })
    .command(
      "schema [of]",
      "print the JSON Schema of study files, for editors, or of a suite's scoreboard",
      (y) => y.positional("of", { choices: ["study", "scoreboard"] as const, default: "study" as const }),
      ({ of }) => {
        parsed = { do: "schema", of };
      },
    )
    .command(
      "policies [name]",
      "list the policies, wrappers and assignment strategies that a study can name, or tell all about one",
      (y) =>
        y
          .positional("name", { type: "string", describe: "one of them" })
          .option("write", { type: "boolean", default: false, describe: "write the pages in docs/policies" }),
      ({ name, write }) => {
        if (write && name !== undefined) throw new UsageError("--write writes all pages; leave the name out");
        parsed = { do: "policies", name, write };
      },
    )
    .strict()
    .version(false)
    .parserConfiguration({ "greedy-arrays": false, "parse-positional-numbers": false, "dot-notation": false })
    .exitProcess(false)
    .fail((message, error) => {
      throw error ?? new UsageError(`${message}${meant(message, args)}; see --help`);
    });
  refusingAsUsage(() => parser.parseSync());
  return parsed;
}

/** yargs throws an error of its own for an option without its value. @throws UsageError instead */
export function refusingAsUsage<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if ((error as Error).name === "YError") throw new UsageError(`${(error as Error).message}; see --help`);
    throw error;
  }
}

/** What a command without subcommands was given; undefined when help has been printed. @throws UsageError */
export function optionsGiven<T>(parser: Argv<T>) {
  const strict = parser
    .strict()
    .version(false)
    .exitProcess(false)
    .parserConfiguration({ "greedy-arrays": false })
    .fail((message, error) => {
      throw error ?? new UsageError(`${message.replaceAll(/\s*\n\s*/g, " ")}; see --help`);
    });
  const given = refusingAsUsage(() => strict.parseSync());
  return given.help === true ? undefined : given;
}

/** For an option, not for a word too many. */
function meant(message: string, args: readonly string[]): string {
  const unknown = /^Unknown arguments?: ([\w-]+)/.exec(message)?.[1];
  const known = [
    "set",
    "policy",
    "track",
    "jobs",
    "only",
    "shard",
    "queue",
    "shards",
    "cpus",
    "memory-mib",
    "image",
    "claim",
    "folder",
    "language",
    "dry-run",
    "fresh",
    "skip-laws",
    "json",
    "out",
    "cell-timeout",
    "cell-memory",
    "write",
    "help",
  ];
  return unknown === undefined || !args.some((arg) => arg.split("=")[0] === `--${unknown}`)
    ? ""
    : `; did you mean --${nearestName(unknown, known)}?`;
}

interface Running {
  readonly jobs: number;
  readonly cellTimeout: number;
  readonly cellMemory: number;
  readonly json: boolean;
  readonly out: string | undefined;
}

/** @throws UsageError for numbers that are none */
export function runningOf({ jobs, cellTimeout, cellMemory, json, out }: Running) {
  wholeNumber("jobs", jobs);
  for (const [name, value] of Object.entries({ "cell-timeout": cellTimeout, "cell-memory": cellMemory })) {
    if (!(value > 0)) throw new UsageError(`--${name}: expected a number above 0; see --help`);
  }
  if (out === "") throw new UsageError("--out: expected a folder");
  return { jobs, timeoutS: cellTimeout, memoryMiB: cellMemory, json, out };
}

/** @throws UsageError */
export function wholeNumber(name: string, value: number): void {
  if (!(Number.isInteger(value) && value >= 1)) {
    throw new UsageError(`--${name}: expected a whole number above 0; see --help`);
  }
}

/** As it can be typed again: without --fresh, which would forget what is stored, and without a password. */
export const commandLine = (args: readonly string[], script = "experiment"): string => {
  const shown = args.filter((arg) => arg !== "--fresh").map(shownUrl);
  return [`npm run ${script} --`, ...shown.map(shellWord)].join(" ");
};

/** Half of what the machine, or its container, has to give, among the workers; at most 1 GiB each. */
function memoryMiBDefault(): number {
  const constrained = process.constrainedMemory();
  const bytes = constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
  return Math.max(128, Math.min(1024, Math.floor(bytes / 2 ** 21 / availableParallelism())));
}
