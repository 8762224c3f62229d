import type { InstanceView, TaskView } from "../contract/view.ts";
import { inOrder } from "./in-order.ts";
import type { Room } from "./room.ts";

/**
 * The target with the smallest share of its slots in use, among those with room that `admits` lets through; ties go to the
 * instance launched first, and -1 means none. What this plan has put there counts already.
 */
export function leastLoadedOf(
  work: TaskView,
  targets: readonly InstanceView[],
  room: Room,
  admits?: (target: InstanceView, work: TaskView) => boolean,
): number {
  let best = -1;
  let bestLoad = Infinity;
  for (let t = room.first; t < targets.length; t++) {
    if (!room.fits(t, work) || admits?.(targets[t]!, work) === false) continue;
    const load = 1 - room.slots(t) / targets[t]!.market.slots;
    if (load >= bestLoad) continue;
    best = t;
    bestLoad = load;
  }
  return best;
}

export const leastLoaded = inOrder(
  {
    name: "least-loaded",
    summary: "Each piece of work, in order of arrival, on the instance with the smallest share of its slots in use.",
    source: "Synkti, `LeastLoaded` (synkti-orchestrator, assign.rs), load over slots; ties by id",
  },
  (work, targets, room) => leastLoadedOf(work, targets, room),
);
