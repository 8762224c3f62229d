import { availableParallelism, totalmem } from "node:os";
import { join, relative } from "node:path";
import yargs from "yargs";
import { nearestName } from "../policies/contract/nearest.ts";
import type { ExperimentOptions } from "./experiment.ts";

/** A command line that cannot be understood. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** `policies`: what there is to choose from, all of it or one by name; with `write`, as pages. */
export interface PoliciesCommand {
  readonly list: "policies";
  readonly name: string | undefined;
  readonly write: boolean;
}

export type CommandLine = Omit<ExperimentOptions, "signal"> & { readonly json: boolean };

/** What the words of a command line ask for; undefined when help has been printed. @throws UsageError */
export function parsedArguments(
  args: readonly string[],
  root: string,
): CommandLine | PoliciesCommand | "schema" | undefined {
  let parsed: CommandLine | PoliciesCommand | "schema" | undefined;
  const texts = { type: "string", array: true, requiresArg: true, default: [] as string[] } as const;
  const parser = yargs([...args])
    .scriptName("npm run experiment --")
    .usage(
      "$0 [study.yaml]\n\nRuns a study and ends in a report. What the results folder holds already is not run again.",
    )
    .command(
      "$0 [study]",
      "run a study",
      (y) =>
        y
          .positional("study", {
            type: "string",
            default: relative("", join(root, "experiments", "configs", "quickstart.yaml")),
            describe: "a study file",
          })
          .option("set", {
            ...texts,
            describe: "path.of.key=value: another value for a setting; traces.root=FOLDER: where data sets lie",
          })
          .option("jobs", {
            type: "number",
            requiresArg: true,
            default: availableParallelism(),
            describe: "worker threads",
          })
          .option("only", { ...texts, describe: "policy=, trace=, unit= or cell=PATTERN: run only these" })
          .option("dry-run", { type: "boolean", default: false, describe: "say what would be run, and why" })
          .option("fresh", { type: "boolean", default: false, describe: "forget what is stored" })
          .option("json", { type: "boolean", default: false, describe: "events as JSON lines on stdout" })
          .option("out", { type: "string", requiresArg: true, describe: "results folder; results/NAME-OF-THE-STUDY" })
          .option("cell-timeout", {
            type: "number",
            requiresArg: true,
            default: 600,
            describe: "seconds after which a cell fails",
          })
          .option("cell-memory", {
            type: "number",
            requiresArg: true,
            default: memoryMiBDefault(),
            describe: "MiB of memory above which a cell fails",
          }),
      (given) => {
        for (const name of ["jobs", "cell-timeout", "cell-memory"] as const) {
          const value = given[name];
          const fits = name === "jobs" ? Number.isInteger(value) && value >= 1 : value > 0;
          if (!fits)
            throw new UsageError(`--${name}: expected a ${name === "jobs" ? "whole " : ""}number above 0; see --help`);
        }
        if (given.out === "") throw new UsageError("--out: expected a folder");
        const sets = given.set.map((set) => `--set ${quoted(set)}`);
        parsed = {
          study: given.study,
          sets: given.set,
          only: given.only,
          dryRun: given.dryRun,
          fresh: given.fresh,
          json: given.json,
          out: given.out,
          jobs: given.jobs,
          timeoutS: given.cellTimeout,
          memoryMiB: given.cellMemory,
          command: ["npm run experiment --", ...args.filter((arg) => arg !== "--fresh").map(quoted)].join(" "),
          replay: (key) =>
            ["npm run experiment --", quoted(given.study), ...sets, "--only", `cell=${key.slice(0, 16)}`].join(" "),
        };
      },
    )
    .command("schema", "print the JSON Schema of study files, for editors", {}, () => {
      parsed = "schema";
    })
    .command(
      "policies [name]",
      "list the policies, wrappers and assignment strategies that a study can name, or tell all about one",
      (y) =>
        y
          .positional("name", { type: "string", describe: "one of them" })
          .option("write", { type: "boolean", default: false, describe: "write the pages in docs/policies" }),
      ({ name, write }) => {
        if (write && name !== undefined) throw new UsageError("--write writes all pages; leave the name out");
        parsed = { list: "policies", name, write };
      },
    )
    .strict()
    .version(false)
    .parserConfiguration({ "greedy-arrays": false, "parse-positional-numbers": false, "dot-notation": false })
    .exitProcess(false)
    .fail((message, error) => {
      throw error ?? new UsageError(`${message}${meant(message)}; see --help`);
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

function meant(message: string): string {
  const unknown = /^Unknown arguments?: ([\w-]+)/.exec(message)?.[1];
  const known = [
    "set",
    "jobs",
    "only",
    "dry-run",
    "fresh",
    "json",
    "out",
    "cell-timeout",
    "cell-memory",
    "write",
    "help",
  ];
  return unknown === undefined ? "" : `; did you mean --${nearestName(unknown, known)}?`;
}

/** Half of what the machine, or its container, has to give, among the workers; at most 1 GiB each. */
function memoryMiBDefault(): number {
  const constrained = process.constrainedMemory();
  const bytes = constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
  return Math.max(128, Math.min(1024, Math.floor(bytes / 2 ** 21 / availableParallelism())));
}

/** As a shell takes it for one word. */
const quoted = (word: string): string => (/^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);
