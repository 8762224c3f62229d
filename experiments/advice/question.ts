import { resolve } from "node:path";
import { HOUR_S } from "../../policies/contract/units.ts";
import { catalogOf } from "../../traces/catalog/catalog.ts";
import { TraceError } from "../../traces/columns.ts";
import { openStudyTrace } from "../../traces/open.ts";
import { presets } from "../../traces/presets.ts";
import { UsageError } from "../usage-error.ts";

/** What is to be run. */
export type Work =
  | {
      readonly kind: "job";
      readonly hours: number;
      readonly deadlineH: number;
      readonly nodes: number;
      readonly restartS: number;
    }
  | {
      readonly kind: "tasks";
      readonly tasks: number;
      readonly hours: number;
      readonly overH: number;
      readonly memoryMiB: number;
    }
  | { readonly kind: "service"; readonly replicas: number; readonly warmupS: number };

/** A question as it is asked on a command line. */
export interface Question {
  readonly work: Work;
  readonly instanceType: string;
  /** Where; all that the prices are of where empty. */
  readonly regions: readonly string[];
  /** Files with the user's own prices; a preset where empty. */
  readonly history: readonly string[];
  readonly preset: string | undefined;
  /** What on-demand costs; the catalog's price where undefined. */
  readonly onDemandUsdPerHour: number | undefined;
  /** Least share of jobs in time, tasks done, or hours available, below which nothing is advised. */
  readonly service: number;
  /** What prices do not say: how often an instance is taken back. */
  readonly reclaimsPerHour: number;
  /** Of a preset: how many stretches are drawn. */
  readonly seeds: number;
}

/** A question as a study, and what the user should know of its making. */
export interface AskedStudy {
  readonly study: Readonly<Record<string, unknown>>;
  /** Metric of the service that is asked for. */
  readonly serviceMetric: string;
  readonly cannotTell: readonly string[];
}

/**
 * The study that answers a question: policies that fit the work, on the user's prices or a preset's markets, at what was asked and, so
 * that it is known what the answer hangs on, beside it.
 * @throws UsageError, TraceError for prices that do not fit the question.
 */
export async function askedStudy(question: Question, cacheFolder: string): Promise<AskedStudy> {
  const { work, instanceType } = question;
  const lengthH = work.kind === "job" ? beside(work.deadlineH) : work.kind === "tasks" ? 2 * work.overH : 24;
  const { trace, hasCapacity, regions, cannotTell } =
    question.history.length > 0 ? await fromHistory(question, lengthH, cacheFolder) : fromPreset(question, lengthH);
  if (question.onDemandUsdPerHour === undefined) assertPriced(instanceType, regions);
  const policies = candidates(work);
  const [baseline] = policies as [{ readonly id: string }];
  const shape = workload(work);
  const [axis, values] = hasCapacity
    ? shape.beside
    : (["cloud.interruptions.perHour", [1, 0.25, 4].map((times) => times * question.reclaimsPerHour)] as const);
  return {
    serviceMetric: { job: "deadlineMetShare", tasks: "completedShare", service: "availableShare" }[work.kind],
    cannotTell,
    study: {
      question: `Which policy runs ${workText(work)} on ${instanceType} at the lowest bill?`,
      traces: [trace],
      ...(question.onDemandUsdPerHour !== undefined && { onDemandUsdPerHour: question.onDemandUsdPerHour }),
      drainH: work.kind === "tasks" ? 24 : 0,
      workload: { model: shape.model, params: shape.params },
      cloud: {
        profile: "aws",
        interruptions: hasCapacity ? { model: "capacity" } : { model: "hazard", perHour: question.reclaimsPerHour },
        visibility: "tried",
        depth: hasCapacity ? "observed" : "unlimited",
        slotsPerInstance: 1,
      },
      cadence: work.kind === "tasks" ? { onChange: true } : { onChange: false, everyS: work.kind === "job" ? 300 : 60 },
      policies,
      sweep: { [axis]: values },
      baseline: baseline.id,
      primary: { metric: "costUsd", comparisons: pairs(policies.map(({ id }) => id)) },
    },
  };
}

/** Each with all before it: whichever comes out cheapest, its lead was meant to be tested. */
const pairs = (ids: readonly string[]): (readonly [string, string])[] =>
  ids.flatMap((id, i) => ids.slice(0, i).map((earlier) => [id, earlier] as const));

