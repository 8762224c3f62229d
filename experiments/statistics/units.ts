import type { RunRecord } from "../record.ts";
import { StatisticsError } from "./statistics-error.ts";

export type Metrics = Readonly<Record<string, number>>;

/** Unit of inference -> every metric's mean over the unit's replicates, in the order of the study. */
export type Units = ReadonlyMap<string, Metrics>;

/**
 * Replicates averaged inside their unit. A unit of which a replicate failed or is missing is left out: the mean of the others
 * would be one of easier luck. A metric that a replicate has no value for (a completion time where nothing completed) is
 * left out of its unit for the same reason.
 *
 * @param records of one policy at one point of the sweep. @param replicates how many a whole unit has.
 * @throws StatisticsError for a metric that is no finite number.
 */
export function unitsOf(records: readonly RunRecord[], replicates: number): Units {
  const units = new Map<string, Metrics>();
  for (const [unit, cells] of byUnit(records)) {
    const done = cells.flatMap((record) => (record.ok ? [record] : []));
    if (done.length < Math.max(replicates, cells.length)) continue;
    // In one order, whatever order the records came in: a sum depends on it in its last digit.
    done.sort((a, b) => a.spec.replicate - b.spec.replicate || (a.spec.trace < b.spec.trace ? -1 : 1));
    const [only] = done;
    if (done.length === 1) {
      for (const [name, value] of Object.entries(only!.metrics)) finite(value, name, only!.key);
      units.set(unit, only!.metrics);
      continue;
    }
    const means: Record<string, number> = {};
    for (const name of Object.keys(done[0]!.metrics)) {
      const values = done.flatMap(({ key, metrics }) => (name in metrics ? [finite(metrics[name], name, key)] : []));
      if (values.length === done.length) means[name] = values.reduce((sum, value) => sum + value, 0) / values.length;
    }
    units.set(unit, means);
  }
  return units;
}

/** In the order of the study: stretches of a trace in time, seeds by their number. */
export function byUnit(records: readonly RunRecord[]): [unit: string, records: RunRecord[]][] {
  const fromS = (cells: readonly RunRecord[]) => Math.min(...cells.map(({ spec }) => spec.fromS));
  return [...Map.groupBy(records, ({ spec }) => spec.unit)]
    .map(([unit, cells]) => ({ unit, cells, fromS: fromS(cells) }))
    .sort((a, b) => a.fromS - b.fromS || a.unit.length - b.unit.length || (a.unit < b.unit ? -1 : 1))
    .map(({ unit, cells }) => [unit, cells]);
}

function finite(value: number | undefined, metric: string, cell: string): number {
  if (Number.isFinite(value)) return value!;
  throw new StatisticsError(
    `cell ${cell}: metric ${metric} is ${value}, expected a finite number; run that cell again with --fresh`,
  );
}
