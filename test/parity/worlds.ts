import fc from "fast-check";
import type { z } from "zod";
import { assignmentStrategies } from "../../policies/assignment/index.ts";
import { decidesFor } from "../../policies/contract/policy.ts";
import type { Cadence, CloudSpec, Scenario } from "../../policies/contract/scenario.ts";
import type { OnReclaim } from "../../policies/contract/view.ts";
import { resolveScenario, unfitFor } from "../../policies/registry.ts";
import { routers } from "../../policies/routing/index.ts";
import { schedulingPolicies } from "../../policies/scheduling/index.ts";
import { wrappers } from "../../policies/wrappers/index.ts";
import type { SimulationInput } from "../../sim/simulation.ts";
import { isCutOverGpus } from "../../sim/workloads/serving-params.ts";
import {
  cutServiceInput,
  gpuCloud,
  handCloud,
  input,
  jobInput,
  type Steps,
  serviceInput,
  table,
  zonesCloud,
} from "../support/runs.ts";

const HOUR = 3600;

/** What a case is made of; everything else is the same in all. */
interface Deal {
  readonly scheduling: string;
  readonly wrappers: Wrappers;
  readonly assignment: string;
  readonly visibility: CloudSpec["visibility"];
  readonly cadence: Cadence;
  readonly interruptions: CloudSpec["interruptions"];
  readonly onReclaim: OnReclaim;
  readonly slotsPerInstance: number;
  /** What takes no time, so that a whole story happens in one instant. */
  readonly instantly: { readonly answer: boolean; readonly launch: boolean; readonly reclaim: boolean };
  readonly caps: boolean;
  readonly models: boolean;
  readonly atStart: boolean;
  readonly seed: string;
}

export interface ParityCase {
  readonly name: string;
  readonly input: SimulationInput;
  readonly scenario: Scenario;
}

/** Capacity that comes and goes every 40 minutes or so, never more than `most`. */
const flicker = (offsetS: number, most: number): Steps =>
  Array.from({ length: 40 }, (_, i) => [i === 0 ? 0 : i * 2400 + offsetS, (i * 7 + offsetS) % (most + 1)]);

/** Three zones, the last in a region of its own, with prices that cross, and on-demand beside them. */
const zones = table(
  [
    {
      price: [
        [0, 1.03],
        [20_000, 2.17],
        [61_000, 0.91],
      ],
      capacity: flicker(0, 3),
    },
    { price: [[0, 1.49]], capacity: flicker(731, 2) },
    {
      price: [
        [0, 1.71],
        [40_000.5, 0.83],
      ],
      capacity: flicker(1337, 4),
      region: "s",
    },
  ],
  26 * HOUR,
);

function parityCase(deal: Deal): ParityCase {
  const { scheduling, wrappers: wrapping, assignment, visibility, cadence, interruptions, onReclaim, instantly } = deal;
  return {
    name: [
      wrapping.reduce((inner, { name }) => `${name}(${inner})`, scheduling),
      assignment,
      visibility,
      cadence.onChange ? `on change${cadence.everyS === undefined ? "" : " and polled"}` : "polled",
      interruptions.model,
      onReclaim,
    ].join(", "),
    input: input({
      table: zones,
      horizonS: 20 * HOUR,
      drainS: 6 * HOUR,
      cloud: {
        ...handCloud,
        visibility,
        interruptions,
        slotsPerInstance: deal.slotsPerInstance,
        ...taking(instantly),
      },
      cadence,
      seed: deal.seed,
      tasks: {
        tasks: 60,
        arrivals: deal.atStart ? { kind: "atStart" } : { kind: "uniform", spanH: 12 },
        workH: { kind: "uniform", min: 0.1, max: 1.5 },
        memoryMiB: "state",
        state: { baseMiB: 900.1, perHourMiB: 4_000.3, maxMiB: 20_000, grows: true },
        onReclaim,
        ...(onReclaim === "checkpointEvery" && { checkpoint: { everyS: 600, writeMiBPerS: 50 } }),
        ...(deal.models && {
          models: [
            { name: "m", weightsMiB: 4_000, share: 1 },
            { name: "n", weightsMiB: 900, share: 2 },
          ],
        }),
      },
    }),
    scenario: {
      scheduling: { name: scheduling, params: retryingSeldom(scheduling) },
      assignment,
      wrappers: wrapping,
      ...(deal.caps && {
        caps: { instances: 6, onDemandShare: 0.5, launchesPerHour: 12, usdPerHour: 7, usdPerDay: 45 },
      }),
    },
  };
}

