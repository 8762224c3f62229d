import type { Slice } from "./slices.ts";

const BARS = " ▁▂▃▄▅▆▇█";

/** The mean price of each slice, from the lowest of them to the highest, as bars. */
export function priceLine(slices: readonly Slice[]): string {
  const means = slices.map((slice) => slice.meanUsdPerHour);
  const low = Math.min(...means);
  const range = Math.max(...means) - low;
  return means.map((mean) => BARS[range === 0 ? 4 : 1 + Math.round((7 * (mean - low)) / range)]).join("");
}

/** The share of each slice in which an instance is obtainable, as bars: blank is never, a full bar always. */
export const capacityLine = (slices: readonly Slice[]): string =>
  slices
    // Neither a moment's capacity nor a moment's lack is rounded away.
    .map(
      ({ availability: share }) =>
        BARS[share === 0 ? 0 : share === 1 ? 8 : Math.min(7, Math.max(1, Math.round(8 * share)))],
    )
    .join("");
