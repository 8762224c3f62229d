import type { Actions } from "../contract/actions.ts";
import type { FailoverRules, FailoverTally } from "../contract/failover.ts";
import type { FleetView, InstanceView, PlacementView, ServiceView } from "../contract/view.ts";
import { begin, type FailoverMemory, judge } from "./failover-account.ts";
import { moveAway, moveS } from "./move-away.ts";
import { isGoing, replicasThat, serves } from "./replicas-of.ts";
import { balanceStandIns, type StandIns } from "./stand-ins.ts";

/**
 * The failover of services, the same in replay and live: drain, select, spawn, route. Asked after the scheduling policy,
 * level-triggered: all but the names of what happened follows from the view.
 *
 * - **spawn**: a replica under notice counts as gone, so the scheduling policy has replaced it already, where its own rule says.
 * - **select**: while the service has fewer ready replicas than it wants, for whatever reason, spares stand in, all at once by the
 *   assignment strategy; stopped ones are started. They go back once there are enough.
 * - **route**: a replica is registered when it is ready and not itself about to go.
 * - **drain**: a replica that goes is deregistered, its requests finish, move to others or are cut off, and it is stopped, as the rules
 *   say. One with a layout is left to its policy, which moves it.
 *
 * A failover begins with the notice (or the recommendation, or the loss) and ends when the service is no longer short of it: in the
 * same instant (covered), before it took its last request (inTime), after (late), or not for ten minutes (notReplaced).
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
    giveUpWarming(view, act, service);
    begin(view, service, memory);
    for (const { instances } of service.placements) if (mayRoute(instances)) route(act, instances[0]!);
    balanceStandIns(view, act, service, standIns);
    for (const replica of service.placements) {
      if (replica.layout === undefined && isGoing(replica.instances[0]!))
        letGo(view, act, service, replica, rules, memory.tally);
    }
    judge(view, service, memory);
  }
}

function heedRecommendations(act: Actions, service: ServiceView): void {
  for (const { instances } of service.placements) {
    const replica = instances[0]!;
    if (replica.rebalanceS === undefined || isGoing(replica)) continue;
    act.note("the provider recommends to replace it");
    act.drain(replica);
  }
}

/** Long after the slowest start seen, of a 70B model: 277 s (vllm#44881). What has not answered by then hangs. */
const WARM_S_MAX = 1800;

function giveUpWarming(view: FleetView, act: Actions, { placements }: ServiceView): void {
  for (const { instances } of placements) {
    for (const instance of instances) {
      if (instance.status !== "warming" || isGoing(instance)) continue;
      const untilS = instance.runningS! + WARM_S_MAX;
      if (view.nowS < untilS) {
        act.wakeAt(untilS);
      } else {
        act.note("its server never became ready");
        act.terminate(instance);
      }
    }
  }
}

const mayRoute = (replica: readonly InstanceView[]): boolean => {
  const { registered, deregisteredS } = replica[0]!;
  return !registered && deregisteredS === undefined && replica.every(isReadyToStay);
};

const isReadyToStay = (instance: InstanceView): boolean => instance.status === "ready" && !isGoing(instance);

function route(act: Actions, replica: InstanceView): void {
  act.note("ready to take requests");
  act.register(replica);
}

function letGo(
  view: FleetView,
  act: Actions,
  service: ServiceView,
  replica: PlacementView,
  { atNotice, move, drainMaxS, marginS }: FailoverRules,
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
  if (atNotice === "serve" || atNotice === "cut") {
    if (enough || reclaimS !== undefined || !registered) stop("not needed any more");
    return;
  }
  const stopS = (reclaimS ?? Infinity) - marginS;
  if (registered) {
    const needsS = Math.min(drainMaxS, (move && moveS(instance, move)) ?? drainMaxS);
    const lastRequestS = stopS - needsS;
    if (!enough && view.nowS < lastRequestS) {
      if (lastRequestS < Infinity) act.wakeAt(lastRequestS);
      return;
    }
    act.note(enough ? "not needed any more" : "no more time than its requests may take");
    act.deregister(instance);
  }
  if (move !== undefined && !instance.moving && !instance.drained) {
    moveAway(act, service, replica, move, (reclaimS ?? Infinity) - view.nowS, marginS);
  }
  // A move goes on to the end: what is not through by then is read again.
  const untilS = Math.min(move === undefined ? stopS : Infinity, instance.deregisteredS! + drainMaxS);
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
