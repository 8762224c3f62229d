import { z } from "zod";
import { AssignmentSolver } from "../../../policies/assignment/assignment-solver.ts";
import { type Computed, defineKind } from "../kind.ts";

/** [work][target] cost; null forbids the pair. */
export const costMatrix = z
  .array(z.array(z.number().nullable()))
  .refine(
    (rows) => rows.every((row) => row.length === rows[0]!.length),
    "rows are of different length; give each as many costs as there are targets",
  );

export const assignment = defineKind({
  name: "assignment",
  summary: "The most pieces of work placed, each on a target of its own, at the least total cost.",
  inputs: z.object({ cost: costMatrix }),
  params: z.object({}),
  compute: ({ cost }) => solved(cost, [...(cost[0] ?? []).keys()]),
});

/**
 * What the solver behind kuhn-munkres comes to, counted and added up on the matrix given, not on what the solver says of itself.
 * @param targetOf target of each column: one that takes several pieces stands there several times.
 * @throws Error where the solver gives a column twice, or a forbidden pair.
 */
export function solved(cost: z.infer<typeof costMatrix>, targetOf: readonly number[]): Computed {
  const costs = cost.flatMap((row) => targetOf.map((target) => row[target] ?? Infinity));
  const { columnOf } = new AssignmentSolver().solve(cost.length, targetOf.length, Float64Array.from(costs));
  const taken = new Set<number>();
  let totalCost = 0;
  for (const [work, column] of columnOf.entries()) {
    if (column === -1) continue;
    const each = cost[work]![targetOf[column]!];
    if (typeof each !== "number" || taken.has(column))
      throw new Error(`work ${work} was given column ${column}, not to be had`);
    taken.add(column);
    totalCost += each;
  }
  return { cardinality: taken.size, totalCost };
}
