import { mkdir, rm, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { type CommandLine, type PoliciesCommand, parsedArguments } from "./arguments.ts";
import { coloursOf, complain, ignoreBrokenPipe, JsonEvents, print, TextEvents } from "./event-output.ts";
import { experiment } from "./experiment.ts";
import { policyPages, policyText } from "./policy-pages.ts";
import { studyJsonSchema } from "./study-schema.ts";

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
  process.stdout.on("error", ignoreBrokenPipe);
  try {
    const parsed = parsedArguments(args, root);
    if (parsed === undefined) return OK;
    if (parsed === "schema") {
      print(JSON.stringify(studyJsonSchema(), null, 2));
      return OK;
    }
    if ("list" in parsed) return await policies(parsed);
    return await run(parsed);
  } catch (error) {
    if (error instanceof Error && BAD_INPUT.has(error.name)) {
      for (const line of error.message.split("\n"))
        complain(`${coloursOf(process.stderr).red(`${error.name}:`)} ${line}`);
      return BAD_CONFIG;
    }
    if (error instanceof Error && error.name === "DeterminismError") {
      complain(`${coloursOf(process.stderr).red(`${error.name}:`)} ${error.message}`);
      return SOME_FAILED;
    }
    complain(
      `${error instanceof Error ? error.stack : String(error)}\nThis is a defect of the workbench, not of your study.`,
    );
    return SOME_FAILED;
  }
}

async function policies({ name, write }: PoliciesCommand): Promise<number> {
  if (!write) {
    print(policyText(name));
    return OK;
  }
  const folder = join(root, "docs", "policies");
  // A page of something that is no longer there must go.
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const [file, text] of policyPages()) await writeFile(join(folder, file), text);
  print(`wrote ${policyPages().size} pages to ${relative("", folder)}`);
  return OK;
}

async function run(options: CommandLine): Promise<number> {
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
