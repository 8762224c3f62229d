import { basename, resolve } from "node:path";
import yargs from "yargs";
import type { ResultsComparison } from "../experiments/results-comparison.ts";
import { atPoint } from "./at-point.ts";
import { renderComparison } from "./compare-page.ts";
import { comparisonText } from "./comparison-text.ts";
import { type ReportInput, renderReport } from "./page.ts";
import { ReportError, readResults, writePage } from "./results-folder.ts";
import { serveResults } from "./serve.ts";

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
    const { folders, out, serve, port, at } = given;
    if (serve) {
      const { url } = await serveResults(folders[0]!, port);
      console.log(`${url}   Ctrl-C ends it`);
      return 0;
    }
    if (folders.length === 1) {
      const results = await readResults(folders[0]!);
      const [file, input] = at.length === 0 ? ["report.html", results] : ["point.html", atPoint(results, at)];
      console.log(await writePage(resolve(folders[0]!, file), await renderReport(input)));
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

interface Parsed {
  readonly folders: readonly string[];
  readonly out: string;
  readonly serve: boolean;
  readonly port: number;
  readonly at: readonly string[];
}

/** @returns undefined when help has been printed. */
function parsed(args: readonly string[]): Parsed | undefined {
  const { _, out, serve, port, at, help } = yargs(args)
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
    .option("serve", {
      type: "boolean",
      default: false,
      describe:
        "shows all results in a folder (results where none is named) to this machine's browser, running ones with their progress",
    })
    .option("at", {
      type: "string",
      array: true,
      requiresArg: true,
      default: [] as string[],
      describe: "path=value: of a sweep, only the points with that value; drawn as point.html in the folder",
    })
    .option("port", { type: "number", default: 0, describe: "where it listens; 0 for any that is free" })
    .strictOptions()
    .version(false)
    .parserConfiguration({ "parse-positional-numbers": false, "greedy-arrays": false, "dot-notation": false })
    .exitProcess(false)
    .fail((message, error) => {
      throw new ReportError(`${message ?? error?.message}; see npm run report -- --help`);
    })
    .parseSync();
  if (help === true) return undefined;
  const folders = _.length === 0 && serve ? ["results"] : _.map(String);
  if (folders.length === 0)
    throw new ReportError("name a results folder, or several to be compared; see npm run report -- --help");
  if (serve && folders.length > 1) throw new ReportError("--serve shows one folder of results; name one");
  if (!(Number.isInteger(port) && port >= 0 && port <= 65_535))
    throw new ReportError(`--port ${port}: expected a port, 0 to 65535; 0 is any that is free`);
  const twice = folders.find((folder, i) => folders.findIndex((other) => resolve(other) === resolve(folder)) < i);
  if (twice !== undefined) throw new ReportError(`${twice}: named twice; compare it with another one`);
  if (at.length > 0 && (serve || folders.length > 1)) throw new ReportError("--at draws one results folder; name one");
  return { folders, out, serve, port, at };
}

/** Folders by their last name where that tells them apart, else as they were given. */
function namesOf(folders: readonly string[]): readonly string[] {
  const short = folders.map((folder) => basename(resolve(folder)));
  return new Set(short).size === short.length ? short : folders;
}
