import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { TraceError } from "../../traces/columns.ts";
import { isPresent, publicSetNamed, userSetFolder } from "../../traces/public-sets.ts";
import { parsedArguments } from "../arguments.ts";
import { runStudy } from "../cli.ts";
import { coloursOf, complain, print, TextEvents } from "../event-output.ts";
import { INTERRUPTED, OK, SOME_FAILED } from "../guarded.ts";
import { Progress } from "../progress.ts";
import { publishedTable } from "../published/published-table.ts";
import { makeFolder, writeResult } from "../results.ts";
import { parseStudyText } from "../study-text.ts";
import type { Verdict } from "../summary.ts";
import { papers } from "./papers/index.ts";
import { type Figure, judgedRow, type Paper } from "./papers/paper.ts";
import { figureTable, pointsCsv } from "./papers/papers-table.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** What papers' figures are computed from, and on how many threads. */
export interface ReplayChoice {
  /** Holds public data sets by their names; the user's cache where undefined. */
  readonly data: string | undefined;
  readonly jobs: number;
}

/**
 * Runs the studies of the workbench that name published figures, as `npm run experiment` does and into the same folders, then computes
 * the figures of papers whose traces are there, and prints each figure beside ours.
 * @returns the exit code: 0 where every figure holds or it is said why it does not; 1 where one differs unexplained, or a cell failed;
 * 130 interrupted.
 * @throws TraceError where `data` does not hold a set
 */
export async function replayPublished(choice: ReplayChoice): Promise<number> {
  const colours = coloursOf(process.stdout);
  const found = papers.map((paper) => ({ paper, folder: folderOf(paper, choice.data) }));
  const verdicts: { readonly id: string; readonly verdict: Verdict; readonly isExplained: boolean }[] = [];
  let failed = 0;
  for (const study of publishedStudies()) {
    const options = parsedArguments([relative("", study)], root);
    if (options?.do !== "run") throw new Error(`${study}: not understood as a study`);
    const events = new TextEvents({ ...options, shard: undefined });
    const end = await runStudy({ ...options, shard: undefined }, events);
    if (end.how !== "complete") {
      events.end(end);
      return INTERRUPTED;
    }
    failed += end.failed;
    const { question, published } = end.summary;
    verdicts.push(...published.map(({ id, verdict, why }) => ({ id, verdict, isExplained: why !== null })));
    print(`\n${colours.bold(question)}\n${publishedTable(published, colours)}\nreport: ${end.report}`);
  }
  for (const { paper, folder } of found) {
    print(`\n${colours.bold(paper.citation)}`);
    if (folder === undefined) {
      print(`not computed: npm run traces -- fetch ${paper.set}, or say where a copy lies: --data FOLDER`);
      continue;
    }
    const figures = await replayed(paper, folder, choice.jobs);
    for (const figure of figures) {
      print(`\n${figureTable(figure, colours)}`);
      for (const row of figure.rows) {
        const { verdict } = judgedRow(row, figure.within);
        verdicts.push({ id: `${figure.id} ${row.of}`, verdict, isExplained: row.why !== undefined });
      }
    }
    const results = join("results", "validate");
    makeFolder(results);
    print(`\nevery point: ${writeResult(results, `${paper.name}.csv`, [await pointsCsv(figures)])}`);
  }
  const unexplained = verdicts.filter((each) => each.verdict !== "holds" && !each.isExplained).map(({ id }) => id);
  const counts = [...Map.groupBy(verdicts, ({ verdict }) => verdict)].map(
    ([verdict, { length }]) => `${length} ${verdict}`,
  );
  const rest = unexplained.length === 0 ? "what differs is explained" : `not explained: ${unexplained.join(", ")}`;
  const absent = found.filter(({ folder }) => folder === undefined).map(({ paper }) => paper.name);
  if (failed > 0) complain(`${failed} cells failed; \`npm run experiment\` with the study says which`);
  print(
    `\nPublished figures in all: ${[...counts, ...(absent.length > 0 ? [`those of ${absent.join(", ")} not computed`] : [])].join(", ")}; ${rest}`,
  );
  return failed + unexplained.length === 0 ? OK : SOME_FAILED;
}

/** Where a paper's traces lie; undefined where they do not. @throws TraceError where they were said to be and are not */
function folderOf({ set }: Paper, data: string | undefined): string | undefined {
  const folder = data === undefined ? userSetFolder(set) : join(data, set);
  if (isPresent(publicSetNamed(set), folder)) return folder;
  if (data === undefined) return undefined;
  throw new TraceError(
    `--data: ${folder} does not hold the files of ${set}; npm run traces -- fetch ${set} --to ${folder}`,
  );
}

async function replayed(paper: Paper, folder: string, jobs: number): Promise<readonly Figure[]> {
  let progress: Progress | undefined;
  const figures = await paper.replay(folder, {
    jobs,
    progress: (pieces) => {
      progress = new Progress(pieces, process.stderr, undefined, "batches");
      return () => progress!.add(true);
    },
  });
  progress?.end();
  return figures;
}

function publishedStudies(): string[] {
  const folder = join(root, "experiments", "configs");
  const studies = readdirSync(folder).filter((name) => name.endsWith(".yaml"));
  return studies
    .sort()
    .map((name) => join(folder, name))
    .filter((path) => {
      const { value } = parseStudyText(readFileSync(path, "utf8"), path);
      return typeof value === "object" && value !== null && "published" in value;
    });
}
