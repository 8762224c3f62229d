import { z } from "zod";
import { AssignmentSolver } from "../../../policies/assignment/assignment-solver.ts";
import { firstFit } from "../../../policies/assignment/first-fit.ts";
import { globalGreedy } from "../../../policies/assignment/global-greedy.ts";
import { kuhnMunkres } from "../../../policies/assignment/kuhn-munkres.ts";
import { rowGreedy } from "../../../policies/assignment/row-greedy.ts";
import type { AssignmentStrategy } from "../../../policies/contract/assignment.ts";
import type { Assignable, InstanceView } from "../../../policies/contract/view.ts";
import { defineKind } from "../kind.ts";

export const assignmentCompare = defineKind({
  name: "assignment-compare",
  summary: "Total cost of the best and the worst complete matching, and of what the simpler strategies come to.",
  inputs: z.object({
    cost: z
      .array(z.array(z.number()))
      .refine(
        (rows) => rows.every((row) => row.length === rows[0]!.length && row.length >= rows.length),
        "rows must be of equal length, with a column for each row",
      ),
  }),
  params: z.object({}),
  compute: ({ cost }) => ({
    optimal: totalCost(kuhnMunkres, cost),
    worst: -new AssignmentSolver().solve(
      cost.length,
      cost[0]?.length ?? 0,
      Float64Array.from(cost.flat(), (each) => -each),
    ).totalCost,
    firstFit: totalCost(firstFit, cost),
    rowGreedy: totalCost(rowGreedy, cost),
    globalGreedy: totalCost(globalGreedy, cost),
  }),
});

/** What a strategy comes to where each row is a task and each column an instance with one slot. */
function totalCost(strategy: AssignmentStrategy, cost: readonly (readonly number[])[]): number {
  const work = cost.map((_, id) => ({ id, memoryMiB: 0 }) as Assignable);
  const targets = (cost[0] ?? []).map((_, id) => ({ id, freeSlots: 1, freeMemoryMiB: 0 }) as InstanceView);
  const costOf = ({ id: row }: Assignable, { id: column }: InstanceView) => cost[row]![column]!;
  const taken = new Set<InstanceView>();
  let total = 0;
  strategy.assign(
    work,
    targets,
    costOf,
    (task, target) => {
      taken.add(target);
      total += costOf(task, target);
    },
    () => 0,
  );
  if (taken.size !== cost.length) throw new Error(`${strategy.name} placed ${taken.size} of ${cost.length} rows`);
  return total;
}
