import { dirname, join } from "node:path";
import pc from "picocolors";
import type { ExperimentEnd, ExperimentEvents, ExperimentOptions } from "./experiment.ts";
import type { Plan } from "./plan.ts";
import { duration, Progress } from "./progress.ts";
import { publishedTable } from "./published/published-table.ts";
import { rankedTables } from "./ranked-table.ts";
import { shardText } from "./shard.ts";

export const print = (text: string): void => void process.stdout.write(`${text}\n`);
export const complain = (text: string): void => void process.stderr.write(`${text}\n`);
/** Ids, paths and messages come from files, and a terminal obeys control characters. */
export const oneLine = (text: string): string => text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ");
/** Whoever reads standard output may stop early (| head). */
export function ignoreBrokenPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
}
/** Only where somebody sees it: not in files, not in a log of CI, not with NO_COLOR. */
export const coloursOf = (stream: { readonly isTTY?: boolean }) =>
  pc.createColors(pc.isColorSupported && stream.isTTY === true);

/** What of a command its text depends on. */
type Said = Pick<ExperimentOptions, "jobs" | "dryRun" | "only" | "shard" | "command">;

/** For people: progress on stderr, what was found on stdout. */
export class TextEvents implements ExperimentEvents {
  readonly #options: Said;
  #progress: Progress | undefined;
  #folder = "";
  /** What went wrong, and in how many cells. */
  readonly #errors = new Map<string, number>();

  constructor(options: Said) {
    this.#options = options;
  }

  planned(plan: Plan, cells: readonly unknown[], folder: string): void {
    this.#folder = folder;
    const { jobs, dryRun, shard } = this.#options;
    const time =
      plan.estimatedMs === undefined
        ? ""
        : `, about ${duration(plan.estimatedMs / jobs)} with ${jobs} worker${jobs === 1 ? "" : "s"}`;
    const chosen = plan.pending.length + plan.stored;
    const of = chosen === cells.length ? "" : ` of ${cells.length}`;
    const text = [
      `${shard === undefined ? "" : `${shardText(shard)}: `}${chosen}${of} cells: ${plan.stored} stored in ${folder}, ${plan.pending.length} to run${plan.pending.length === 0 ? "" : time}`,
      ...plan.reasons.map(({ policyId, why, cells }) => `  ${String(cells).padStart(6)}  ${policyId}: ${why}`),
    ].join("\n");
    if (dryRun) print(text);
    else complain(text);
    if (!dryRun) this.#progress = new Progress(plan.pending.length, process.stderr);
  }

  cell(
    { spec }: Parameters<ExperimentEvents["cell"]>[0],
    ok: boolean,
    _: number,
    failure?: { readonly error: string; readonly stack: string },
  ): void {
    this.#progress?.add(ok);
    if (failure !== undefined) {
      const error = oneLine(`${spec.policyId}: ${failure.error}`);
      this.#errors.set(error, (this.#errors.get(error) ?? 0) + 1);
    }
    const isReplay = this.#options.only.some((choice) => choice.startsWith("cell="));
    if (failure !== undefined && isReplay) complain(`\n${failure.stack === "" ? failure.error : failure.stack}`);
  }

  computed(): void {
    this.#progress?.end();
  }

  warning(text: string): void {
    complain(coloursOf(process.stderr).yellow(`warning: ${text}`));
  }

  notice(text: string): void {
    complain(oneLine(text));
  }

  end(end: ExperimentEnd): void {
    if (end.how === "interrupted") {
      complain(`stopped; what is done is kept in ${this.#folder}. To go on: ${this.#options.command}`);
    } else if (end.how === "shard") {
      complain(
        `this shard is done and kept in ${this.#folder}; once all are: npm run experiment -- merge ${this.#folder.replace(/\d+(?=-of-\d+$)/, "*")}`,
      );
      if (end.failed > 0) this.#complainOfFailed(`${counted(end.failed)} failed`);
    } else if (end.how === "partial") {
      complain(
        `${end.missing} cells of the study have not been run, so nothing is drawn; what was run is kept in ${this.#folder}, and without --only the rest is run`,
      );
      if (end.failed > 0) this.#complainOfFailed(`${counted(end.failed)} failed`);
    } else if (end.how === "complete") {
      const colours = coloursOf(process.stdout);
      print(`\n${rankedTables(end.summary, colours)}\n`);
      for (const title of ["published", "expected"] as const) {
        const figures = end.summary[title];
        if (figures.length > 0) print(`${publishedTable(figures, colours, title)}\n`);
      }
      if (end.failed > 0) {
        const where = join(dirname(end.report), "runs.ndjson");
        this.#complainOfFailed(
          `${counted(end.failed)} failed; all errors, and a command that runs each again, are in ${where}`,
        );
      }
      print(`report: ${end.report}`);
    }
  }

  /** The most frequent errors, each once. */
  #complainOfFailed(text: string): void {
    const most = [...this.#errors].sort(([, a], [, b]) => b - a).slice(0, ERRORS_MAX);
    const lines = most.map(([error, cells]) => `  ${String(cells).padStart(6)}  ${error}`);
    complain(coloursOf(process.stderr).red([text, ...lines].join("\n")));
  }
}

const ERRORS_MAX = 5;

const counted = (cells: number): string => (cells === 1 ? "1 cell" : `${cells} cells`);

/** For programs: one JSON object a line on stdout. */
export class JsonEvents implements ExperimentEvents {
  planned(plan: Plan, cells: readonly unknown[], folder: string): void {
    const { pending, stored, reasons, estimatedMs } = plan;
    tell({ event: "planned", folder, cells: cells.length, stored, pending: pending.length, estimatedMs, reasons });
  }

  cell(
    { key, spec }: Parameters<ExperimentEvents["cell"]>[0],
    ok: boolean,
    wallMs: number,
    failure?: { readonly error: string },
  ): void {
    const { policyId, trace, unit, replicate, axes } = spec;
    tell({ event: "cell", key, ok, policyId, trace, unit, replicate, axes, wallMs, error: failure?.error });
  }

  computed(): void {
    tell({ event: "computed" });
  }

  warning(text: string): void {
    tell({ event: "warning", text });
  }

  notice(text: string): void {
    tell({ event: "notice", text });
  }

  end(end: ExperimentEnd): void {
    tell({ event: "end", ...end });
  }
}

const tell = (event: object): void => print(JSON.stringify(event));
