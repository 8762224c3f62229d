import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import yargs from "yargs";
import { optionsGiven, wholeNumber } from "../arguments.ts";
import { complain } from "../event-output.ts";
import { guarded, OK } from "../guarded.ts";
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
        default: relative("", join(root, "experiments", "configs")) || ".",
        describe: "folder that policies in files of your own lie in; no other file is run",
      },
    });
  const given = optionsGiven(parser);
  if (given === undefined) return undefined;
  const { queue, jobs, studies } = given;
  wholeNumber("jobs", jobs);
  return { url: queue, threads: jobs, studyFolder: studies };
}
