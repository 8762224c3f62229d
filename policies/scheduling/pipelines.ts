import { z } from "zod";
import type { Actions, ReparallelizeHow } from "../contract/actions.ts";
import type { Layout } from "../contract/latency-profile.ts";
import { isSameLayout, type ServedModel } from "../contract/served-model.ts";
import type { Seconds } from "../contract/units.ts";
import type { FleetView, InstanceView, Placement, ServiceView } from "../contract/view.ts";
import { isGoing } from "../failover/replicas-of.ts";
import { choosePlan } from "../parallelism/planner.ts";
import { cheapestOnDemand, cheapestSpot, retryS } from "./launching.ts";

// What policies share that lay a model out over the GPUs of several instances.

/** Their parameters. */
export const poolParams = {
  instancesMax: z.int().min(1).default(10).describe("instances that are asked for, all that spot grants of them"),
  onDemand: z.boolean().default(false).describe("on-demand fills up what spot does not grant, or takes back"),
  retryS: retryS.describe(
    "with fewer instances than it may have and no market to ask: how long until it asks again, seconds",
  ),
};
export type PoolParams = { readonly instancesMax: number; readonly onDemand: boolean; readonly retryS: Seconds };

/** Those of the controller that chooses a layout. */
export const controllerParams = {
  alphaPerS: z
    .number()
    .nonnegative()
    .exactOptional()
    .describe(
      "requests a second that a layout must keep up with; absent: those of the last minute, looked at every 30 s",
    ),
  microBatches: z
    .boolean()
    .default(true)
    .describe("plans by the artifact's cost formula, which flatters prefill; off: by the times that serving takes"),
};
export type ControllerParams = { readonly alphaPerS?: number; readonly microBatches: boolean };

/** How often the load is looked at. Source: section 3.2 of the paper, the arrivals of the last 30 s. */
const LOOK_EVERY_S = 30;

/** Requests a second that layouts keep up with, as they were last looked at; null while none were seen: then as many as can be. */
export type LoadMemory = { alphaPerS: number | null; lookAgainS: Seconds };

export const unseenLoad = (alphaPerS: number | null = null): LoadMemory => ({ alphaPerS, lookAgainS: 0 });

/** Looks at it where nobody has said what it is. */
export function lookAtLoad(
  view: FleetView,
  act: Actions,
  service: ServiceView,
  { alphaPerS }: ControllerParams,
  memory: LoadMemory,
): void {
  if (alphaPerS !== undefined) return;
  if (view.nowS >= memory.lookAgainS) {
    memory.alphaPerS = service.requestsPerS || null;
    memory.lookAgainS = (Math.floor(view.nowS / LOOK_EVERY_S) + 1) * LOOK_EVERY_S;
  }
  act.wakeAt(memory.lookAgainS);
}

/** Those that a service has, or could have: neither ended nor kept for other things; in id order. */
export function instancesFor(view: FleetView, service: ServiceView): readonly InstanceView[] {
  const placed = service.placements.flatMap(({ instances }) => instances);
  return [...placed, ...view.instances.withRoom.filter((each) => each.placements.length === 0)].sort(
    (a, b) => a.id - b.id,
  );
}

const isSpot = ({ market }: InstanceView): boolean => market.capacityType === "spot";

/** So many that stay and are ready, spot before on-demand. */
export function usableOf(all: readonly InstanceView[], { instancesMax }: PoolParams): readonly InstanceView[] {
  const ready = all.filter((each) => each.status === "ready" && !isGoing(each));
  return [...ready.filter(isSpot), ...ready.filter((each) => !isSpot(each))]
    .slice(0, instancesMax)
    .sort((a, b) => a.id - b.id);
}

/** Asks for what is lacking of the most, and ends on-demand that spot has made up for, where nothing runs on it any more. */
export function keepPool(
  view: FleetView,
  act: Actions,
  all: readonly InstanceView[],
  { instancesMax, onDemand, retryS: pauseS }: PoolParams,
): void {
  const staying = all.filter((each) => !isGoing(each));
  let spot = staying.filter(isSpot).length;
  for (; spot < instancesMax; spot++) {
    const market = cheapestSpot(view, 0);
    if (market === undefined) {
      act.wakeAt(view.nowS + pauseS);
      break;
    }
    act.note("fewer instances than it may have");
    act.launch(market);
  }
  const others = staying.filter((each) => !isSpot(each));
  if (onDemand) {
    for (let held = spot + others.length; held < instancesMax; held++) {
      const market = cheapestOnDemand(view, 0);
      if (market === undefined) break;
      act.note("spot grants no more");
      act.launch(market);
    }
  }
  for (const instance of surplusOf(all, instancesMax)) {
    if (instance.status === "requested" || instance.placements.length > 0) continue;
    act.note("spot has made up for it");
    act.terminate(instance);
  }
}

