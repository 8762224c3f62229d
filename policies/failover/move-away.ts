import type { Actions } from "../contract/actions.ts";
import type { MoveRules } from "../contract/failover.ts";
import type { Seconds } from "../contract/units.ts";
import type { InstanceView, PlacementView, ServiceView } from "../contract/view.ts";
import { serves } from "./replicas-of.ts";

/** How long all that its requests in flight hold takes through its card, in whole seconds; undefined where nobody tells what that is. */
export function moveS({ cachesMiB, networkMiBPerS }: InstanceView, { through }: MoveRules): Seconds | undefined {
  if (cachesMiB === undefined) return undefined;
  return through === "nothing" ? 0 : Math.ceil(cachesMiB / networkMiBPerS);
}

/**
 * What a deregistered replica has in flight goes over to those that serve; to storage where there is none. In full, in part or not at
 * all, by the share of its caches that passes its card in the time left.
 * Source: the thresholds of Synkti's checkpoint planner (synkti-simulation, checkpoint.rs), with the time that is left.
 */
export function moveAway(
  act: Actions,
  service: ServiceView,
  replica: PlacementView,
  { fullFrom, partialFrom, otherwise, through }: MoveRules,
  leftS: Seconds,
  marginS: Seconds,
): void {
  const { cachesMiB = 0, networkMiBPerS } = replica.instances[0]!;
  const inTime = (timeS: Seconds) => (cachesMiB > 0 ? (Math.max(0, timeS) * networkMiBPerS) / cachesMiB : Infinity);
  const fits = inTime(leftS);
  if (through === "nothing") {
    act.note("others read again what it has in flight");
    act.move([replica], [], "kv", 0);
  } else if (fits < partialFrom) {
    act.note("too little of its caches can be moved in the time left");
    if (otherwise === "restart") act.move([replica], [], "restart");
    else act.move([replica], [], "kv", 0);
  } else {
    const to = service.placements.filter(({ instances }) => serves(instances[0]!));
    const toStorage = through === "storage" || to.length === 0;
    const isAll = fits >= fullFrom;
    act.note(isAll ? "its caches can be moved in the time left" : "a part of its caches can be moved in the time left");
    act.move([replica], toStorage ? [] : to, toStorage ? "checkpoint" : "kv", isAll ? 1 : inTime(leftS - marginS));
  }
}
