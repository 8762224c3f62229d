import { blockedUntilS } from "../capacity-memory.ts";
import type { Actions } from "../contract/actions.ts";
import type { FailoverRules, FailoverTally } from "../contract/failover.ts";
import type { InstanceId, Seconds, WorkId } from "../contract/units.ts";
import type { Assignable, FleetView, InstanceView, PlacementView, ServiceView } from "../contract/view.ts";

/** A replica that the service lost or is about to lose. */
type OpenFailover = {
  service: WorkId;
  /** null: it was gone before anybody knew. */
  instance: InstanceId | null;
  sinceS: Seconds;
  /** When it stopped taking requests; null while it does. */
  goneS: Seconds | null;
  /** The service has enough replicas again; kept until the replica is gone, so that it is not lost twice. */
  over: boolean;
};

/** One JSON value, kept by the host beside the policy's memory. */
export type FailoverMemory = {
  open: OpenFailover[];
  /** Losses without a notice that have been looked at, by service. */
  unnoticed: { [service: string]: number };
  tally: FailoverTally;
};

export const failoverStart = (): FailoverMemory => ({
  open: [],
  unnoticed: {},
  tally: { begun: 0, covered: 0, inTime: 0, late: 0, notReplaced: 0, gapS: 0, drained: 0, cutShort: 0 },
});

/** Who takes over what is lacking: the scenario's assignment strategy. */
export type StandIns = (
  lacking: readonly Assignable[],
  spares: readonly InstanceView[],
  pair: (spare: InstanceView) => void,
) => void;

/** A service that had no replica to take over for so long after a loss is not failing over any more, it is short. */
const GIVE_UP_S = 600;

/** A spare whose start was refused is not asked again for so long: as a capacity memory does with launches. */
const START_AGAIN_S = 180;

/**
 * The failover of services, the same in replay and live: drain, select, spawn, route. Asked after the scheduling policy,
 * level-triggered: all but the names of what happened follows from the view.
 *
 * - **spawn**: a replica under notice counts as gone, so the scheduling policy has replaced it already, where its own rule says.
 * - **select**: while the service has fewer ready replicas than it wants, for whatever reason, spares stand in, all at once by the
 *   assignment strategy; stopped ones are started. They go back once there are enough.
 * - **route**: a replica is registered when it is ready and not itself about to go.
 * - **drain**: a replica that goes is deregistered, its requests finish or are cut off, and it is stopped, as the rules say.
 *
 * A failover begins with the notice (or the recommendation, or the loss) and ends when the service is no longer short of it: in the
 * same instant (covered), before it took its last request (inTime), after (late), or not for `GIVE_UP_S` (notReplaced). Replicas
 * are alike, so the oldest is over first.
 * Source: Synkti, crates/applications/synkti-orchestrator/src/failover.rs; the order is ours: nothing waits for the drain.
 */
export function replicaFailover(
  view: FleetView,
  act: Actions,
  memory: FailoverMemory,
  rules: FailoverRules,
  standIns: StandIns,
): void {
  for (const service of view.work.services) {
    if (rules.earlyStart) heedRecommendations(act, service);
    begin(view, service, memory);
    for (const { instances } of service.placements) if (mayRoute(instances[0]!)) route(act, instances[0]!);
    balanceStandIns(view, act, service, standIns);
    for (const replica of service.placements) {
      if (isGoing(replica.instances[0]!)) letGo(view, act, service, replica, rules, memory.tally);
    }
    judge(view, service, memory);
  }
}

/** Under notice, or to be given up: it counts for nobody who plans. */
export const isGoing = ({ reclaimS, draining, purpose, deregisteredS }: InstanceView): boolean =>
  reclaimS !== undefined || draining || (purpose === "spare" && deregisteredS !== undefined);

const serves = (instance: InstanceView): boolean => instance.registered && !isGoing(instance);

function replicasThat({ placements }: ServiceView, test: (instance: InstanceView) => boolean): number {
  let count = 0;
  for (const { instances } of placements) if (test(instances[0]!)) count++;
  return count;
}

function heedRecommendations(act: Actions, service: ServiceView): void {
  for (const { instances } of service.placements) {
    const replica = instances[0]!;
    if (replica.rebalanceS === undefined || isGoing(replica)) continue;
    act.note("the provider recommends to replace it");
    act.drain(replica);
  }
}

function begin(view: FleetView, service: ServiceView, { open, unnoticed, tally }: FailoverMemory): void {
  const add = (instance: InstanceId | null) => {
    tally.begun++;
    open.push({
      service: service.id,
      instance,
      sinceS: view.nowS,
      goneS: instance === null ? view.nowS : null,
      over: false,
    });
  };
  for (const { instances } of service.placements) {
    const { id, purpose, status, reclaimS, draining, rebalanceS } = instances[0]!;
    const isLost = reclaimS !== undefined || (draining && rebalanceS !== undefined);
    if (isLost && status === "ready" && purpose === "work" && !open.some(({ instance }) => instance === id)) add(id);
  }
  const seen = unnoticed[service.id] ?? 0;
  for (let lost = seen; lost < service.lostUnnoticed; lost++) add(null);
  if (service.lostUnnoticed > seen) unnoticed[service.id] = service.lostUnnoticed;
}

const mayRoute = (instance: InstanceView): boolean =>
  instance.status === "ready" && !instance.registered && instance.deregisteredS === undefined && !isGoing(instance);

function route(act: Actions, replica: InstanceView): void {
  act.note("ready to take requests");
  act.register(replica);
}