/** Fewer asks, for those that ask again after a while. */
function retryingSeldom(scheduling: string): object {
  const { params } = schedulingPolicies.find(({ name }) => name === scheduling)!;
  return "retryS" in (params as z.ZodObject).shape ? { retryS: 600 } : {};
}

const names = (list: readonly { readonly name: string }[]) => list.map(({ name }) => name);
const taskPolicies = schedulingPolicies.filter((spec) => decidesFor(spec, "tasks"));
type Wrappers = NonNullable<Scenario["wrappers"]>;
/** None, each listed one alone, and all of them in either order; probes of two, so that gangs of two are found room for. */
const otherwise: Readonly<Record<string, object>> = {
  "with-probing": { instances: 2 },
  "with-standby": { stoppedOnDemand: 1 },
  "with-autoscaler": { targetPerReplicaPerS: 0.005, upDelayS: 60, downDelayS: 300 },
};
const listed: Wrappers = wrappers.map(({ name }) => ({
  name,
  params: otherwise[name] ?? {},
}));
const wrappings: readonly Wrappers[] = [[], ...listed.map((each) => [each]), listed, listed.toReversed()];
const visibilities = ["told", "tried"] as const;
const cadences: readonly Cadence[] = [
  { onChange: true },
  { onChange: false, everyS: 60 },
  { onChange: true, everyS: 60 },
];
const reclaims: readonly OnReclaim[] = ["restart", "checkpointEvery", "checkpointInGrace", "migrate"];
const interruptions: readonly CloudSpec["interruptions"][] = [
  { model: "capacity" },
  { model: "hazard", perHour: 0.7, zoneShockPerHour: 0.1 },
];

/**
 * Every listed policy, bare and wrapped, told and tried, at each cadence. What each meets is dealt out so that
 * every policy sees every pair of interruption model and way to meet a reclaim, and both models in each wrapping, told
 * and tried; assignment, slots, times of nothing, caps and models go round beside them.
 */
export const parityCases: readonly ParityCase[] = names(taskPolicies).flatMap((scheduling, p) =>
  visibilities.flatMap((visibility, v) =>
    wrappings.flatMap((wrapping, m) =>
      cadences.map((cadence, c) => {
        const deal = ((p * 2 + v) * wrappings.length + m) * 3 + c;
        return parityCase({
          scheduling,
          wrappers: wrapping,
          visibility,
          cadence,
          assignment: assignmentStrategies[deal % assignmentStrategies.length]!.name,
          interruptions: interruptions[(c + m + p) % 2]!,
          onReclaim: reclaims[(c + v + p) % 4]!,
          slotsPerInstance: 1 + ((c + p) % 3),
          instantly: { answer: deal % 4 === 0, launch: deal % 5 === 0, reclaim: deal % 7 === 0 },
          caps: deal % 4 === 1,
          models: (deal + c) % 3 === 0,
          atStart: deal % 5 === 0,
          seed: `parity ${deal % 5}`,
        });
      }),
    ),
  ),
);

/** Any of the cases that could have been dealt. */
export const anyParityCase: fc.Arbitrary<ParityCase> = fc
  .record({
    scheduling: fc.constantFrom(...names(taskPolicies)),
    wrappers: fc.constantFrom(...wrappings),
    assignment: fc.constantFrom(...names(assignmentStrategies)),
    visibility: fc.constantFrom(...visibilities),
    cadence: fc.constantFrom(...cadences),
    interruptions: fc.constantFrom(...interruptions),
    onReclaim: fc.constantFrom(...reclaims),
    slotsPerInstance: fc.integer({ min: 1, max: 3 }),
    instantly: fc.record({ answer: fc.boolean(), launch: fc.boolean(), reclaim: fc.boolean() }),
    caps: fc.boolean(),
    models: fc.boolean(),
    atStart: fc.boolean(),
    seed: fc.string(),
  })
  .map(parityCase);

