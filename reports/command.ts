import { basename, resolve } from "node:path";
import yargs from "yargs";
import type { ResultsComparison } from "../experiments/results-comparison.ts";
import { renderComparison } from "./compare-page.ts";
import { comparisonText } from "./comparison-text.ts";
import { type ReportInput, renderReport } from "./page.ts";
import { ReportError, readResults, writePage } from "./results-folder.ts";

/** Compares two results; the command line is given one, since statistics are not this folder's. */
export type Compare = (before: NamedResults, after: NamedResults) => ResultsComparison;
export type NamedResults = ReportInput & { readonly name: string };

/**
 * `npm run report -- ...`: draws report.html anew from one results folder, or compares the first of several with each other one.
 * @returns the exit code: 0, or 2 for bad input, which is named in one line on stderr.
 */
export async function reportCommand(args: readonly string[], compare: Compare): Promise<number> {
  try {
    const given = parsed(args);
    if (given === undefined) return 0;
    const { folders, out } = given;
    if (folders.length === 1) {
      console.log(
        await writePage(resolve(folders[0]!, "report.html"), await renderReport(await readResults(folders[0]!))),
      );
      return 0;
    }
    const names = namesOf(folders);
    const results: NamedResults[] = [];
    for (const [i, folder] of folders.entries()) results.push({ ...(await readResults(folder)), name: names[i]! });
    const comparisons = results.slice(1).map((after) => compare(results[0]!, after));
    const path = await writePage(resolve(out), await renderComparison(comparisons));
    console.log([...comparisons.map(comparisonText), path].join("\n\n"));
    return 0;
  } catch (error) {
    if (!(error instanceof ReportError)) throw error;
    console.error(`${error.name}: ${error.message}`);
    return 2;
  }
}

/** @returns undefined when help has been printed. */
function parsed(args: readonly string[]): { readonly folders: readonly string[]; readonly out: string } | undefined {
  const { _, out, help } = yargs(args)
    .scriptName("npm run report --")
    .usage(
      "$0 FOLDER...\n\nOf one results folder, draws report.html anew from runs.ndjson, summary.json and manifest.json. Of several, compares the first with each other one: what was changed, by how much, and whether it is luck.",
    )
    .option("out", {
      type: "string",
      requiresArg: true,
      default: "comparison.html",
      describe: "where a comparison is written",
    })
    .demandCommand(1, "name a results folder, or several to be compared")
    .strictOptions()
    .version(false)
    .parserConfiguration({ "parse-positional-numbers": false })
    .exitProcess(false)
    .fail((message, error) => {
      throw new ReportError(`${message ?? error?.message}; see npm run report -- --help`);
    })
    .parseSync();
  if (help === true) return undefined;
  const folders = _.map(String);
  const twice = folders.find((folder, i) => folders.findIndex((other) => resolve(other) === resolve(folder)) < i);
  if (twice !== undefined) throw new ReportError(`${twice}: named twice; compare it with another one`);
  return { folders, out };
}

/** Folders by their last name where that tells them apart, else as they were given. */
function namesOf(folders: readonly string[]): readonly string[] {
  const short = folders.map((folder) => basename(resolve(folder)));
  return new Set(short).size === short.length ? short : folders;
}
