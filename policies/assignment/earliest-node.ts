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
    for (const each of work) {
      const t = targets.findIndex((_, target) => room.take(target, each));
      if (t !== -1) pair(each, targets[t]!);
    }
  },
};
