import { inOrder } from "./in-order.ts";
import { loadOf } from "./least-loaded.ts";
import { leastOf } from "./least-of.ts";

export const warmLeastLoaded = inOrder(
  {
    name: "warm-least-loaded",
    summary:
      "Among the instances that hold the work's model the least loaded; where none holds it, the least loaded of all.",
    source: "Synkti, `WarmLeastLoaded` (synkti-orchestrator, assign.rs); ties by id",
    details: ["Warm is what an instance holds in memory: no fact says whose weights are on its local disk."],
  },
  (work, targets, room) => {
    const warm = leastOf(work, targets, room, warmLoadOf);
    return warm === -1 ? leastOf(work, targets, room, loadOf) : warm;
  },
);

const warmLoadOf: typeof loadOf = (work, target, slots) =>
  work.model !== undefined && target.warmModels.includes(work.model) ? loadOf(work, target, slots) : Infinity;
