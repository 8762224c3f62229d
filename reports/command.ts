import yargs from "yargs";
import { renderReport } from "./page.ts";
import { ReportError, readResults, writeReport } from "./results-folder.ts";

/**
 * Draws report.html anew from a results folder, prints its path, and returns the exit code: 0, or 2 for bad input, which
 * is named in one line on stderr.
 */
export async function reportCommand(args: readonly string[]): Promise<number> {
  try {
    const folder = parsed(args);
    console.log(await writeReport(folder, await renderReport(await readResults(folder))));
    return 0;
  } catch (error) {
    if (!(error instanceof ReportError)) throw error;
    console.error(`${error.name}: ${error.message}`);
    return 2;
  }
}

function parsed(args: readonly string[]): string {
  const { _: folders } = yargs(args)
    .usage("npm run report -- FOLDER\n\nDraws report.html anew from runs.ndjson, summary.json and manifest.json.")
    .demandCommand(1, 1, "name one results folder", "name one results folder, not several")
    .strictOptions()
    .version(false)
    .parserConfiguration({ "parse-positional-numbers": false })
    .fail((message) => {
      throw new ReportError(`${message}; see npm run report -- --help`);
    })
    .parseSync();
  return String(folders[0]);
}
