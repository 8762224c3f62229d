import type { AssignmentStrategy, PlacementCostS, PlacementLuck } from "../contract/assignment.ts";
import type { Assignable, InstanceView } from "../contract/view.ts";
import { Room } from "./room.ts";

/** Position of the target that a piece of work takes, of those with room for it; -1 when none has. */
export type Choose = (
  work: Assignable,
  targets: readonly InstanceView[],
  room: Room,
  costS: PlacementCostS,
  luck: PlacementLuck,
) => number;

const room = new Room();

/** A strategy that never looks ahead: each piece of work in order of arrival takes the target that `choose` names. */
export const inOrder = (definition: Omit<AssignmentStrategy, "assign">, choose: Choose): AssignmentStrategy => ({
  ...definition,
  assign(work, targets, costS, pair, luck) {
    room.open(targets, work.length);
    for (let i = 0; i < work.length && room.first < targets.length; i++) {
      const t = choose(work[i]!, targets, room, costS, luck);
      if (t === -1) continue;
      room.take(t, work[i]!);
      pair(work[i]!, targets[t]!);
    }
  },
});
