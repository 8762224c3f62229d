import type { AssignmentStrategy } from "../contract/assignment.ts";
import { Room } from "./room.ts";

/** Targets come in id order, which is the order of their launch: the first that fits is the earliest. */
export const earliestNode: AssignmentStrategy = {
  name: "earliest-node",
  summary: "Each piece of work, in order of arrival, on the instance launched first that has room for it.",
  source:
    "Synkti, `EarliestNode` (synkti-orchestrator, assign.rs); ties by id, instances under notice are no candidates",
  assign(work, targets, _costS, pair) {
    if (work.length === 1) {
      // The usual case, without a plan to keep.
      for (let t = 0; t < targets.length; t++) {
        if (targets[t]!.freeSlots < 1 || targets[t]!.freeMemoryMiB < work[0]!.memoryMiB) continue;
        pair(work[0]!, targets[t]!);
        return;
      }
      return;
    }
    const room = new Room(targets);
    let first = 0; // the earliest target with a slot left: those before it need no second look
    for (const each of work) {
      while (first < targets.length && room.slots(first) < 1) first++;
      if (first === targets.length) return;
      let t = first;
      while (t < targets.length && !room.take(t, each)) t++;
      if (t < targets.length) pair(each, targets[t]!);
    }
  },
};
