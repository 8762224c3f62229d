import type { Assignable, InstanceView } from "../contract/view.ts";
import { inOrder } from "./in-order.ts";
import { leastOf } from "./least-of.ts";

/** Share of a target's slots in use, what this plan has put there included. */
export const loadOf = (_work: Assignable, target: InstanceView, slots: number): number =>
  1 - slots / target.market.slots;

export const leastLoaded = inOrder(
  {
    name: "least-loaded",
    summary: "Each piece of work, in order of arrival, on the instance with the smallest share of its slots in use.",
    source: "Synkti, `LeastLoaded` (synkti-orchestrator, assign.rs), load over slots; ties by id",
  },
  (work, targets, room) => leastOf(work, targets, room, loadOf),
);
