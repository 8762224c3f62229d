import { fileURLToPath } from "node:url";
import yargs from "yargs";
import { HOUR_S } from "../../policies/contract/units.ts";
import { TraceError } from "../../traces/columns.ts";
import { dataFeed, type FeedRow, feedRows } from "../../traces/formats/data-feed.ts";
import { readSources } from "../../traces/formats/source-file.ts";
import { openStudyTrace } from "../../traces/open.ts";
import { optionsGiven } from "../arguments.ts";
import { print } from "../event-output.ts";
import { guarded, OK } from "../guarded.ts";
import { type Billed, billed, livesOf } from "./lives.ts";

const cache = fileURLToPath(new URL("../../.cache/traces", import.meta.url));

/** `npm run backtest -- --feed FILE --history FILE --zone ZONE`. @returns the exit code: 0, or 2 for bad input. */
export const backtestCommand = (args: readonly string[]): Promise<number> =>
  guarded(async () => {
    const given = parsed(args);
    if (given === undefined) return OK;
    const { feed, history, zone } = given;
    const rows = await rowsOf(feed);
    const { lives, free } = livesOf(rows);
    const opened = await openStudyTrace({ files: history }, cache);
    const startS = Date.parse(opened.report.startsAt) / 1000;
    if (Number.isNaN(startS)) {
      throw new TraceError(`${history.join(", ")}: does not say when it begins, so no bill can be held against it`);
    }
    const table = opened.window(0, opened.endS, { zones: [zone] });
    const markets = new Map(table.markets.map(({ instanceType }, i) => [instanceType, i]));
    const found = billed(lives, table, startS, ({ instanceType }) => markets.get(instanceType));
    if (found.length === 0) {
      throw new TraceError(
        `${history.join(", ")}: covers none of the ${lives.length} uses of instances in the feed; it begins at ${opened.report.startsAt}, lasts ${Math.floor(opened.endS / HOUR_S)} h and has ${[...markets.keys()].join(", ")} in ${zone}`,
      );
    }
    for (const line of told(found, lives.length, free)) print(line);
    return OK;
  });

function told(found: readonly Billed[], lives: number, free: number): string[] {
  const sum = (of: readonly Billed[], value: (each: Billed) => number): number =>
    of.reduce((total, each) => total + value(each), 0);
  const hoursOf = (of: readonly Billed[]) => sum(of, ({ fromS, toS }) => toS - fromS) / HOUR_S;
  const [paid, simulated] = [sum(found, (each) => each.paidUsd), sum(found, (each) => each.simulatedUsd)];
  const near = found.filter((each) => Math.abs(each.simulatedUsd / each.paidUsd - 1) <= 0.01).length;
  const worst = found.toSorted((a, b) => Math.abs(b.simulatedUsd - b.paidUsd) - Math.abs(a.simulatedUsd - a.paidUsd));
  const instances = new Set(found.map(({ instance }) => instance)).size;
  return [
    `For ${hoursOf(found).toFixed(1)} instance-hours of ${instances} instance${instances === 1 ? "" : "s"} you paid ${paid.toFixed(2)} USD; simulated, they cost ${simulated.toFixed(2)} USD: ${difference(simulated, paid)}.`,
    "",
    `${near} of ${found.length} uses of an instance come within 1 % of what was paid.`,
    ...[...Map.groupBy(found, ({ instanceType }) => instanceType)].map(
      ([type, of]) =>
        `  ${type}: ${hoursOf(of).toFixed(1)} h, paid ${sum(of, (each) => each.paidUsd).toFixed(2)}, simulated ${sum(of, (each) => each.simulatedUsd).toFixed(2)} USD`,
    ),
    "farthest off:",
    ...worst
      .slice(0, 5)
      .map(
        (each) =>
          `  ${each.instance} from ${new Date(each.fromS * 1000).toISOString()}, ${((each.toS - each.fromS) / HOUR_S).toFixed(2)} h: paid ${each.paidUsd.toFixed(4)}, simulated ${each.simulatedUsd.toFixed(4)} USD`,
      ),
    "",
    "What the data cannot tell:",
    "  - who ended an instance: all are billed as ended by their owner",
    ...(free > 0
      ? [`  - how long the ${free} hours lasted that the feed charges nothing for; they are in neither sum`]
      : []),
    ...(lives > found.length
      ? [
          `  - what ${lives - found.length} of ${lives} uses would have cost: the history does not cover their time or type`,
        ]
      : []),
  ];
}

function difference(simulated: number, paid: number): string {
  const share = simulated / paid - 1;
  return `${(100 * Math.abs(share)).toFixed(1)} % ${share < 0 ? "less" : "more"}`;
}

async function rowsOf(paths: readonly string[]): Promise<FeedRow[]> {
  const files = await readSources(paths, () => false);
  const rows: FeedRow[] = [];
  try {
    for (const file of files) {
      if (!dataFeed.matches(file)) {
        throw new TraceError(`${file.path}: is no spot data feed; name the files of the bucket that it is written to`);
      }
      for await (const row of feedRows(file)) rows.push(row);
    }
  } finally {
    for (const file of files) file.dispose();
  }
  return rows;
}

function parsed(args: readonly string[]) {
  const files = { type: "string", array: true, requiresArg: true, demandOption: true } as const;
  return optionsGiven(
    yargs([...args])
      .scriptName("npm run backtest --")
      .usage(
        "$0 --feed FOLDER --history FILE --zone ZONE\n\nWhat you paid for spot instances beside what the simulator bills for the same hours at the prices of the time.",
      )
      .options({
        feed: { ...files, describe: "files of your account's spot data feed, or their folder" },
        history: { ...files, describe: "prices of that time, in any format of docs/FORMATS.md" },
        zone: {
          type: "string",
          requiresArg: true,
          demandOption: true,
          describe: "where the fleet ran, which the feed does not say",
        },
      }),
  );
}
