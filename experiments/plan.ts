import type { Cell } from "./grid.ts";
import type { StoredCell } from "./store.ts";

/** What is to be run, and why. */
export interface Plan {
  readonly pending: readonly Cell[];
  readonly stored: number;
  /** One a policy and reason, in the order of the cells. */
  readonly reasons: readonly { readonly policyId: string; readonly why: string; readonly cells: number }[];
  /** Of the pending cells, on one worker, from how long cells of the same policy took; undefined when none has run yet. */
  readonly estimatedMs: number | undefined;
}

export function planOf(cells: readonly Cell[], stored: ReadonlyMap<string, StoredCell>): Plan {
  const pending = cells.filter(({ key }) => !stored.has(key));
  const formerly = new Map([...stored.values()].map((cell) => [cell.place, cell]));
  const reasons = new Map<string, { policyId: string; why: string; cells: number }>();
  for (const cell of pending) {
    const { policyId } = cell.spec;
    const why = whyAgain(cell, formerly.get(cell.place));
    const reason = reasons.get(`${policyId}\n${why}`) ?? { policyId, why, cells: 0 };
    reason.cells++;
    reasons.set(`${policyId}\n${why}`, reason);
  }
  return {
    pending,
    stored: cells.length - pending.length,
    reasons: [...reasons.values()],
    estimatedMs: estimatedMs(cells, pending, stored, formerly),
  };
}

function whyAgain(cell: Cell, former: StoredCell | undefined): string {
  if (former === undefined) return "never run";
  const changed = Object.keys(cell.parts).filter((part) => cell.parts[part] !== former.parts[part]);
  return changed.length === 0 ? "changed" : `${changed.join(", ")} changed`;
}

function estimatedMs(
  cells: readonly Cell[],
  pending: readonly Cell[],
  stored: ReadonlyMap<string, StoredCell>,
  formerly: ReadonlyMap<string, StoredCell>,
): number | undefined {
  const sums = new Map<string, { ms: number; cells: number }>();
  const learn = (policyId: string, { wallMs }: StoredCell): void => {
    const sum = sums.get(policyId) ?? { ms: 0, cells: 0 };
    sums.set(policyId, { ms: sum.ms + wallMs, cells: sum.cells + 1 });
  };
  for (const { key, place, spec } of cells) {
    const known = stored.get(key) ?? formerly.get(place);
    if (known === undefined) continue;
    learn(spec.policyId, known);
    learn("", known);
  }
  const any = sums.get("");
  if (any === undefined) return undefined;
  return pending.reduce((ms, { spec }) => {
    const mean = sums.get(spec.policyId) ?? any;
    return ms + mean.ms / mean.cells;
  }, 0);
}
