import type { AssignmentStrategy } from "../contract/assignment.ts";
import type { InstanceView, TaskView } from "../contract/view.ts";
import { Room } from "./room.ts";

/** Load is the share of slots in use, counting what this plan has put there already. */
export const warmLeastLoaded: AssignmentStrategy = {
  name: "warm-least-loaded",
  summary:
    "Among the instances that hold the work's model the least loaded; where none holds it, the least loaded of all.",
  source: "Synkti, `WarmLeastLoaded` (synkti-orchestrator, assign.rs); ties by id",
  assign(work, targets, _costS, pair) {
    const room = new Room(targets);
    for (const each of work) {
      if (room.full) return;
      let best = -1;
      let bestWarm = false;
      let bestLoad = Infinity;
      for (const [t, target] of targets.entries()) {
        if (!room.fits(t, each)) continue;
        const warm = isWarm(target, each);
        if (bestWarm && !warm) continue;
        const load = 1 - room.slots(t) / target.market.slots;
        if (warm === bestWarm && load >= bestLoad) continue;
        best = t;
        bestWarm = warm;
        bestLoad = load;
      }
      if (best === -1) continue;
      room.take(best, each);
      pair(each, targets[best]!);
    }
  },
};

const isWarm = (target: InstanceView, work: TaskView): boolean =>
  work.model !== undefined && target.warmModels.includes(work.model);