/** As many spares stand in as ready replicas are lacking. */
function balanceStandIns(view: FleetView, act: Actions, service: ServiceView, standIns: StandIns): void {
  const own = replicasThat(service, (replica) => replica.purpose === "work" && serves(replica));
  const standing = service.placements.filter(
    ({ instances: [replica] }) => replica!.purpose === "spare" && !isGoing(replica!),
  );
  const surplus = standing.length - Math.max(0, service.replicasWanted - own);
  if (surplus > 0) {
    // What costs most by standing in goes back first.
    const dearest = standing.toSorted(
      ({ instances: [a] }, { instances: [b] }) => startCost(b!) - startCost(a!) || b!.id - a!.id,
    );
    for (const replica of dearest.slice(0, surplus)) sendBack(act, replica);
  } else if (surplus < 0) {
    const spares = view.instances.spares.filter((spare) => isFree(spare) && mayStart(view, act, spare));
    if (spares.length === 0) return;
    const lacking = Array.from({ length: -surplus }, (_, i) => lackingReplica(service, i));
    standIns(lacking, spares, (spare) => {
      if (spare.status === "stopped") {
        act.note("to stand in for a replica that is lacking");
        act.start(spare);
      }
      act.note("stands in for a replica that is lacking");
      act.place(service, { instances: [spare], exclusive: true });
    });
  }
}

/** A warm spare is paid for anyway. */
const startCost = ({ market }: InstanceView): number => (market.capacityType === "onDemand" ? 1 : 0);

const isFree = (spare: InstanceView): boolean => spare.placements.length === 0 && !isGoing(spare);

function mayStart(view: FleetView, act: Actions, spare: InstanceView): boolean {
  if (spare.status !== "stopped") return true;
  const { market } = spare;
  const untilS = blockedUntilS(market, START_AGAIN_S);
  if (untilS > view.nowS && untilS < Infinity) act.wakeAt(untilS);
  return untilS <= view.nowS && market.refusal?.timeS !== view.nowS;
}

/** A replica that is lacking, as an assignment strategy sees work. It has no state to bring along. */
const lackingReplica = (service: ServiceView, k: number): Assignable => ({
  id: service.id,
  memoryMiB: 0,
  model: undefined,
  weightsMiB: 0,
  keptS: 0,
  stateMiB: 0,
  stateOn: undefined,
  timesPlaced: service.reclaims + k,
});

function sendBack(act: Actions, standIn: PlacementView): void {
  const spare = standIn.instances[0]!;
  act.note("enough replicas without it");
  if (spare.registered) act.deregister(spare);
  else act.release(standIn);
}

function letGo(
  view: FleetView,
  act: Actions,
  service: ServiceView,
  replica: PlacementView,
  { atNotice, drainMaxS, marginS }: FailoverRules,
  tally: FailoverTally,
): void {
  const instance = replica.instances[0]!;
  const { reclaimS, rebalanceS, registered } = instance;
  if (atNotice === "serve" && reclaimS !== undefined) return;
  const stop = (why: string) => {
    act.note(why);
    // One under notice is ended by the rule that spares a free hour; a spare is kept.
    if (reclaimS === undefined && instance.purpose === "work") act.terminate(instance);
    else act.release(replica);
  };
  // What the policy gives up goes at once.
  const isGivenUp = reclaimS === undefined && rebalanceS === undefined;
  const enough = isGivenUp || replicasThat(service, serves) >= service.replicasWanted;
  if (instance.status !== "ready" || (!registered && instance.deregisteredS === undefined)) {
    if (instance.status !== "requested") stop("going, and has no requests");
    return;
  }
  if (atNotice !== "drain") {
    if (enough || reclaimS !== undefined || !registered) stop("not needed any more");
    return;
  }
  const stopS = (reclaimS ?? Infinity) - marginS;
  if (registered) {
    const lastRequestS = stopS - drainMaxS;
    if (!enough && view.nowS < lastRequestS) {
      if (lastRequestS < Infinity) act.wakeAt(lastRequestS);
      return;
    }
    act.note(enough ? "not needed any more" : "no more time than its requests may take");
    act.deregister(instance);
  }
  const untilS = Math.min(stopS, instance.deregisteredS! + drainMaxS);
  if (instance.drained) {
    tally.drained++;
    stop("drained");
  } else if (view.nowS >= untilS) {
    tally.cutShort++;
    stop("no time left to drain");
  } else {
    act.wakeAt(untilS);
  }
}

function judge(view: FleetView, service: ServiceView, memory: FailoverMemory): void {
  const { nowS } = view;
  const { tally } = memory;
  const open = memory.open.filter((each) => each.service === service.id);
  const replicaOf = ({ instance }: OpenFailover) =>
    service.placements.find(({ instances }) => instances[0]!.id === instance)?.instances[0];
  for (const each of open) {
    const replica = replicaOf(each);
    if (replica === undefined || replica.deregisteredS !== undefined) each.goneS ??= nowS;
  }
  const lasting = open.filter(({ over }) => !over);
  const missing = Math.max(0, service.replicasWanted - replicasThat(service, serves));
  for (const [i, each] of lasting.entries()) {
    const { sinceS, goneS } = each;
    if (i < lasting.length - missing) {
      each.over = true;
      tally[sinceS === nowS ? "covered" : goneS === null || goneS === nowS ? "inTime" : "late"]++;
      tally.gapS += nowS - (goneS ?? nowS);
    } else if (goneS !== null && nowS - goneS >= GIVE_UP_S) {
      each.over = true;
      tally.notReplaced++;
    }
  }
  memory.open = memory.open.filter(
    (each) => each.service !== service.id || !each.over || replicaOf(each) !== undefined,
  );
}
