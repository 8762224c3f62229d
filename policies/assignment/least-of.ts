import type { Assignable, InstanceView } from "../contract/view.ts";
import type { Room } from "./room.ts";

/**
 * Position of the target with room for which a number is least; -1 when there is none, or the number is Infinity everywhere.
 * Ties go to the instance launched first.
 * @param number of a piece of work, a target, and the slots that the plan has left it
 */
export function leastOf(
  work: Assignable,
  targets: readonly InstanceView[],
  room: Room,
  number: (work: Assignable, target: InstanceView, slots: number) => number,
): number {
  let best = -1;
  let least = Infinity;
  for (let t = room.first; t < targets.length; t++) {
    if (!room.fits(t, work)) continue;
    const each = number(work, targets[t]!, room.slots(t));
    if (each >= least) continue;
    best = t;
    least = each;
  }
  return best;
}
