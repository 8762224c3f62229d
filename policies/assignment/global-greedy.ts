import type { AssignmentStrategy } from "../contract/assignment.ts";
import { Room } from "./room.ts";
import { cheapestTarget } from "./row-greedy.ts";

const room = new Room();
let targetOf = new Int32Array(16); // [work] its cheapest target when it was last looked up, -1 once it is placed or fits nowhere
let atLeastS = new Float64Array(16); // [work] what that one costs: as room only shrinks, it can get no less

/**
 * The cheapest pair of all is made first, then the cheapest of what is left; ties go to the work that arrived first, then to
 * the instance launched first. A choice whose target has filled up is looked up again only when its turn has come.
 * O(work x targets + work^2) where targets rarely fill up under a choice.
 */
export const globalGreedy: AssignmentStrategy = {
  name: "global-greedy",
  summary: "The pair of work and instance that costs least first, then the cheapest of what is left.",
  source: "house; the usual greedy of matching, all pairs sorted by cost",
  assign(work, targets, costS, pair, luck) {
    room.open(targets, work.length);
    if (targetOf.length < work.length) {
      targetOf = new Int32Array(2 * work.length);
      atLeastS = new Float64Array(2 * work.length);
    }
    const look = (i: number): void => {
      const t = cheapestTarget(work[i]!, targets, room, costS, luck);
      targetOf[i] = t;
      atLeastS[i] = t === -1 ? Infinity : costS(work[i]!, targets[t]!);
    };
    for (let i = 0; i < work.length; i++) look(i);
    while (room.first < targets.length) {
      let next = -1;
      for (let i = 0; i < work.length; i++) {
        if (targetOf[i] !== -1 && (next === -1 || atLeastS[i]! < atLeastS[next]!)) next = i;
      }
      if (next === -1) return;
      if (room.take(targetOf[next]!, work[next]!)) {
        pair(work[next]!, targets[targetOf[next]!]!);
        targetOf[next] = -1;
      } else {
        look(next);
      }
    }
  },
};