/** @example workText({ kind: "service", replicas: 3, warmupS: 60 }) // "a service of 3 replicas for a day" */
export function workText(work: Work): string {
  switch (work.kind) {
    case "job":
      return `a job of ${work.hours} h${work.nodes > 1 ? ` on ${work.nodes} nodes` : ""} within ${work.deadlineH} h`;
    case "tasks":
      return `${work.tasks} tasks of ${work.hours} h, begun over ${work.overH} h`;
    case "service":
      return `a service of ${work.replicas} replica${work.replicas === 1 ? "" : "s"} for a day`;
  }
}

/** A value beside what was asked: half as much again, in whole minutes. */
const beside = (value: number): number => Math.round(1.5 * value * 60) / 60;

function workload(work: Work): {
  readonly model: string;
  readonly params: object;
  readonly beside: readonly [axis: string, values: readonly unknown[]];
} {
  switch (work.kind) {
    case "job": {
      const { hours, deadlineH, nodes, restartS } = work;
      return {
        model: "deadline-job",
        params: { workH: hours, deadlineH, nodes, restartOverheadS: restartS },
        beside: ["workload.params.deadlineH", [deadlineH, beside(deadlineH)]],
      };
    }
    case "tasks": {
      const { tasks, hours, overH, memoryMiB } = work;
      return {
        model: "tasks",
        params: {
          tasks,
          arrivals: { kind: "uniform", spanH: overH },
          workH: { kind: "constant", value: hours },
          memoryMiB,
          state: { baseMiB: memoryMiB / 2, maxMiB: memoryMiB / 2, grows: false },
          onReclaim: "checkpointEvery",
          checkpoint: { everyS: 1800, writeMiBPerS: 100 },
        },
        beside: ["workload.params.tasks", [tasks, 2 * tasks]],
      };
    }
    case "service": {
      const { replicas, warmupS } = work;
      return {
        model: "serving",
        params: { replicas, warmupS },
        beside: ["workload.params.replicas", [replicas, 2 * replicas]],
      };
    }
  }
}

/** What people run today, and what papers found better, as far as it can be run where nobody says what is obtainable. */
function candidates(work: Work): readonly { readonly id: string; readonly [key: string]: unknown }[] {
  const remembering = { wrappers: [{ name: "with-capacity-memory", params: { memoryS: 180 } }] };
  switch (work.kind) {
    case "job": {
      const net = { name: "with-safety-net", params: { launchS: 240 } };
      const probing = { name: "with-probing", params: { intervalS: 1800 } };
      return [
        { id: "on-demand", scheduling: "on-demand-only", assignment: "first-fit" },
        { id: "greedy with a safety net", scheduling: "greedy-deadline", wrappers: [net], assignment: "first-fit" },
        { id: "uniform progress", scheduling: "uniform-progress", wrappers: [net, probing], assignment: "first-fit" },
      ];
    }
    case "tasks":
      return [
        { id: "on-demand", scheduling: "on-demand-only", assignment: "earliest-node" },
        { id: "greedy", scheduling: "greedy", ...remembering, assignment: "earliest-node" },
        {
          id: "on-demand after two reclaims",
          scheduling: { name: "on-demand-fallback", params: { afterReclaims: 2 } },
          ...remembering,
          assignment: "earliest-node",
        },
        { id: "as a scaling group", scheduling: "asg-price-capacity-optimized", assignment: "earliest-node" },
        { id: "as Karpenter", scheduling: "karpenter-like", assignment: "earliest-node" },
      ];
    case "service":
      return [
        { id: "on-demand", scheduling: "on-demand-only", assignment: "first-fit" },
        { id: "spot hedge", scheduling: "spot-hedge", assignment: "first-fit" },
        {
          id: "round robin",
          scheduling: { name: "round-robin", params: { extraReplicas: 1 } },
          assignment: "first-fit",
        },
        {
          id: "even spread",
          scheduling: { name: "even-spread", params: { extraReplicas: 1 } },
          assignment: "first-fit",
        },
      ];
  }
}

