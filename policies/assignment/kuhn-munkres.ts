import type { AssignmentStrategy } from "../contract/assignment.ts";
import type { Assignable, InstanceView } from "../contract/view.ts";
import { AssignmentSolver } from "./assignment-solver.ts";
import { Room } from "./room.ts";
import { cheapestTarget } from "./row-greedy.ts";

const room = new Room();
const solver = new AssignmentSolver();
let costs = new Float64Array(256);

/** A target stands in the matrix once for each free slot. */
export const kuhnMunkres: AssignmentStrategy = {
  name: "kuhn-munkres",
  summary: "The most pieces of work placed, at the least total of seconds until they run.",
  source: "Kuhn 1955, Munkres 1957; shortest augmenting paths: Jonker and Volgenant, Computing 38, 1987",
  details: [
    "Exact when no instance runs out of memory before it runs out of slots. Memory shared by several pieces of different size is a generalised assignment, which is NP-hard: then pairs that overflow an instance are dropped, the largest work first served, and what is left is solved again with the room that remains.",
    "On identical instances every complete matching costs the same, and nothing is won over first-fit. It matters where preferences conflict: state or weights that are near, memory, zones.",
  ],
  assign(work, targets, costS, pair, luck) {
    room.open(targets, work.length);
    if (work.length === 1) {
      // The usual case: the least cost of one row.
      const t = cheapestTarget(work[0]!, targets, room, costS, luck);
      if (t !== -1) pair(work[0]!, targets[t]!);
      return;
    }
    let left: readonly Assignable[] = work;
    while (left.length > 0) {
      const slots: number[] = []; // [column] position of its target
      for (let t = 0; t < targets.length; t++) for (let s = 0; s < room.slots(t); s++) slots.push(t);
      const rows = left.length;
      const columns = slots.length;
      if (columns === 0) return;
      if (costs.length < rows * columns) costs = new Float64Array(2 * rows * columns);
      for (let row = 0, at = 0; row < rows; row++) {
        for (let column = 0; column < columns; column++, at++) {
          const t = slots[column]!;
          costs[at] = room.fits(t, left[row]!) ? costS(left[row]!, targets[t]!) : Infinity;
        }
      }
      const { cardinality, columnOf } = solver.solve(rows, columns, costs);
      if (cardinality === 0) return;
      const chosen: { work: Assignable; target: InstanceView; t: number }[] = [];
      for (let row = 0; row < rows; row++) {
        const column = columnOf[row]!;
        if (column !== -1) chosen.push({ work: left[row]!, target: targets[slots[column]!]!, t: slots[column]! });
      }
      chosen.sort((a, b) => b.work.memoryMiB - a.work.memoryMiB || a.work.id - b.work.id);
      const placed = new Set<Assignable>();
      for (const each of chosen) {
        if (!room.take(each.t, each.work)) continue;
        placed.add(each.work);
        pair(each.work, each.target);
      }
      left = left.filter((each) => !placed.has(each));
    }
  },
};
