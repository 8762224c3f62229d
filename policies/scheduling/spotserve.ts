import { z } from "zod";
import type { Actions } from "../contract/actions.ts";
import { definePolicy } from "../contract/policy.ts";
import { decodedTokens, isSameLayout, isSamePlacement } from "../contract/served-model.ts";
import type { Seconds } from "../contract/units.ts";
import type { FleetView, InstanceView, Placement, PlacementView, ServiceView } from "../contract/view.ts";
import { isGoing } from "../failover/replicas-of.ts";
import { type GpuInstance, mapDevices } from "../parallelism/device-mapper.ts";
import { tokensBefore } from "../parallelism/interruption-arranger.ts";
import { planMigration } from "../parallelism/migration-planner.ts";
import { migrationTimes } from "../parallelism/migration-time.ts";
import { inheritedBatches, type KvCache, servedBytes, shardsOf } from "../parallelism/shard.ts";
import {
  changeOf,
  chosenTarget,
  controllerParams,
  fixedTarget,
  has,
  inOrder,
  instancesFor,
  instancesPer,
  keepPool,
  type LoadMemory,
  layOut,
  lookAtLoad,
  poolParams,
  type Target,
  unseenLoad,
} from "./pipelines.ts";

/** The first layout, which is kept where there is no controller. */
type SpotServeMemory = LoadMemory & { layout: { pipeline: number; tensor: number; batchMax: number } | null };

/**
 * Lays a model out anew over the instances that stay, whenever they or the load change, and moves what the new layout lacks instead
 * of reading all of it again.
 *
 * A change is made when instances are ready that were not there, when the load wants another layout, when a pipeline is gone; and
 * for instances under notice as late as their keys and values can still be moved away. Pipelines that can stay as they are stay.
 * Source: Miao et al., "SpotServe", ASPLOS 2024: controller (algorithm 1), device mapper (3.3), migration planner (algorithm 2),
 * interruption arranger (4).
 */
export const spotserve = definePolicy({
  name: "spotserve",
  summary:
    "Lays a model out anew over the spot instances that stay, and moves weights and running batches there just in time.",
  source: "Miao et al., SpotServe, ASPLOS 2024, sections 3 and 4",
  details: [
    "It keeps all spot instances that are granted, up to `instancesMax`, as the paper's traces have it; the controller does not give instances up.",
    "By the artifact's formula, the default, one pipeline may count as enough where serving takes two, and its queue grows: `microBatches: false` plans by what serving takes.",
    "What the paper leaves open: spares are the instances that the layout does not take; a prompt that is being read is not handed over; a batch is always moved, however little of it there is.",
    "Without the arranger, pipelines stop at the notice; without the mapper, instances are taken in order; without the planner, all pipelines wait until all has moved; without the controller, the first layout that is chosen stays.",
  ],
  workloads: ["serving"],
  needs: ["layouts"],
  params: z.strictObject({
    ...poolParams,
    ...controllerParams,
    controller: z.boolean().default(true).describe("chooses the layout; off: once, at the beginning"),
    planner: z.boolean().default(true).describe("a pipeline goes on when it has its own; off: when all has moved"),
    arranger: z.boolean().default(true).describe("waits until just in time for the move; off: moves at the notice"),
    mapper: z.boolean().default(true).describe("Kuhn-Munkres on what GPUs hold; off: instances in order"),
  }),
  memory: ({ alphaPerS }): SpotServeMemory => ({ ...unseenLoad(alphaPerS), layout: null }),
  create: ({ controller, planner, arranger, mapper, ...params }) => ({
    decide(view, act, memory) {
      const [service] = view.work.services;
      if (service?.model === undefined) return;
      if (controller) lookAtLoad(view, act, service, params, memory);
      const { model } = service;
      const all = instancesFor(view, service);
      const targetOf = (on: readonly InstanceView[]) =>
        memory.layout === null
          ? chosenTarget(model, on, memory.alphaPerS, params)
          : fixedTarget({ layout: memory.layout }, on);
      const how = planner ? "progressive" : "whole";
      if (service.placements.length === 0) {
        layOut(act, service, all, params, targetOf, how);
      } else {
        const change = changeOf(service, all, params, targetOf);
        const to =
          change &&
          (mapper ? mapped(view, service, all, change.usable, change.target) : inOrder(change.usable, change.target));
        if (to !== undefined && mayBegin(view, act, service, all, to, arranger)) {
          act.note("the instances that stay, or the load, suit another layout");
          act.reparallelize(service, to, how);
        }
      }
      const [first] = service.placements;
      if (!controller && memory.layout === null && first !== undefined) memory.layout = { ...first.layout! };
      keepPool(view, act, all, params);
    },
  }),
});

/** At once; with an instance under notice as late as may be. */
function mayBegin(
  view: FleetView,
  act: Actions,
  service: ServiceView,
  all: readonly InstanceView[],
  to: readonly Placement[],
  arranger: boolean,
): boolean {
  const goingS = service.placements.flatMap(({ instances }) => instances.map(({ reclaimS = Infinity }) => reclaimS));
  const deadlineS = Math.min(...goingS);
  if (!arranger || deadlineS === Infinity) return true;
  const startS = lastStartS(view, service, all, to, deadlineS);
  if (view.nowS + (view.everyS ?? 0) >= startS) return true;
  act.wakeAt(startS);
  return false;
}

