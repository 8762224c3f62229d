import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parsedArguments } from "../arguments.ts";
import { runStudy } from "../cli.ts";
import { coloursOf, complain, print, TextEvents } from "../event-output.ts";
import { INTERRUPTED, OK, SOME_FAILED } from "../guarded.ts";
import { publishedTable } from "../published/published-table.ts";
import { parseStudyText } from "../study-text.ts";
import type { PublishedFigure } from "../summary.ts";
import { UsageError } from "../usage-error.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/**
 * Runs the studies of the workbench that name published figures, as `npm run experiment` does and into the same folders, and
 * prints each figure beside ours.
 * @returns the exit code: 0 where every figure holds or the study says why it does not; 1 where one differs unexplained, or a
 * cell failed; 130 interrupted.
 */
export async function replayPublished(): Promise<number> {
  const studies = publishedStudies();
  if (studies.length === 0) {
    throw new UsageError(
      "no study of experiments/configs names published figures; compute expected results with --targets FILE",
    );
  }
  const colours = coloursOf(process.stdout);
  const figures: PublishedFigure[] = [];
  let failed = 0;
  for (const study of studies) {
    const options = parsedArguments([relative("", study)], root);
    if (options?.do !== "run") throw new Error(`${study}: not understood as a study`);
    const events = new TextEvents({ ...options, shard: undefined });
    const end = await runStudy({ ...options, shard: undefined }, events);
    if (end.how !== "complete") {
      events.end(end);
      return INTERRUPTED;
    }
    failed += end.failed;
    figures.push(...end.summary.published);
    print(
      `\n${colours.bold(end.summary.question)}\n${publishedTable(end.summary.published, colours)}\nreport: ${end.report}`,
    );
  }
  const unexplained = figures.filter(({ verdict, why }) => verdict !== "holds" && why === null).map(({ id }) => id);
  const counts = [...Map.groupBy(figures, ({ verdict }) => verdict)].map(
    ([verdict, { length }]) => `${length} ${verdict}`,
  );
  const rest = unexplained.length === 0 ? "what differs is explained" : `not explained: ${unexplained.join(", ")}`;
  if (failed > 0) complain(`${failed} cells failed; \`npm run experiment\` with the study says which`);
  print(`\nPublished figures in all: ${counts.join(", ")}; ${rest}`);
  return failed + unexplained.length === 0 ? OK : SOME_FAILED;
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
