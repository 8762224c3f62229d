import { availableParallelism, totalmem } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import pc from "picocolors";
import yargs from "yargs";
import { nearestName } from "../policies/contract/nearest.ts";
import { type ExperimentEnd, type ExperimentEvents, type ExperimentOptions, experiment } from "./experiment.ts";
import type { Plan } from "./plan.ts";
import { duration, Progress } from "./progress.ts";
import { rankedTables } from "./ranked-table.ts";
import { studyJsonSchema } from "./study-schema.ts";

/** A command line that cannot be understood. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Errors that the user can mend: told in one line each, without a stack. */
const BAD_INPUT: ReadonlySet<string> = new Set([
  "UsageError",
  "StudyError",
  "TraceError",
  "ImportError",
  "OnlyError",
  "ResultsError",
  "LockError",
  "ScenarioError",
  "SimulationError",
]);

const OK = 0;
const SOME_FAILED = 1;
const BAD_CONFIG = 2;
const INTERRUPTED = 130;

const root = fileURLToPath(new URL("..", import.meta.url));

/** `npm run experiment -- ...`. @returns the exit code: 0 ok, 1 some cells failed, 2 bad input, 130 interrupted. */
export async function experimentCommand(args: readonly string[]): Promise<number> {
  // Whoever reads may stop early (| head): the results are in files.
  process.stdout.on("error", ignoreBrokenPipe);
  try {
    const parsed = parsedArguments(args);
    if (parsed === undefined) return OK;
    if (parsed === "schema") {
      print(JSON.stringify(studyJsonSchema(), null, 2));
      return OK;
    }
    return await run(parsed);
  } catch (error) {
    if (error instanceof Error && BAD_INPUT.has(error.name)) {
      for (const line of error.message.split("\n")) complain(`${pc.red(`${error.name}:`)} ${line}`);
      return BAD_CONFIG;
    }
    if (error instanceof Error && error.name === "DeterminismError") {
      complain(`${pc.red(`${error.name}:`)} ${error.message}`);
      return SOME_FAILED;
    }
    complain(
      `${error instanceof Error ? error.stack : String(error)}\nThis is a defect of the workbench, not of your study.`,
    );
    return SOME_FAILED;
  }
}

type Parsed = Omit<ExperimentOptions, "signal"> & { readonly json: boolean };

async function run(options: Parsed): Promise<number> {
  const stop = new AbortController();
  const interrupt = (): void => {
    if (stop.signal.aborted) process.exit(INTERRUPTED);
    complain("\nstopping; once more ends at once");
    stop.abort();
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  try {
    const show = options.json ? new JsonEvents() : new TextEvents(options);
    const end = await experiment({ ...options, signal: stop.signal }, root, show, async (input) => {
      // Loaded when there is something to draw: the charts' libraries are large.
      const { renderReport } = await import("../reports/page.ts");
      return renderReport(input);
    });
    show.end(end);
    if (end.how === "interrupted") return INTERRUPTED;
    return "failed" in end && end.failed > 0 ? SOME_FAILED : OK;
  } finally {
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
  }
}

/** For people: progress on stderr, what was found on stdout. */
class TextEvents implements ExperimentEvents {
  readonly #options: Parsed;
  #progress: Progress | undefined;
  #folder = "";

  constructor(options: Parsed) {
    this.#options = options;
  }

  planned(plan: Plan, cells: readonly unknown[], folder: string): void {
    this.#folder = folder;
    const { jobs, dryRun } = this.#options;
    const time =
      plan.estimatedMs === undefined
        ? ""
        : `, about ${duration(plan.estimatedMs / jobs)} with ${jobs} worker${jobs === 1 ? "" : "s"}`;
    const chosen = plan.pending.length + plan.stored;
    const of = chosen === cells.length ? "" : ` of ${cells.length}`;
    const text = [
      `${chosen}${of} cells: ${plan.stored} stored in ${folder}, ${plan.pending.length} to run${plan.pending.length === 0 ? "" : time}`,
      ...plan.reasons.map(({ policyId, why, cells }) => `  ${String(cells).padStart(6)}  ${policyId}: ${why}`),
    ].join("\n");
    if (dryRun) print(text);
    else complain(text);
    if (!dryRun) this.#progress = new Progress(plan.pending.length, process.stderr);
  }

  cell(_: unknown, ok: boolean, __: number, failure?: { readonly error: string; readonly stack: string }): void {
    this.#progress?.add(ok);
    const isReplay = this.#options.only.some((choice) => choice.startsWith("cell="));
    if (failure !== undefined && isReplay) complain(`\n${failure.stack === "" ? failure.error : failure.stack}`);
  }

  computed(): void {
    this.#progress?.end();
  }

  warning(text: string): void {
    complain(pc.yellow(`warning: ${text}`));
  }

  end(end: ExperimentEnd): void {
    if (end.how === "interrupted") {
      complain(`stopped; what is done is kept in ${this.#folder}. To go on: ${this.#options.command}`);
    } else if (end.how === "partial") {
      complain(`${end.missing} cells of the study have not been run; without --only they are, and a report is drawn`);
      this.#failures(end.failed);
    } else if (end.how === "complete") {
      print(`\n${rankedTables(end.summary)}\n`);
      this.#failures(end.failed);
      print(`report: ${end.report}`);
    }
  }

  #failures(count: number): void {
    if (count === 0) return;
    const cells = count === 1 ? "1 cell" : `${count} cells`;
    complain(
      pc.red(
        `${cells} failed; errors, and a command that runs each again, are in ${join(this.#folder, "runs.ndjson")}`,
      ),
    );
  }
}

/** For programs: one JSON object a line on stdout. */
class JsonEvents implements ExperimentEvents {
  planned(plan: Plan, cells: readonly unknown[], folder: string): void {
    const { pending, stored, reasons, estimatedMs } = plan;
    tell({ event: "planned", folder, cells: cells.length, stored, pending: pending.length, estimatedMs, reasons });
  }

  cell(
    { key, spec }: Parameters<ExperimentEvents["cell"]>[0],
    ok: boolean,
    wallMs: number,
    failure?: { readonly error: string },
  ): void {
    const { policyId, trace, unit, replicate, axes } = spec;
    tell({ event: "cell", key, ok, policyId, trace, unit, replicate, axes, wallMs, error: failure?.error });
  }

  computed(): void {
    tell({ event: "computed" });
  }

  warning(text: string): void {
    tell({ event: "warning", text });
  }

  end(end: ExperimentEnd): void {
    tell({ event: "end", ...end });
  }
}

function ignoreBrokenPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
}

const print = (text: string): void => void process.stdout.write(`${text}\n`);
const complain = (text: string): void => void process.stderr.write(`${text}\n`);
const tell = (event: object): void => print(JSON.stringify(event));

/** @returns undefined when all that was asked for is help. */
function parsedArguments(args: readonly string[]): Parsed | "schema" | undefined {
  let parsed: Parsed | "schema" | undefined;
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
    .strict()
    .version(false)
    .parserConfiguration({ "greedy-arrays": false, "parse-positional-numbers": false, "dot-notation": false })
    .exitProcess(false)
    .fail((message, error) => {
      throw error ?? new UsageError(`${message}${meant(message)}; see --help`);
    });
  parser.parseSync();
  return parsed;
}

function meant(message: string): string {
  const unknown = /^Unknown arguments?: ([\w-]+)/.exec(message)?.[1];
  const known = ["set", "jobs", "only", "dry-run", "fresh", "json", "out", "cell-timeout", "cell-memory", "help"];
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
