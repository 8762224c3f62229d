import { mkdir, rm, writeFile } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { type Command, parsedArguments } from "./arguments.ts";
import { doctor } from "./doctor.ts";
import { complain, JsonEvents, print, TextEvents } from "./event-output.ts";
import {
  type ExperimentEnd,
  type ExperimentEvents,
  type ExperimentHost,
  type ExperimentOptions,
  experiment,
} from "./experiment.ts";
import { guarded, INTERRUPTED, OK, SOME_FAILED } from "./guarded.ts";
import { writeJobFile } from "./launch.ts";
import { merge } from "./merge.ts";
import { newPolicy, newStudy } from "./new-files.ts";
import { policyPages, policyText } from "./policy-pages.ts";
import { shardOf } from "./shard.ts";
import { shellWord } from "./shell-word.ts";
import { loadStudy } from "./study.ts";
import { studyJsonSchema } from "./study-schema.ts";
import { runSuite } from "./suite/run-suite.ts";
import { scoreText } from "./suite/score-text.ts";
import { scoreboardJsonSchema } from "./suite/scoreboard.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

/** `npm run experiment -- ...`. @returns the exit code: 0 ok, 1 some cells failed, 2 bad input, 130 interrupted. */
export const experimentCommand = (args: readonly string[]): Promise<number> =>
  guarded(async () => {
    const parsed = parsedArguments(args, root);
    return parsed === undefined ? OK : carriedOut(parsed);
  });

async function carriedOut(command: Command): Promise<number> {
  switch (command.do) {
    case "schema":
      print(JSON.stringify(command.of === "study" ? studyJsonSchema() : scoreboardJsonSchema(), null, 2));
      return OK;
    case "policies":
      return policies(command);
    case "init":
      newStudy(root, command.path);
      print(`wrote ${command.path}; what it would run: npm run experiment -- ${shellWord(command.path)} --dry-run`);
      return OK;
    case "new policy": {
      const [policy, test] = newPolicy(root, command.name, command.folder, command.language);
      print(`wrote ${policy} and ${test}`);
      print(`in a study beside it: { scheduling: ./${basename(policy!)}, assignment: earliest-node }`);
      print(`its test: npm test -- ${test}`);
      return OK;
    }
    case "doctor": {
      const findings = await doctor(root);
      for (const { state, what, remedy } of findings) {
        print(`${state.padEnd(9)} ${what}${remedy === undefined ? "" : `; ${remedy}`}`);
      }
      return findings.some(({ state }) => state === "broken") ? SOME_FAILED : OK;
    }
    case "launch":
      writeJobFile(loadStudy(command.study, command.sets), command);
      return OK;
    case "merge": {
      const show = command.json ? new JsonEvents() : new TextEvents({ ...command, dryRun: false, only: [] });
      return shown(await listening(show, (host) => merge(command, host)), show);
    }
    case "suite": {
      const notice = (text: string): void => complain(`\n${text}`);
      const run = (options: ExperimentOptions): Promise<ExperimentEnd> =>
        runStudy(options, command.json ? new JsonEvents() : new TextEvents(options));
      const { how, rows, failed, scoreboard } = await runSuite(command, { root, run, notice });
      if (how === "interrupted") return INTERRUPTED;
      print(rows.length === 0 ? "no track was run" : `${scoreText(rows)}\n\nscoreboard: ${scoreboard}`);
      return failed > 0 ? SOME_FAILED : OK;
    }
    case "run": {
      const task = shardOf(command.shard, process.env);
      if (task !== undefined)
        complain(`shard ${task.shard.index} of ${task.shard.of}, by ${task.by}; all of the study: --shard 1/1`);
      const options = { ...command, shard: task?.shard.of === 1 ? undefined : task?.shard };
      const show = command.json ? new JsonEvents() : new TextEvents(options);
      return shown(await runStudy(options, show), show);
    }
  }
}

function shown(end: ExperimentEnd, show: { end(end: ExperimentEnd): void }): number {
  show.end(end);
  if (end.how === "interrupted") return INTERRUPTED;
  return "failed" in end && end.failed > 0 ? SOME_FAILED : OK;
}

async function policies({ name, write }: Extract<Command, { do: "policies" }>): Promise<number> {
  if (!write) {
    print(policyText(name));
    return OK;
  }
  const folder = join(root, "docs", "policies");
  // A page of something that is no longer there must go.
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const [file, text] of policyPages()) await writeFile(join(folder, file), text);
  print(`wrote ${policyPages().size} pages to ${relative("", folder)}`);
  return OK;
}

/** Runs a study and draws its report. Ctrl-C stops it after the cells at work, twice at once. @throws as `experiment` does */
export const runStudy = (options: ExperimentOptions, events: ExperimentEvents): Promise<ExperimentEnd> =>
  listening(events, (host) => experiment(options, host));

async function listening<T>(events: ExperimentEvents, run: (host: ExperimentHost) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const interrupt = (): void => {
    if (stop.signal.aborted) process.exit(INTERRUPTED);
    complain("\nstopping; once more ends at once");
    stop.abort();
  };
  const listen = (): AbortSignal => {
    process.on("SIGINT", interrupt);
    process.on("SIGTERM", interrupt);
    return stop.signal;
  };
  try {
    return await run({
      root,
      events,
      listen,
      render: async (input) => {
        // Loaded when there is something to draw: the charts' libraries are large.
        const { renderReport } = await import("../reports/page.ts");
        return renderReport(input);
      },
    });
  } finally {
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
  }
}
