import { firstWithRoom } from "./first-fit.ts";
import { inOrder } from "./in-order.ts";

/** The rule of `first-fit` under the name of the seed's orchestrator: the first in order of launch is the earliest. */
export const earliestNode = inOrder(
  {
    name: "earliest-node",
    summary:
      "Each piece of work, in order of arrival, on the instance launched earliest that has room: the rule of first-fit.",
    source:
      "Synkti, `EarliestNode` (synkti-orchestrator, assign.rs); ties by id, instances under notice are no candidates",
  },
  firstWithRoom,
);
