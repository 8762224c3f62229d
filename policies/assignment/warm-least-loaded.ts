import type { InstanceView, TaskView } from "../contract/view.ts";
import { inOrder } from "./in-order.ts";
import { leastLoadedOf } from "./least-loaded.ts";

export const warmLeastLoaded = inOrder(
  {
    name: "warm-least-loaded",
    summary:
      "Among the instances that hold the work's model the least loaded; where none holds it, the least loaded of all.",
    source: "Synkti, `WarmLeastLoaded` (synkti-orchestrator, assign.rs); ties by id",
    details: ["Warm is what an instance holds in memory: no fact says whose weights are on its local disk."],
  },
  (work, targets, room) => {
    const warm = leastLoadedOf(work, targets, room, isWarm);
    return warm === -1 ? leastLoadedOf(work, targets, room) : warm;
  },
);

const isWarm = (target: InstanceView, work: TaskView): boolean =>
  work.model !== undefined && target.warmModels.includes(work.model);