/** @throws UsageError where the catalog has no on-demand price. */
function assertPriced(instanceType: string, regions: readonly string[]): void {
  try {
    for (const region of regions) catalogOf([]).usdPerHour(instanceType, region);
  } catch (error) {
    if (!(error instanceof TraceError)) throw error;
    throw new UsageError(`${error.message.split(". ")[0]}; say what on-demand costs there: --on-demand-usd PRICE`);
  }
}

interface Source {
  readonly trace: object;
  readonly regions: readonly string[];
  readonly hasCapacity: boolean;
  readonly cannotTell: readonly string[];
}

function fromPreset({ preset, instanceType, regions, seeds }: Question, lengthH: number): Source {
  const found = presets.find(({ name, model }) =>
    preset === undefined ? model.instanceType === instanceType : name === preset,
  );
  if (found === undefined || found.model.instanceType !== instanceType) {
    const known = presets.map(({ name, model }) => `${name} (${model.instanceType})`).join(", ");
    throw new UsageError(
      `${preset === undefined ? "no preset has" : `preset ${preset} does not have`} ${instanceType}; give its prices with --history FILE (aws ec2 describe-spot-price-history --instance-types ${instanceType} --output json), or ask of a preset: ${known}`,
    );
  }
  const zones = inRegions(found.model.zones, regions, `preset ${found.name}`);
  return {
    regions: regionsOf(found.model.zones, regions),
    trace: { name: "asked", generate: { preset: found.name }, ...zones, windows: { lengthH, seeds } },
    hasCapacity: true,
    cannotTell: [
      `the markets are drawn from a model, not from today: ${found.source}; your own prices (--history) would tell of those`,
    ],
  };
}

async function fromHistory(
  { history, instanceType, regions, reclaimsPerHour }: Question,
  lengthH: number,
  cacheFolder: string,
): Promise<Source> {
  const files = history.map((file) => resolve(file));
  const opened = await openStudyTrace({ files, instanceType }, cacheFolder);
  const markets = opened.markets().filter((market) => market.instanceType === instanceType);
  if (markets.length === 0) {
    const there = [...new Set(opened.markets().map((market) => market.instanceType))].join(", ");
    throw new TraceError(
      `${history.join(", ")}: holds no ${instanceType}, but ${there}; correct --type, or name other files`,
    );
  }
  const fits = Math.floor(opened.endS / HOUR_S / lengthH);
  if (fits < 1) {
    throw new UsageError(
      `${history.join(", ")}: ${Math.floor(opened.endS / HOUR_S)} h of prices are too few for stretches of ${lengthH} h; give a longer history, or ask of less`,
    );
  }
  const zones = inRegions(markets, regions, history.join(", "));
  const table = opened.window(0, opened.endS, { instanceTypes: [instanceType] });
  const hasCapacity = table.markets.some((_, market) => table.capacityAt(market, 0) !== Infinity);
  return {
    regions: regionsOf(markets, regions),
    trace: {
      name: "asked",
      files,
      instanceType,
      markets: { instanceTypes: [instanceType], ...zones.markets },
      windows: { lengthH },
    },
    hasCapacity,
    cannotTell: [
      ...(hasCapacity
        ? []
        : [
            `prices do not say whether a launch is granted or when an instance is taken back: every launch is granted, and ${reclaimsPerHour} reclaims an instance-hour are assumed; launch probes or node events would tell`,
          ]),
      ...(fits < 6
        ? [`the history has room for ${fits} stretches of ${lengthH} h, and below 6 there is no interval`]
        : []),
    ],
  };
}

/** The zones of the regions that were asked for, as a study's filter. */
function inRegions(
  markets: readonly { readonly region: string; readonly zone: string }[],
  regions: readonly string[],
  where: string,
): { readonly markets?: { readonly zones: readonly string[] } } {
  if (regions.length === 0) return {};
  const known = regionsOf(markets, []);
  const foreign = regions.filter((region) => !known.includes(region));
  if (foreign.length > 0) {
    throw new UsageError(`--regions: ${where} has no ${foreign.join(", ")}; it has ${known.join(", ")}`);
  }
  return {
    markets: { zones: [...new Set(markets.filter(({ region }) => regions.includes(region)).map(({ zone }) => zone))] },
  };
}

const regionsOf = (markets: readonly { readonly region: string }[], asked: readonly string[]): readonly string[] =>
  asked.length > 0 ? asked : [...new Set(markets.map(({ region }) => region))];
