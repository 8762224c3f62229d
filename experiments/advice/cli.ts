import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import yargs from "yargs";
import { commandLine, optionsGiven, running, runningOf } from "../arguments.ts";
import { runStudy } from "../cli.ts";
import { canonicalJson } from "../digest.ts";
import { complain, print, TextEvents } from "../event-output.ts";
import { guarded, INTERRUPTED, OK, SOME_FAILED } from "../guarded.ts";
import type { RunRecord } from "../record.ts";
import { makeFolder, writeResult } from "../results.ts";
import { loadStudy } from "../study.ts";
import { UsageError } from "../usage-error.ts";
import { adviceOf } from "./advice.ts";
import { askedStudy, type Question, type Work, workText } from "./question.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** `npm run advise -- ...`. @returns the exit code, as that of an experiment. */
export const adviseCommand = (args: readonly string[]): Promise<number> =>
  guarded(async () => {
    const given = parsed(args);
    if (given === undefined) return OK;
    const { question, ...options } = given;
    const asked = await askedStudy(question, join(root, ".cache", "traces"));
    const name = `advice-${question.work.kind}-${question.instanceType.replace(/[^\w.-]+/g, "-")}`;
    makeFolder("results");
    const study = writeResult("results", `${name}.yaml`, [stringify(asked.study)]);
    const loaded = loadStudy(study);
    const run = {
      ...options,
      study,
      sets: [],
      only: [],
      dryRun: false,
      skipLaws: false,
      fresh: false,
      command: commandLine(args, "advise"),
    };
    const events = new TextEvents(run);
    const end = await runStudy(run, events);
    if (end.how !== "complete") {
      events.end(end);
      return INTERRUPTED;
    }
    const about = { ...asked, work: workText(question.work), metric: asked.serviceMetric, service: question.service };
    const { answer, parameters, wouldChange, cannotTell } = adviceOf(
      end.summary,
      loaded.study,
      about,
      assumptionsOf(end.report, end.summary.groups[0]!.axes),
    );
    const list = (title: string, texts: readonly string[]): string[] =>
      texts.length === 0 ? [] : ["", title, ...texts.map((text) => `  - ${text}`)];
    print(
      [
        answer,
        ...(parameters === "" ? [] : ["", `As a study names it: ${parameters}`]),
        ...list("What would change the answer:", wouldChange),
        ...list("What the data cannot tell:", cannotTell),
        "",
        `study: ${study}`,
        `report: ${end.report}`,
      ].join("\n"),
    );
    if (end.failed > 0) complain(`${end.failed} cells failed; the report says why`);
    return end.failed > 0 ? SOME_FAILED : OK;
  });

/** What the runs of a point of the sweep took for granted, each once. */
function assumptionsOf(report: string, axes: object): string[] {
  const lines = readFileSync(join(report, "..", "runs.ndjson"), "utf8")
    .trimEnd()
    .split("\n");
  const records = lines.map((line) => JSON.parse(line) as RunRecord);
  const here = records.filter(({ spec }) => canonicalJson(spec.axes) === canonicalJson(axes));
  return [...new Set(here.flatMap((record) => (record.ok ? record.assumptions : [])))];
}

function parsed(args: readonly string[]) {
  const number = { type: "number", requiresArg: true } as const;
  const text = { type: "string", requiresArg: true } as const;
  const parser = yargs([...args])
    .scriptName("npm run advise --")
    .usage(
      "$0 --type TYPE (--job H --deadline H | --tasks N --hours H | --replicas N)\n\nAnswers in one sentence which policy to run, and what it will cost.",
    )
    .options({
      type: { ...text, demandOption: true, describe: "instance type" },
      regions: { ...text, default: "", describe: "comma between them; all that the prices are of" },
      history: {
        ...text,
        array: true,
        default: [] as string[],
        describe: "your own price history, in any format of docs/FORMATS.md",
      },
      preset: { ...text, describe: "generated markets instead" },
      job: { ...number, describe: "hours of work of one job" },
      deadline: { ...number, describe: "hours until it must be done" },
      nodes: { ...number, default: 1, describe: "instances that it runs on together" },
      "restart-s": { ...number, default: 300, describe: "seconds that a job or a replica needs from boot to work" },
      tasks: { ...number, describe: "how many tasks" },
      hours: { ...number, describe: "hours of work of each" },
      over: { ...number, default: 24, describe: "hours over which they begin" },
      "memory-mib": { ...number, default: 8000, describe: "GPU memory of a task" },
      replicas: { ...number, describe: "replicas of a service" },
      service: { ...number, default: 0.99, describe: "least share of jobs in time, tasks done, or time available" },
      "reclaims-per-hour": { ...number, default: 0.05, describe: "of an instance, where prices are all there is" },
      "on-demand-usd": { ...number, describe: "what on-demand costs an hour, where the catalog does not know it" },
      seeds: { ...number, default: 24, describe: "stretches drawn from a preset" },
      jobs: running.jobs,
      out: running.out,
      "cell-timeout": running["cell-timeout"],
      "cell-memory": running["cell-memory"],
    });
  const given = optionsGiven(parser);
  if (given === undefined) return undefined;
  const { service, reclaimsPerHour, seeds, onDemandUsd } = given;
  const positive = { "reclaims-per-hour": reclaimsPerHour, service, "on-demand-usd": onDemandUsd };
  for (const [name, value] of Object.entries(positive)) {
    if (value !== undefined && !(value > 0)) throw new UsageError(`--${name}: expected a number above 0`);
  }
  if (service > 1) throw new UsageError("--service: expected a share, at most 1");
  const question: Question = {
    work: workOf(given),
    instanceType: given.type,
    regions: given.regions.split(",").filter((region) => region !== ""),
    history: given.history,
    preset: given.preset,
    onDemandUsdPerHour: onDemandUsd,
    service,
    reclaimsPerHour,
    seeds,
  };
  return { question, ...runningOf({ ...given, json: false }) };
}

interface GivenWork {
  readonly job: number | undefined;
  readonly deadline: number | undefined;
  readonly nodes: number;
  readonly restartS: number;
  readonly tasks: number | undefined;
  readonly hours: number | undefined;
  readonly over: number;
  readonly memoryMib: number;
  readonly replicas: number | undefined;
}

function workOf({ job, deadline, nodes, restartS, tasks, hours, over, memoryMib, replicas }: GivenWork): Work {
  if ([job, tasks, replicas].filter((each) => each !== undefined).length !== 1) {
    throw new UsageError("expected one of --job, --tasks and --replicas; see --help");
  }
  const needed = (name: string, value: number | undefined): number => {
    if (value !== undefined && value > 0) return value;
    throw new UsageError(`--${name}: expected a number above 0`);
  };
  if (job !== undefined) {
    const work = { hours: needed("job", job), deadlineH: needed("deadline", deadline), nodes, restartS };
    if (work.deadlineH < work.hours) throw new UsageError(`--deadline: ${deadline} h are too few for ${job} h of work`);
    return { kind: "job", ...work };
  }
  if (tasks !== undefined) {
    return {
      kind: "tasks",
      tasks: needed("tasks", tasks),
      hours: needed("hours", hours),
      overH: needed("over", over),
      memoryMiB: memoryMib,
    };
  }
  return { kind: "service", replicas: needed("replicas", replicas), warmupS: restartS };
}
