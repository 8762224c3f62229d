import { createInterface } from "node:readline/promises";
import type { Argv } from "yargs";
import { TraceError } from "../columns.ts";
import { fetchSet, mirror, upstream } from "../fetch.ts";
import { filesOf, type PublicSet, publicSetNamed, publicSets, userSetFolder } from "../public-sets.ts";
import { print } from "../terminal.ts";

export const addFetch = (cli: Argv): Argv =>
  cli.command(
    "fetch [sets..]",
    "get public data sets, verified, into your cache; goes on where it stopped",
    (y) =>
      y
        .positional("sets", { type: "string", array: true, default: [], describe: "see `traces list`" })
        .option("to", { type: "string", describe: "a folder of your own instead" })
        .option("mirror", { type: "string", describe: "base address of a copy, BASE/NAME/PATH" })
        .option("accept-licence", { type: "boolean", default: false, describe: "do not ask" }),
    async ({ sets, to, mirror, acceptLicence }) => print(await fetchSets({ sets, to, mirror, acceptLicence })),
  );

export interface FetchCommand {
  readonly sets: readonly string[];
  readonly to: string | undefined;
  readonly mirror: string | undefined;
  readonly acceptLicence: boolean;
}

/**
 * `traces fetch`: shows licence and citation, asks once, gets the sets. Ctrl-C leaves what has come; the same command goes on.
 * @returns what was done, to be printed. @throws TraceError
 */
export async function fetchSets({ sets, to, mirror: base, acceptLicence }: FetchCommand): Promise<string> {
  if (sets.length === 0) {
    throw new TraceError(`fetch what? Name one or more of ${publicSets.map(({ name }) => name).join(", ")}`);
  }
  const chosen = sets.map(publicSetNamed);
  if (to !== undefined && chosen.length > 1)
    throw new TraceError("--to is the folder of one set; fetch them one by one");
  await agreed(chosen, acceptLicence);
  const stop = new AbortController();
  const onInterrupt = (): void =>
    stop.abort(new TraceError("stopped; what has come stays, and the same command goes on"));
  process.once("SIGINT", onInterrupt).once("SIGTERM", onInterrupt);
  try {
    const lines: string[] = [];
    for (const set of chosen) {
      const folder = to ?? userSetFolder(set.name);
      const line = progressLine(set.name);
      const files = filesOf(set);
      const fetched = await fetchSet(set, files, {
        source: base === undefined ? upstream : mirror(base),
        folder,
        signal: stop.signal,
        progress: line.show,
      }).finally(line.end);
      lines.push(`${set.name}: ${fetched} files fetched, ${files.length} there and verified in ${folder}`);
    }
    return lines.join("\n");
  } finally {
    process.off("SIGINT", onInterrupt).off("SIGTERM", onInterrupt);
  }
}

const terms = ({ name, repository, commit, licence, licenceClass, citation }: PublicSet): string =>
  [
    `${name}: ${repository} at ${commit.slice(0, 7)}, licence: ${licence}`,
    `  cite: ${citation}`,
    ...(licenceClass === "none-stated"
      ? ["  no licence was stated: for use on your own machine, not to be passed on"]
      : []),
  ].join("\n");

async function agreed(sets: readonly PublicSet[], accepted: boolean): Promise<void> {
  process.stderr.write(`${sets.map(terms).join("\n")}\n`);
  if (accepted) return;
  if (!process.stdin.isTTY) throw new TraceError("say --accept-licence where nobody can be asked");
  const ask = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await ask.question("Fetch under these terms? [y/N] ");
  ask.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw new TraceError("not fetched");
}

/** One line that renews itself on a terminal; without one, a line at every tenth. */
function progressLine(name: string): {
  readonly show: (done: {
    readonly files: number;
    readonly ofFiles: number;
    readonly bytes: number;
    readonly ofBytes: number;
  }) => void;
  readonly end: () => void;
} {
  const { isTTY } = process.stderr;
  let tenth = 0;
  const mb = (bytes: number) => (bytes / 1e6).toFixed(1);
  return {
    show: ({ files, ofFiles, bytes, ofBytes }) => {
      const text = `${name}: ${files} of ${ofFiles} files, ${mb(bytes)} of ${mb(ofBytes)} MB`;
      if (isTTY) process.stderr.write(`\r${text}`);
      else if (Math.floor((10 * bytes) / ofBytes) > tenth) {
        tenth = Math.floor((10 * bytes) / ofBytes);
        process.stderr.write(`${text}\n`);
      }
    },
    end: () => void (isTTY && process.stderr.write("\n")),
  };
}