/** On-demand that is not needed any more, since there is as much on spot. */
export function surplusOf(all: readonly InstanceView[], instancesMax: number): readonly InstanceView[] {
  const staying = all.filter((each) => !isGoing(each));
  const spot = staying.filter((each) => isSpot(each) && each.status === "ready").length;
  return staying.filter((each) => !isSpot(each)).slice(Math.max(0, instancesMax - spot));
}

/** So many pipelines of one layout. */
export interface Target {
  readonly layout: Layout;
  readonly pipelines: number;
}

/** What the controller makes of so many instances; undefined where they hold no copy. */
export function chosenTarget(
  model: ServedModel,
  on: readonly InstanceView[],
  alphaPerS: number | null,
  { microBatches }: ControllerParams,
): Target | undefined {
  const gpusPerInstance = on[0]?.market.gpus;
  if (gpusPerInstance === undefined) return undefined;
  const { profile, gpusMin, outputTokens, layout } = model;
  const needs = {
    gpus: on.length * gpusPerInstance,
    gpusPerInstance,
    gpusMin,
    outputTokens,
    requiredRps: alphaPerS ?? Infinity,
    microBatches,
  };
  return choosePlan(profile, { ...needs, batchMax: layout.batchMax });
}

/** As many pipelines of one layout as the instances hold; undefined where they hold none. */
export function fixedTarget({ layout }: Pick<ServedModel, "layout">, on: readonly InstanceView[]): Target | undefined {
  const perPipeline = instancesPer(layout, on);
  const pipelines = Math.floor(on.length / perPipeline);
  return pipelines === 0 ? undefined : { layout, pipelines };
}

/** Of one pipeline. @param on all of one kind. */
export const instancesPer = ({ pipeline, tensor }: Layout, on: readonly InstanceView[]): number =>
  (pipeline * tensor) / (on[0]?.market.gpus ?? 1);

/** What is to be changed: the instances that a service is to be laid out over, and how; undefined while it stands so. */
export function changeOf(
  service: ServiceView,
  all: readonly InstanceView[],
  pool: PoolParams,
  targetOf: (on: readonly InstanceView[]) => Target | undefined,
): { readonly usable: readonly InstanceView[]; readonly target: Target } | undefined {
  const { placements } = service;
  const placed = placements.flatMap(({ instances }) => instances);
  if (placed.some(({ status }) => status !== "ready")) return undefined; // it starts
  const usable = usableOf(all, pool);
  const target = targetOf(usable);
  if (target === undefined) return undefined;
  const { layout, pipelines } = target;
  const stands = placements.length === pipelines && placements.every((each) => isSameLayout(each.layout, layout));
  return stands && placed.every((each) => has(usable, each)) ? undefined : { usable, target };
}

/** A wrapper may hand on an overlay, so by id. */
export const has = (list: readonly InstanceView[], { id }: InstanceView): boolean =>
  list.some((each) => each.id === id);

/** In order, whatever they hold. */
export function inOrder(on: readonly InstanceView[], { layout, pipelines }: Target): readonly Placement[] {
  const size = instancesPer(layout, on);
  return Array.from({ length: pipelines }, (_, d) => ({ instances: on.slice(d * size, (d + 1) * size), layout }));
}

/**
 * The first layout of a service that has none: over what is ready, or, while nothing is, over what has been granted, which has its
 * weights when it is ready.
 */
export function layOut(
  act: Actions,
  service: ServiceView,
  all: readonly InstanceView[],
  pool: PoolParams,
  targetOf: (on: readonly InstanceView[]) => Target | undefined,
  how: ReparallelizeHow,
): void {
  const usable = usableOf(all, pool);
  const onReady = targetOf(usable);
  if (onReady !== undefined) {
    act.note("ready, and laid out over nothing");
    act.reparallelize(service, inOrder(usable, onReady), how);
    return;
  }
  const staying = all.filter((each) => !isGoing(each));
  if (staying.some(({ status }) => status === "requested")) return; // their answer changes what there is
  const target = targetOf(staying);
  if (target === undefined) return;
  for (const placement of inOrder(staying, target)) {
    act.note("granted, and ready soon");
    act.place(service, placement);
  }
}
