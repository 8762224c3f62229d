import { coloursOf, complain, ignoreBrokenPipe, oneLine } from "./event-output.ts";

export const OK = 0;
export const SOME_FAILED = 1;
const BAD_INPUT = 2;
export const INTERRUPTED = 130;

/** Errors that the user can mend: told in one line each, without a stack. */
const MENDABLE: ReadonlySet<string> = new Set([
  "UsageError",
  "StudyError",
  "TraceError",
  "ImportError",
  "OnlyError",
  "ResultsError",
  "LockError",
  "ShardError",
  "SuiteError",
  "MergeError",
  "QueueError",
  "ScenarioError",
  "SimulationError",
  "TargetsError",
]);

/** Runs a command. @returns its exit code; 2 where it throws what the user can mend, 1 for any other error. */
export async function guarded(command: () => Promise<number>): Promise<number> {
  process.stdout.on("error", ignoreBrokenPipe);
  try {
    return await command();
  } catch (error) {
    const { red } = coloursOf(process.stderr);
    if (error instanceof Error && MENDABLE.has(error.name)) {
      for (const line of error.message.split("\n")) complain(`${red(`${error.name}:`)} ${oneLine(line)}`);
      return BAD_INPUT;
    }
    if (error instanceof Error && error.name === "DeterminismError") {
      complain(`${red(`${error.name}:`)} ${error.message}`);
      return SOME_FAILED;
    }
    complain(
      `${error instanceof Error ? error.stack : String(error)}\nThis is a defect of the workbench, not of what you gave it.`,
    );
    return SOME_FAILED;
  }
}
