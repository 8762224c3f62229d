import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import yargs from "yargs";
import { refusingAsUsage } from "../arguments.ts";
import { complain } from "../event-output.ts";
import { guarded, OK } from "../guarded.ts";
import { UsageError } from "../usage-error.ts";
import { threadsDefault, work } from "./worker.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** `npm run worker -- --queue redis://...`: until it is interrupted. @returns the exit code: 0, or 2 for bad input. */
export const workerCommand = (args: readonly string[]): Promise<number> =>
  guarded(async () => {
    const given = parsed(args);
    if (given === undefined) return OK;
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { readonly version: string };
    const stop = new AbortController();
    const interrupt = (): void => {
      if (stop.signal.aborted) process.exit(OK);
      complain("stopping after the cells at work; once more ends at once");
      stop.abort();
    };
    process.on("SIGINT", interrupt);
    process.on("SIGTERM", interrupt);
    try {
      await work({ ...given, root, version, signal: stop.signal, notice: complain });
    } finally {
      process.off("SIGINT", interrupt);
      process.off("SIGTERM", interrupt);
    }
    return OK;
  });

function parsed(args: readonly string[]) {
  let help = true;
  const parser = yargs([...args])
    .scriptName("npm run worker --")
    .usage(
      "$0 --queue redis://host:port\n\nRuns cells of the sweeps that `npm run experiment -- STUDY --queue` announces there.",
    )
    .options({
      queue: { type: "string", requiresArg: true, demandOption: true, describe: "the Redis" },
      jobs: { type: "number", requiresArg: true, default: threadsDefault(), describe: "worker threads" },
      studies: {
        type: "string",
        requiresArg: true,
        default: join(root, "experiments", "configs"),
        describe: "folder that policies in files of your own lie in; no other file is run",
      },
    })
    .strict()
    .version(false)
    .exitProcess(false)
    .fail((message, error) => {
      throw error ?? new UsageError(`${message}; see --help`);
    })
    .check(() => {
      help = false;
      return true;
    });
  const { queue, jobs, studies } = refusingAsUsage(() => parser.parseSync());
  if (help) return undefined;
  if (!(Number.isInteger(jobs) && jobs >= 1))
    throw new UsageError("--jobs: expected a whole number above 0; see --help");
  return { url: queue, threads: jobs, studyFolder: studies };
}
