import type { RunRecord } from "../record.ts";
import { byUnit } from "./units.ts";

/** A study's records by what they are for: policies are ranked on `explore`; `confirm` says whether that holds where nobody looked. */
export interface Split {
  readonly explore: readonly RunRecord[];
  readonly confirm: readonly RunRecord[];
}

/**
 * Keeps the last units of each point of a sweep apart: the latest stretches of a trace, as a policy that is chosen today must hold
 * tomorrow.
 * @param share of the units, rounded, at least one and not all; 0: none.
 * @example keptApart(records of 12 units, 1 / 3).confirm // those of the last 4
 */
export function keptApart(records: readonly RunRecord[], share: number): Split {
  if (share === 0) return { explore: records, confirm: [] };
  const points = Map.groupBy(records, ({ spec }) => JSON.stringify(spec.axes));
  const late = new Set<RunRecord>();
  for (const point of points.values()) {
    const units = byUnit(point);
    const count = Math.min(units.length - 1, Math.max(1, Math.round(share * units.length)));
    for (const [, ofUnit] of units.slice(units.length - count)) for (const record of ofUnit) late.add(record);
  }
  return {
    explore: records.filter((record) => !late.has(record)),
    confirm: records.filter((record) => late.has(record)),
  };
}