/** Pipelines that can stay stay; the others go where least is missing of what they need. */
function mapped(
  view: FleetView,
  service: ServiceView,
  all: readonly InstanceView[],
  usable: readonly InstanceView[],
  { layout, pipelines }: Target,
): readonly Placement[] {
  const tokens = ({ batch }: PlacementView) => (batch === undefined ? -1 : decodedTokens(batch, view.nowS));
  const kept = service.placements
    .filter((each) => isSameLayout(each.layout, layout) && each.instances.every((instance) => has(usable, instance)))
    .sort((a, b) => tokens(b) - tokens(a))
    .slice(0, pipelines);
  const size = instancesPer(layout, usable);
  const free = usable.filter((each) => !kept.some(({ instances }) => has(instances, each)));
  const fleet = all.filter((each) => each.shards.length > 0 || has(free, each));
  const bytes = servedBytes(service.model!);
  const stopped = service.placements.filter((each) => !kept.includes(each));
  const kvOf = inherited(view, stopped, pipelines - kept.length, layout.batchMax);
  const holding = fleet.map((each) => holdingOf(view, each, !has(free, each)));
  const { shardOf } = mapDevices(bytes, holding, shardsOf(bytes, layout, kvOf));
  const places: InstanceView[][] = kvOf.map(() => []);
  for (const [i, shards] of shardOf.entries()) {
    const first = shards.find((shard) => shard >= 0);
    if (first === undefined) continue;
    const group = Math.floor(first / shards.length);
    places[Math.floor(group / size)]![group % size] = fleet[i]!;
  }
  return [...kept, ...places.map((instances) => ({ instances, layout }))];
}

/** The batches of those pipelines that the new ones go on with, as `Actions.reparallelize` hands them over. */
function inherited(
  { nowS }: FleetView,
  stopped: readonly PlacementView[],
  pipelines: number,
  batchMax: number,
): (KvCache | undefined)[] {
  const running = stopped.flatMap(({ batch }) => {
    if (batch === undefined) return [];
    const { id, requests, promptTokens } = batch;
    const decoded = decodedTokens(batch, nowS);
    return decoded === 0 ? [] : { batch: id, requests, inputTokens: promptTokens, decodedTokens: decoded };
  });
  return inheritedBatches(running, pipelines, { batchMax });
}

/** Its weights, and the keys and values of the batch that it runs. */
function holdingOf({ nowS }: FleetView, { shards, placements, market }: InstanceView, leaving: boolean): GpuInstance {
  const batch = placements[0]?.batch;
  const kv = batch && {
    batch: batch.id,
    tokens: batch.requests * (batch.promptTokens + decodedTokens(batch, nowS)),
  };
  if (shards.length === 0) return { gpus: new Array<undefined>(market.gpus!).fill(undefined), leaving };
  return { gpus: shards.map((shard) => (shard === null ? undefined : { ...shard, kv })), leaving };
}

/**
 * The latest time at which the change may begin: when it still is done before the first instance goes, at the end of a token of the
 * pipeline that runs on longest.
 */
function lastStartS(
  view: FleetView,
  service: ServiceView,
  all: readonly InstanceView[],
  change: readonly Placement[],
  deadlineS: Seconds,
): Seconds {
  const { nowS } = view;
  const isKept = (placement: PlacementView) => change.some((each) => isSamePlacement(each, placement));
  const stopped = service.placements.filter((each) => !isKept(each));
  const opened = change.filter((each) => !service.placements.some((own) => isSamePlacement(own, each)));
  const idle = service.placements.filter((each) => isKept(each) && each.batch === undefined);
  const slotS = deadlineS - migrationS(view, service, all, stopped, [...opened, ...idle]) - nowS;
  let startS = nowS;
  for (const { batch } of stopped) {
    if (batch === undefined) continue;
    const { perTokenS, decodesFromS, outputTokens } = batch;
    const decoded = decodedTokens(batch, nowS);
    const tokensLeft = outputTokens - decoded;
    // From the end of the token before the next one.
    const prefillLeftS = decodesFromS + (decoded - batch.tokensBefore) * perTokenS - nowS;
    const tokens = tokensBefore(slotS, { prefillLeftS, perTokenS, tokensLeft });
    // One that ends in time is followed by another, for as long as there is.
    if (tokens === tokensLeft) return nowS + Math.max(0, slotS);
    if (tokens > 0) startS = Math.max(startS, nowS + prefillLeftS + tokens * perTokenS);
  }
  return stopped.every(({ batch }) => batch === undefined) ? nowS + Math.max(0, slotS) : startS;
}

/** From the beginning of a change until all pipelines go on. */
function migrationS(
  view: FleetView,
  service: ServiceView,
  all: readonly InstanceView[],
  stopped: readonly PlacementView[],
  takers: readonly Placement[],
): Seconds {
  const model = service.model!;
  const bytes = servedBytes(model);
  const into = takers.flatMap(({ instances }) => instances);
  const fleet = [...into, ...all.filter((each) => each.shards.length > 0 && !has(into, each))];
  const [first] = takers;
  if (first === undefined) return 0;
  const kvOf = inherited(view, stopped, takers.length, first.layout!.batchMax);
  const wanted = shardsOf(bytes, first.layout!, kvOf);
  const holding = fleet.map((each, i) => holdingOf(view, each, i >= into.length && isGoing(each)));
  const map = mapDevices(bytes, holding, wanted, "instances-in-order");
  const plan = planMigration(bytes, holding, wanted, map);
  const speeds = { ...model.speeds, cardBytesPerS: fleet[0]!.networkMiBPerS * 2 ** 20 };
  return Math.max(...migrationTimes(plan, fleet.length, speeds).readyS);
}
