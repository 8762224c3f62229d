import type { InstanceId, WorkId } from "../../policies/contract/units.ts";
import type {
  FleetView,
  InstanceView,
  JobView,
  MarketView,
  PlacementView,
  ServiceView,
  TaskView,
  WorkView,
} from "../../policies/contract/view.ts";

/** How each field of an entity is written: the types see to it that none is forgotten. */
type Fields<T> = { readonly [Key in keyof T]-?: (value: T[Key]) => unknown };

const asIs = (value: unknown): unknown => value ?? null;
const id = (entity: { readonly id: number } | undefined): number | null => entity?.id ?? null;
const ids = (list: readonly { readonly id: number }[]): number[] => list.map((each) => each.id);
/** JSON has no Infinity. */
const count = (value: number | undefined): number | null =>
  value === undefined ? null : Math.min(value, Number.MAX_SAFE_INTEGER);

const PLACEMENT: Fields<PlacementView> = {
  work: id,
  instances: ids,
  layout: asIs,
  exclusive: (value = false) => value,
  batch: asIs,
};
const placements = (list: readonly PlacementView[]) => list.map((each) => written(each, PLACEMENT));

const MARKET: Fields<MarketView> = {
  id: asIs,
  instanceType: asIs,
  region: asIs,
  zone: asIs,
  capacityType: asIs,
  priceUsdPerHour: asIs,
  slots: asIs,
  gpuMemoryMiB: asIs,
  gpus: asIs,
  obtainable: count,
  held: asIs,
  unanswered: asIs,
  grantedSinceRefusal: asIs,
  refusal: asIs,
  lastReclaimS: asIs,
};

const INSTANCE: Fields<InstanceView> = {
  id: asIs,
  market: id,
  purpose: asIs,
  status: asIs,
  requestedS: asIs,
  runningS: asIs,
  readyInS: asIs,
  reclaimS: asIs,
  rebalanceS: asIs,
  draining: asIs,
  registered: asIs,
  deregisteredS: asIs,
  drained: asIs,
  moving: asIs,
  cachesMiB: asIs,
  freeSlots: asIs,
  freeMemoryMiB: asIs,
  networkMiBPerS: asIs,
  warmModels: asIs,
  shards: asIs,
  placements,
  statesHeld: asIs,
};

const TASK: Fields<TaskView> = {
  kind: asIs,
  id: asIs,
  memoryMiB: asIs,
  model: asIs,
  weightsMiB: asIs,
  keptS: asIs,
  stateMiB: asIs,
  stateOn: id,
  timesPlaced: asIs,
  arrivalS: asIs,
  workS: asIs,
  doneS: asIs,
  onReclaim: asIs,
  placements,
  reclaims: asIs,
};

const JOB: Fields<JobView> = {
  kind: asIs,
  id: asIs,
  arrivalS: asIs,
  workS: asIs,
  doneS: asIs,
  deadlineS: asIs,
  restartOverheadS: asIs,
  nodes: asIs,
  checkpointEveryS: asIs,
  moves: asIs,
  stateIn: asIs,
  running: asIs,
  placements,
};

const SERVICE: Fields<ServiceView> = {
  kind: asIs,
  id: asIs,
  arrivalS: asIs,
  model: asIs,
  replicasWanted: asIs,
  requestsPerS: asIs,
  placements,
  reclaims: asIs,
  lostUnnoticed: asIs,
};

/** Entities of a view by id, as those meet them who look things up. */
export interface Known {
  readonly instances: ReadonlyMap<number, InstanceView>;
  readonly work: ReadonlyMap<number, WorkView>;
}

/**
 * A view as one JSON value: each entity stands once, under `known`, and is named by its id everywhere else. What is undefined in
 * TypeScript is null; a market that nothing bounds has 2^53 - 1 `obtainable`.
 */
export function viewData(view: FleetView): { readonly data: unknown; readonly known: Known } {
  const { nowS, everyS, markets, instances, work } = view;
  const known = knownTo(view);
  return {
    known,
    data: {
      nowS,
      everyS: everyS ?? null,
      markets: markets.map((market) => written(market, MARKET)),
      instances: {
        known: inOrder(known.instances).map((instance) => written(instance, INSTANCE)),
        idle: ids(instances.idle),
        withRoom: ids(instances.withRoom),
        noticed: ids(instances.noticed),
        probes: ids(instances.probes),
        spares: ids(instances.spares),
      },
      work: {
        known: inOrder(known.work).map(writtenWork),
        pending: ids(work.pending),
        jobs: ids(work.jobs),
        services: ids(work.services),
      },
    },
  };
}

/** All that the view's lists lead to. */
function knownTo({ instances: { idle, withRoom, noticed, probes, spares }, work }: FleetView): Known {
  const instances = new Map<InstanceId, InstanceView>();
  const works = new Map<WorkId, WorkView>();
  const meetAll = (list: readonly PlacementView[]): void => {
    for (const placement of list) {
      meetWork(placement.work);
      for (const instance of placement.instances) meetInstance(instance);
    }
  };
  const meetInstance = (instance: InstanceView): void => {
    if (instances.has(instance.id)) return;
    instances.set(instance.id, instance);
    meetAll(instance.placements);
  };
  const meetWork = (each: WorkView): void => {
    if (works.has(each.id)) return;
    works.set(each.id, each);
    meetAll(each.placements);
    if (each.kind === "task" && each.stateOn !== undefined) meetInstance(each.stateOn);
  };
  for (const list of [idle, withRoom, noticed, probes, spares]) list.forEach(meetInstance);
  for (const list of [work.pending, work.jobs, work.services]) list.forEach(meetWork);
  return { instances, work: works };
}

const inOrder = <T extends { readonly id: number }>(entities: ReadonlyMap<number, T>): T[] =>
  [...entities.values()].sort((a, b) => a.id - b.id);

function writtenWork(work: WorkView): unknown {
  if (work.kind === "task") return written(work, TASK);
  return work.kind === "service" ? written(work, SERVICE) : written(work, JOB);
}

function written<T extends object>(entity: T, fields: Fields<T>): Readonly<Record<string, unknown>> {
  const data: Record<string, unknown> = {};
  for (const key of Object.keys(fields) as (keyof T & string)[]) data[key] = fields[key](entity[key]);
  return data;
}
