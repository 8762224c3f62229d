import yargs from "yargs";
import { ScenarioError } from "../policies/registry.ts";
import { JournalError, readJournal } from "./journal.ts";
import { type Replayed, replay } from "./replay.ts";

/** A command line that says nothing we can do. */
class UsageError extends Error {
  override readonly name = "UsageError";
}

/**
 * `npm run orchestrate -- ...`. @returns the exit code: 0, 1 for a replay that came out otherwise, 2 for bad input, which is
 * named in one line on stderr.
 */
export async function orchestrateCommand(args: readonly string[]): Promise<number> {
  let exitCode = 0;
  try {
    await yargs([...args])
      .scriptName("npm run orchestrate --")
      .usage("$0 COMMAND\n\nThe live loop: the policy that a study compared, as the same object.")
      .command(
        "replay <journal>",
        "decide again from the facts of a journal and compare the actions byte for byte",
        (y) => y.positional("journal", { type: "string", demandOption: true, describe: "a journal of the live loop" }),
        async ({ journal }) => {
          const replayed = await replay(readJournal(journal, (warning) => console.error(`warning: ${warning}`)));
          console.log(told(replayed));
          exitCode = replayed.difference === undefined ? 0 : 1;
        },
      )
      .demandCommand(1, 1, "name a command: replay JOURNAL")
      .strict()
      .version(false)
      .parserConfiguration({ "parse-positional-numbers": false })
      .fail((message, error) => {
        throw error ?? new UsageError(`${message}; see npm run orchestrate -- --help`);
      })
      .parseAsync();
    return exitCode;
  } catch (error) {
    if (!(error instanceof JournalError || error instanceof ScenarioError || error instanceof UsageError)) throw error;
    console.error(`${error.name}: ${error.message}`);
    return 2;
  }
}

function told({ facts, asks, actions, difference }: Replayed): string {
  const counted = `replayed ${facts} facts, ${asks} asks, ${actions} actions`;
  if (difference === undefined) return `${counted}: byte-equal`;
  const { seq, expected, got } = difference;
  return `${counted}, then record ${seq} (line ${seq + 1}) differs\nexpected ${expected}\ngot      ${got}`;
}
