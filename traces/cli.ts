import yargs, { type Argv } from "yargs";
import { hideBin } from "yargs/helpers";
import { TraceError } from "./columns.ts";
import { addCatalog } from "./commands/catalog.ts";
import { addExport } from "./commands/export.ts";
import { addFetch } from "./commands/fetch.ts";
import { addFit } from "./commands/fit.ts";
import { addGenerate } from "./commands/generate.ts";
import { addImport } from "./commands/import.ts";
import { addInspect, type DrawPage } from "./commands/inspect.ts";
import { addList } from "./commands/list.ts";
import { addRecord } from "./commands/record.ts";
import { STDIN } from "./formats/source-file.ts";
import { formatsPage } from "./formats-page.ts";
import { print, say } from "./terminal.ts";

const addFormats = (cli: Argv): Argv =>
  cli.command("formats", "the page of formats, as Markdown", {}, () => print(formatsPage().trimEnd()));
// A command is one entry here.
const commands = (drawPage: DrawPage): readonly ((cli: Argv) => Argv)[] => [
  addList,
  addImport,
  addFormats,
  addGenerate,
  addInspect(drawPage),
  addFetch,
  addFit,
  addExport,
  addRecord,
  addCatalog,
];

/**
 * `npm run traces -- ...`.
 * @param drawPage draws a trace as a page. @returns the exit code: 0, or 2 for bad input.
 */
export async function tracesCommand(args: readonly string[], drawPage: DrawPage): Promise<number> {
  const cli = yargs(hideBin(["", "", ...args.map((arg) => (arg === "-" ? STDIN : arg))]))
    .scriptName("npm run traces --")
    .usage("$0 COMMAND\n\nSpot traces: read them, make them, look at them.");
  try {
    await commands(drawPage)
      .reduce((with_, add) => add(with_), cli)
      .demandCommand(
        1,
        "say what to do: list, import, formats, generate, inspect, fit, export, fetch, record or catalog",
      )
      .strict()
      .version(false)
      .exitProcess(false)
      .fail((message, error) => {
        throw error ?? new TraceError(message.replaceAll(/\n\s*/g, " "));
      })
      .parseAsync();
    return 0;
  } catch (error) {
    // yargs throws an error of its own for an option without its value.
    if (!(error instanceof TraceError || (error instanceof Error && error.name === "YError"))) throw error;
    say(2, `TraceError: ${error.message}`);
    return 2;
  }
}
