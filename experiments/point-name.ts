import type { SummaryGroup } from "./summary.ts";

/**
 * A point of the sweep in words; empty without a sweep.
 * @example pointName({ "cloud.slotsPerInstance": 4 }) // "cloud.slotsPerInstance = 4"
 */
export const pointName = (axes: SummaryGroup["axes"]): string =>
  Object.entries(axes)
    .map(([axis, value]) => `${axis} = ${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(", ");