/** What takes no time, of a cloud. */
function taking({ answer, launch, reclaim }: Deal["instantly"]): Partial<CloudSpec> {
  const none = { kind: "constant", value: 0 } as const;
  return {
    ...(answer && { answerS: none }),
    ...(launch && { launchS: { boot: none, imagePull: none, engineStart: none } }),
    ...(reclaim && { noticeLeadS: none }),
  };
}

/** Of a job with a deadline, or of a service, which has no nodes. */
interface WorkDeal {
  readonly scheduling: string;
  readonly wrappers: Wrappers;
  readonly how: "in ticks" | (typeof visibilities)[number];
  readonly onChange: boolean;
  readonly nodes: number;
  readonly instantly: Deal["instantly"];
  readonly caps: boolean;
  readonly seed: string;
}

const moves = { stateGib: 30, mbps: { inRegion: 9720, inContinent: 8200, across: 1000 } };

function jobCase({
  scheduling,
  wrappers: wrapping,
  how,
  onChange,
  nodes,
  instantly,
  caps,
  seed,
}: WorkDeal): ParityCase | undefined {
  const world: ParityCase = {
    name: [
      wrapping.reduce((inner, { name }) => `${name}(${inner})`, scheduling),
      how,
      onChange ? "on change too" : "polled",
      `${nodes} nodes`,
    ].join(", "),
    input: jobInput({
      table: zones,
      horizonS: 20 * HOUR,
      job: { nodes, restartOverheadS: 1_000, deadlineH: 16.02, moves },
      cadence: { onChange: onChange && how !== "in ticks", everyS: 600 },
      seed,
      ...(how !== "in ticks" && {
        cloud: { ...handCloud, ...taking(instantly), visibility: how, bill: zonesCloud.bill! },
      }),
    }),
    scenario: {
      scheduling,
      assignment: "earliest-node",
      wrappers: wrapping,
      ...(caps && { caps: { instances: 5, launchesPerHour: 4 } }),
    },
  };
  return ifFit(world);
}

/** Undefined where the policy cannot decide it. */
function ifFit(world: ParityCase): ParityCase | undefined {
  const { workload, cloud, cadence } = world.input;
  const unfit = unfitFor(
    resolveScenario(world.scenario),
    workload.model,
    cloud,
    cadence,
    isCutOverGpus(workload.params),
  );
  return unfit === undefined ? world : undefined;
}

const jobPolicies = names(
  schedulingPolicies.filter((spec) => decidesFor(spec, "deadline-job") && spec.sight !== "clairvoyant"),
);
const hows = ["in ticks", ...visibilities] as const;

/** Every policy, bare and wrapped, in ticks and in real time. */
const dealt = (policies: readonly string[], make: (deal: WorkDeal) => ParityCase | undefined): readonly ParityCase[] =>
  policies.flatMap((scheduling, p) =>
    hows.flatMap((how, h) =>
      wrappings.flatMap(
        (wrapping, n) =>
          make({
            scheduling,
            wrappers: wrapping,
            how,
            onChange: (p + n) % 2 === 0,
            nodes: 1 + ((p + h + n) % 3),
            instantly: { answer: (p + h) % 3 === 0, launch: (p + n) % 3 === 0, reclaim: (h + n) % 2 === 0 },
            caps: (p + h + n) % 4 === 1,
            seed: `parity ${p}`,
          }) ?? [],
      ),
    ),
  );

const anyOf = (
  policies: readonly string[],
  make: (deal: WorkDeal) => ParityCase | undefined,
): fc.Arbitrary<ParityCase> =>
  fc
    .record({
      scheduling: fc.constantFrom(...policies),
      wrappers: fc.constantFrom(...wrappings),
      how: fc.constantFrom(...hows),
      onChange: fc.boolean(),
      nodes: fc.integer({ min: 1, max: 4 }),
      instantly: fc.record({ answer: fc.boolean(), launch: fc.boolean(), reclaim: fc.boolean() }),
      caps: fc.boolean(),
      seed: fc.string(),
    })
    .map(make)
    .filter((world) => world !== undefined);

