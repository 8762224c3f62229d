export type Matrix = readonly (readonly number[])[];

/** Best (most pairs, then least cost) over all assignments, by trying them all. */
export function bruteForce(cost: Matrix): { cardinality: number; totalCost: number } {
  const columns = cost[0]?.length ?? 0;
  const used = new Array<boolean>(columns).fill(false);
  const visit = (row: number): { cardinality: number; totalCost: number } => {
    if (row === cost.length) return { cardinality: 0, totalCost: 0 };
    let best = visit(row + 1);
    for (let column = 0; column < columns; column++) {
      const each = cost[row]![column]!;
      if (used[column] || each === Infinity) continue;
      used[column] = true;
      const rest = visit(row + 1);
      used[column] = false;
      const found = { cardinality: rest.cardinality + 1, totalCost: rest.totalCost + each };
      if (
        found.cardinality > best.cardinality ||
        (found.cardinality === best.cardinality && found.totalCost < best.totalCost)
      ) {
        best = found;
      }
    }
    return best;
  };
  return visit(0);
}
