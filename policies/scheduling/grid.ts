import type { Seconds } from "../contract/units.ts";

// With asks on a grid, the last safe moment is a point of the grid: time left is rounded down to it, time needed up. Where
// nothing is polled everyS is undefined, and nothing is rounded.

/** @example floorTo(1_250, 600) // 1200 */
export const floorTo = (timeS: Seconds, everyS: Seconds | undefined): Seconds =>
  everyS === undefined ? timeS : Math.floor(timeS / everyS) * everyS;

/** @example ceilTo(1_250, 600) // 1800 */
export const ceilTo = (timeS: Seconds, everyS: Seconds | undefined): Seconds =>
  everyS === undefined ? timeS : Math.ceil(timeS / everyS) * everyS;
