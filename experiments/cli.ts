import { mkdir, rm, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { type CommandLine, type PoliciesCommand, parsedArguments } from "./arguments.ts";
import { complain, JsonEvents, print, TextEvents } from "./event-output.ts";
import { type ExperimentEnd, type ExperimentEvents, experiment } from "./experiment.ts";
import { guarded, INTERRUPTED, OK, SOME_FAILED } from "./guarded.ts";
import { policyPages, policyText } from "./policy-pages.ts";
import { studyJsonSchema } from "./study-schema.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

/** `npm run experiment -- ...`. @returns the exit code: 0 ok, 1 some cells failed, 2 bad input, 130 interrupted. */
export const experimentCommand = (args: readonly string[]): Promise<number> =>
  guarded(async () => {
    const parsed = parsedArguments(args, root);
    if (parsed === undefined) return OK;
    if (parsed === "schema") {
      print(JSON.stringify(studyJsonSchema(), null, 2));
      return OK;
    }
    if ("list" in parsed) return policies(parsed);
    const show = parsed.json ? new JsonEvents() : new TextEvents(parsed);
    const end = await runStudy(parsed, show);
    show.end(end);
    if (end.how === "interrupted") return INTERRUPTED;
    return "failed" in end && end.failed > 0 ? SOME_FAILED : OK;
  });

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

/** Runs a study and draws its report. Ctrl-C stops it after the cells at work, twice at once. @throws as `experiment` does */
export async function runStudy(options: CommandLine, events: ExperimentEvents): Promise<ExperimentEnd> {
  const stop = new AbortController();
  const interrupt = (): void => {
    if (stop.signal.aborted) process.exit(INTERRUPTED);
    complain("\nstopping; once more ends at once");
    stop.abort();
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  try {
    return await experiment({ ...options, signal: stop.signal }, root, events, async (input) => {
      // Loaded when there is something to draw: the charts' libraries are large.
      const { renderReport } = await import("../reports/page.ts");
      return renderReport(input);
    });
  } finally {
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
  }
}