/** Every listed policy for deadline jobs, with gangs of one and more. */
export const jobCases = dealt(jobPolicies, jobCase);
export const anyJobCase = anyOf(jobPolicies, jobCase);

/** What a service loses comes with all kinds of warning, and none. */
const failovers: readonly NonNullable<Scenario["failover"]>[] = [
  "serve-on",
  { name: "drain", params: { earlyStart: true } },
  { name: "reroute", params: { earlyStart: true } },
  { name: "drain", params: { drainMaxS: 20 } },
  "migrate",
  { name: "migrate", params: { through: "storage", otherwise: "recompute", earlyStart: true } },
];
/** A card of 4 MiB/s: a cache of some 200 MiB takes as long as a notice lasts, or half of it. */
const slowly = { "g.x": { ...gpuCloud.instanceTypes["g.x"]!, networkMiBPerS: 4 } };

const warnings: Partial<CloudSpec> = {
  noticeMissingShare: 0.2,
  rebalance: { share: 0.5, leadS: { kind: "empirical", values: [0, 30, 300] } },
};

function serviceCase({ scheduling, wrappers: wrapping, how, onChange, nodes, instantly, caps, seed }: WorkDeal) {
  const failover = failovers[(nodes + (onChange ? 3 : 0)) % failovers.length]!;
  const visibility = how === "told" ? how : "tried";
  const cloud = { ...handCloud, ...warnings, ...taking(instantly), instanceTypes: slowly, visibility } as const;
  return ifFit({
    name: [
      wrapping.reduce((inner, { name }) => `${name}(${inner})`, scheduling),
      how,
      onChange ? "on change too" : "polled",
      `a service, ${typeof failover === "string" ? failover : JSON.stringify(failover)}`,
    ].join(", "),
    input: serviceInput({
      table: zones,
      horizonS: 8 * HOUR,
      service: {
        replicas: [
          { fromH: 0, replicas: 2 },
          { fromH: 2.5, replicas: 5 },
          { fromH: 5.0001, replicas: 1 },
        ],
        warmupS: 240,
        ...(how !== "in ticks" && { requests: chat }),
      },
      cadence: { onChange: onChange && how !== "in ticks", everyS: 60 },
      seed,
      ...(how !== "in ticks" && { cloud }),
    }),
    scenario: {
      scheduling,
      assignment: onChange ? "kuhn-munkres" : "earliest-node",
      failover,
      routing: routers[nodes % routers.length]!.name,
      wrappers: wrapping,
      ...(caps && { caps: { instances: 5, launchesPerHour: 9 } }),
    },
  });
}

/** A few long answers, so that drains have to wait. */
const chat = {
  from: {
    arrivals: { kind: "poisson", perS: 0.02 },
    tokens: { input: { kind: "constant", value: 200 }, output: { kind: "constant", value: 1_500 } },
  },
  model: "llama-3-8b",
} as const;

/** Layouts that follow the nodes that come and go, with reclaims that some notices come too late for. */
export const cutCases: readonly ParityCase[] = schedulingPolicies
  .filter(({ needs }) => needs?.includes("layouts"))
  .flatMap(({ name }) =>
    [false, true].map((onDemand, i) => ({
      name: `${name}, a service cut over GPUs${onDemand ? ", on-demand beside spot" : ""}`,
      input: cutServiceInput({ seed: `cut ${name}`, cadence: { onChange: true, ...(i === 1 && { everyS: 60 }) } }),
      scenario: { scheduling: { name, params: { instancesMax: 7, onDemand } }, assignment: "earliest-node" },
    })),
  );

const servicePolicies = names(
  schedulingPolicies.filter((spec) => decidesFor(spec, "serving") && spec.sight !== "clairvoyant"),
);

/** Every listed policy for services. */
export const serviceCases = dealt(servicePolicies, serviceCase);
export const anyServiceCase = anyOf(servicePolicies, serviceCase);
