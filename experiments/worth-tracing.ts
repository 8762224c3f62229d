import type { Cell } from "./grid.ts";
import type { StoredCell } from "./store.ts";
import type { Summary } from "./summary.ts";

/** A cell to be run again with everything recorded, and what it must do again. */
export interface Traced {
  readonly cell: Cell;
  readonly fingerprint: string;
}

/**
 * The best policy and the baseline (the next best, where the baseline is best itself) on the same luck: what a reader wants to see.
 * At the first point of the sweep, on the run whose difference in the primary metric is nearest to the mean of all runs that both
 * have done, so that it is neither the prettiest nor the first that came.
 */
export function worthTracing(
  cells: readonly Cell[],
  stored: ReadonlyMap<string, StoredCell>,
  { groups, baseline, primaryMetric }: Summary,
): readonly Traced[] {
  const [first] = groups;
  const ranking = first?.policies.map(({ policyId }) => policyId) ?? [];
  const [best] = ranking;
  const wanted = [best, best === baseline ? ranking[1] : baseline].filter((id) => id !== undefined);
  const here = cells.filter(({ spec }) => JSON.stringify(spec.axes) === JSON.stringify(first?.axes));
  const places = Map.groupBy(here, ({ spec }) => JSON.stringify([spec.trace, spec.unit, spec.replicate]));
  const sides = [...places.values()].flatMap((of) => {
    const side = wanted.flatMap((id) => {
      const cell = of.find(({ spec, key }) => spec.policyId === id && stored.has(key));
      return cell === undefined ? [] : [{ cell, result: stored.get(cell.key)!.result }];
    });
    if (side.length < wanted.length) return [];
    const [ours, other] = side.map(({ result }) => result.metrics[primaryMetric] ?? Number.NaN);
    return [{ side, difference: (ours ?? 0) - (other ?? 0) }];
  });
  const known = sides.filter(({ difference }) => Number.isFinite(difference));
  const mean = known.reduce((sum, { difference }) => sum + difference, 0) / known.length;
  const distance = ({ difference }: { readonly difference: number }) => Math.abs(difference - mean);
  const [typical = sides[0]] = known.toSorted((a, b) => distance(a) - distance(b));
  return typical?.side.map(({ cell, result }) => ({ cell, fingerprint: result.fingerprint })) ?? [];
}
